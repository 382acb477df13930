// Reads of a folder's items. Queries and batch reads may see transactions half applied; what they show is proven by whoever
// uses it: writers by the conditions of their transaction, readers by log and digest (folder-snapshot.ts).

import type { FolderId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { Conflict, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import { type LogEntry, logEntry } from './change-log.ts'
import { changeKey, changeSk, folderKey, folderPk, messageKey } from './keys.ts'
import { type FolderRecord, folderRecord, type MessageRecord, messageRecord } from './records.ts'

/** Rounds of reading before something that never stands still is a temporary failure. */
export const ROUNDS_MAX = 60
/** Pause after one round of many. */
export const roundPauseMs = (round: number) => 5 * Math.min(round, 20)

export async function readFolder(table: Table, name: FolderRef): Promise<FolderRecord | undefined> {
  const item = await table.get(folderKey(name.accountId, name.id), { consistent: true })
  return item && folderRecord(item)
}

/** Those of the messages that exist, in the order asked for. */
export async function readMessages(
  table: Table,
  folderId: FolderId,
  uids: readonly Uid[],
): Promise<readonly MessageRecord[]> {
  const items = await readMessageItems(table, folderId, uids)
  const messages: MessageRecord[] = []
  for (const item of items) {
    if (item === undefined) continue
    messages.push(messageRecord(item))
    // Of a large folder these can be all messages.
    const wait = turns.step()
    if (wait) await wait
  }
  return messages
}

export function readMessageItems(
  table: Table,
  folderId: FolderId,
  uids: readonly Uid[],
): Promise<readonly (Item | undefined)[]> {
  return table.batchGet(
    uids.map((uid) => messageKey(folderId, uid)),
    { consistent: true },
  )
}

/** Every message by ascending uid, page by page. */
export async function* allMessages(
  table: Table,
  folderId: FolderId,
): AsyncGenerator<readonly Item[]> {
  let after: string | undefined
  do {
    const page = await table.query({
      pk: folderPk(folderId),
      sk: { prefix: 'M#' },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    yield page.items
    after = page.next
  } while (after !== undefined)
}

/**
 * Log entries above `since` up to `upTo`, one for each modseq. Entries a query did not show are confirmed with a
 * transactional read; undefined when they are truly gone (older than the log is kept). Those up to `optionalUpTo` are
 * wanted where they are there.
 */
export async function readLog(
  deps: { readonly table: Table; readonly clock: Clock },
  folderId: FolderId,
  since: ModSeq,
  upTo: ModSeq,
  optionalUpTo: ModSeq = since,
): Promise<readonly LogEntry[] | undefined> {
  const found = new Map<ModSeq, LogEntry>()
  let after: string | undefined
  do {
    const page = await deps.table.query({
      pk: folderPk(folderId),
      sk: { from: changeSk(since + 1), to: changeSk(upTo) },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    for (const item of page.items) {
      const change = logEntry(item)
      found.set(change.modSeq, change)
    }
    after = page.next
  } while (after !== undefined)
  const changes: LogEntry[] = []
  for (let modSeq = (since + 1) as ModSeq; modSeq <= upTo; modSeq++) {
    const seen = found.get(modSeq)
    if (seen === undefined && modSeq <= optionalUpTo) continue
    const change = seen ?? (await confirmEntry(deps, folderId, modSeq))
    if (change === undefined) return undefined
    changes.push(change)
  }
  return changes
}

async function confirmEntry(
  deps: { readonly table: Table; readonly clock: Clock },
  folderId: FolderId,
  modSeq: ModSeq,
): Promise<LogEntry | undefined> {
  const [item] = await readTogether(deps, [changeKey(folderId, modSeq)])
  return item && logEntry(item)
}

/** transactGet that waits while other transactions hold the items. */
export async function readTogether(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  keys: readonly Key[],
): Promise<readonly (Item | undefined)[]> {
  for (let round = 0; ; round++) {
    try {
      return await table.transactGet(keys)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (round === ROUNDS_MAX) {
        throw new TemporaryFailure('items do not stand still', { cause: error })
      }
      await clock.sleep(roundPauseMs(round))
    }
  }
}
