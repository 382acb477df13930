// What one reader knows of a folder: all messages as of one modseq. It advances only along the change log and only when the
// folder digest proves that the state really existed, whatever half-applied transactions the queries saw on the way
// (docs/ARCHITECTURE.md, "Reader rule").

import type { FolderId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Conflict, type Item, type Table, TRANSACT_ITEMS_MAX } from '#shared/storage/ports.ts'
import { type Change, changeRecord } from './change-log.ts'
import { addDigest, messageDigest, subtractDigest } from './digest.ts'
import { changeKey, changeSk, folderKey, folderPk, messageKey } from './keys.ts'
import { type FolderRecord, folderRecord, type MessageRecord, messageRecord } from './records.ts'

type Deps = { readonly table: Table; readonly clock: Clock }

export type FolderView = {
  readonly folder: FolderRecord
  /** By ascending uid. */
  readonly messages: ReadonlyMap<Uid, MessageRecord>
}

/** Rounds of reading before a folder that never stands still is a temporary failure. */
const ROUNDS_MAX = 60
const pauseMs = 5
/** Log entries before the first read that are checked too: their transactions may still have been half applied. */
const LOG_SLACK = 32

/** Reads the whole folder; undefined when there is no such folder. */
export async function openView(deps: Deps, name: FolderRef): Promise<FolderView | undefined> {
  let slack = LOG_SLACK
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = await readFolder(deps.table, name)
    if (before === undefined) return undefined
    const messages = await readMessages(deps.table, name.id)
    let folder = await readFolder(deps.table, name)
    if (folder === undefined) return undefined
    if (proves(folder, messages)) return { folder, messages }
    // Something changed while we read, or a transaction was seen half: read what the log names again.
    const since = Math.max(1, before.modSeq - slack) as ModSeq
    folder = await repair(deps, name, messages, since, folder)
    if (folder !== undefined && proves(folder, messages)) {
      return { folder, messages: inUidOrder(messages) }
    }
    slack *= 4
    await deps.clock.sleep(pauseMs * Math.min(round, 20))
  }
  throw new TemporaryFailure(`folder ${name.id} does not stand still`)
}

export type Advanced =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'advanced'; readonly view: FolderView; readonly changes: readonly Change[] }
  /** The log no longer reaches back to the view: open a new one. */
  | { readonly kind: 'horizon' }
  | { readonly kind: 'gone' }

/** The newest state that can be proven, and the changes that lead there; every modseq in between is among them. */
export async function advanceView(
  deps: Deps,
  name: FolderRef,
  view: FolderView,
): Promise<Advanced> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const folder = await readFolder(deps.table, name)
    if (folder === undefined) return { kind: 'gone' }
    if (folder.modSeq === view.folder.modSeq) return { kind: 'unchanged' }
    const changes = await readChanges(deps, name, view.folder.modSeq, folder.modSeq)
    if (changes === undefined) return { kind: 'horizon' }
    const messages = new Map(view.messages)
    const touched = [...new Set(changes.flatMap((change) => change.uids))]
    await refresh(deps.table, name.id, messages, touched)
    if (proves(folder, messages)) {
      return { kind: 'advanced', view: { folder, messages: inUidOrder(messages) }, changes }
    }
    await deps.clock.sleep(pauseMs * Math.min(round, 20))
  }
  throw new TemporaryFailure(`folder ${name.id} does not stand still`)
}

/**
 * Log entries above `since` up to `upTo`, one for each modseq. Entries a query did not show are confirmed with a
 * transactional read; undefined when they are truly gone (older than the log is kept).
 */
export async function readChanges(
  deps: Deps,
  name: FolderRef,
  since: ModSeq,
  upTo: ModSeq,
): Promise<readonly Change[] | undefined> {
  const found = new Map<ModSeq, Change>()
  let after: string | undefined
  do {
    const page = await deps.table.query({
      pk: folderPk(name.id),
      sk: { from: changeSk(since + 1), to: changeSk(upTo) },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    for (const item of page.items) {
      const change = changeRecord(item)
      found.set(change.modSeq, change)
    }
    after = page.next
  } while (after !== undefined)
  const changes: Change[] = []
  for (let modSeq = (since + 1) as ModSeq; modSeq <= upTo; modSeq++) {
    const change = found.get(modSeq) ?? (await confirmChange(deps, name, modSeq))
    if (change === undefined) return undefined
    changes.push(change)
  }
  return changes
}

async function confirmChange(
  deps: Deps,
  name: FolderRef,
  modSeq: ModSeq,
): Promise<Change | undefined> {
  const [item] = await snapshotOf(deps, [changeKey(name.id, modSeq)])
  return item && changeRecord(item)
}

/** transactGet that waits while other transactions hold the items. */
async function snapshotOf(deps: Deps, keys: readonly { pk: string; sk: string }[]) {
  for (let round = 0; ; round++) {
    try {
      return await deps.table.transactGet(keys)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (round === ROUNDS_MAX)
        throw new TemporaryFailure('items do not stand still', { cause: error })
      await deps.clock.sleep(pauseMs * round)
    }
  }
}

/** Brings `messages` to one state with the folder by re-reading what the log names; returns that state's folder. */
async function repair(
  deps: Deps,
  name: FolderRef,
  messages: Map<Uid, MessageRecord>,
  since: ModSeq,
  folder: FolderRecord,
): Promise<FolderRecord | undefined> {
  const changes = await readChanges(deps, name, since, folder.modSeq)
  if (changes === undefined) return undefined
  const touched = [...new Set(changes.flatMap((change) => change.uids))]
  const room = TRANSACT_ITEMS_MAX - 1
  if (touched.length > room) {
    await refresh(deps.table, name.id, messages, touched)
    return readFolder(deps.table, name)
  }
  const keys = touched.map((uid) => messageKey(name.id, uid))
  const [current, ...items] = await snapshotOf(deps, [folderKey(name.accountId, name.id), ...keys])
  apply(messages, touched, items)
  return current && folderRecord(current)
}

async function refresh(
  table: Table,
  folderId: FolderId,
  messages: Map<Uid, MessageRecord>,
  uids: readonly Uid[],
): Promise<void> {
  const keys = uids.map((uid) => messageKey(folderId, uid))
  apply(messages, uids, await table.batchGet(keys, { consistent: true }))
}

function apply(
  messages: Map<Uid, MessageRecord>,
  uids: readonly Uid[],
  items: readonly (Item | undefined)[],
): void {
  for (const [i, uid] of uids.entries()) {
    const item = items[i]
    if (item === undefined) messages.delete(uid)
    else messages.set(uid, messageRecord(item))
  }
}

/** Whether the messages are exactly the folder's at its modseq. */
function proves(folder: FolderRecord, messages: ReadonlyMap<Uid, MessageRecord>): boolean {
  if (messages.size !== folder.exists) return false
  let digest = 0
  for (const { uid, modSeq } of messages.values()) {
    digest = addDigest(digest, messageDigest(uid, modSeq))
  }
  return subtractDigest(digest, folder.digest) === 0
}

function inUidOrder(messages: Map<Uid, MessageRecord>): Map<Uid, MessageRecord> {
  return new Map([...messages].sort(([a], [b]) => a - b))
}

export async function readFolder(table: Table, name: FolderRef): Promise<FolderRecord | undefined> {
  const item = await table.get(folderKey(name.accountId, name.id), { consistent: true })
  return item && folderRecord(item)
}

async function readMessages(table: Table, folderId: FolderId): Promise<Map<Uid, MessageRecord>> {
  const messages = new Map<Uid, MessageRecord>()
  let after: string | undefined
  do {
    const page = await table.query({
      pk: folderPk(folderId),
      sk: { prefix: 'M#' },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    for (const item of page.items) {
      const record = messageRecord(item)
      messages.set(record.uid, record)
    }
    after = page.next
  } while (after !== undefined)
  return messages
}
