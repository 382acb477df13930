// Changes to messages that are there: flags and removal. Both run in chunks, each one transaction with one modseq and one
// log entry; what was removed by somebody else in the meantime is passed over.

import type { FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import { release } from './blob-references.ts'
import {
  changeFlags,
  DELETED,
  type FlagChange,
  flagSet,
  KEYWORDS_MAX,
  KEYWORDS_PER_FOLDER_MAX,
  sameFlags,
} from './flags.ts'
import { FolderEdit } from './folder-edit.ts'
import { readFolder, readMessages } from './folder-reading.ts'
import { folderTopic } from './keys.ts'
import type { Mailbox, Stored } from './port.ts'
import type { FolderRecord, MessageRecord } from './records.ts'
import { usageWrites } from './usage.ts'
import type { Writers } from './writers.ts'

/** Messages of one STORE transaction, next to the folder and the log entry. */
export const STORE_BATCH_MAX = 98
/** Messages of one EXPUNGE transaction: each also writes its blob; and USAGE. */
export const EXPUNGE_BATCH_MAX = 48

export function createChange(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
}): Pick<Mailbox, 'storeFlags' | 'expunge'> {
  const { table, signals, clock, writers } = deps

  async function storeFlags(
    folder: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
    { unchangedSince = Number.POSITIVE_INFINITY }: { readonly unchangedSince?: number } = {},
  ): Promise<Stored> {
    const messages: MessageRecord[] = []
    const modified: Uid[] = []
    for (const chunk of chunks(uids, STORE_BATCH_MAX)) {
      const stored = await writers.change([folder], () =>
        storeChunk(folder, chunk, change, unchangedSince),
      )
      if (stored.kind !== 'stored') return stored
      messages.push(...stored.messages)
      modified.push(...stored.modified)
    }
    return { kind: 'stored', messages, modified }
  }

  async function storeChunk(
    name: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
    unchangedSince: number,
  ): Promise<Stored> {
    const folder = await readFolder(table, name)
    if (!folder?.selectable) return { kind: 'no-such-folder' }
    const found = await readMessages(table, name.id, uids)
    const modified = found.filter((message) => message.modSeq > unchangedSince)
    const messages = found.filter((message) => message.modSeq <= unchangedSince)
    if (!hasRoom(folder, change)) return { kind: 'too-many-keywords' }
    const edit = new FolderEdit(folder, clock.now())
    let edited = false
    const now: MessageRecord[] = []
    for (const message of messages) {
      const flags = changeFlags(message.flags, change)
      if (flags.keywords.length > KEYWORDS_MAX) return { kind: 'too-many-keywords' }
      const same = sameFlags(flags, message.flags)
      edited ||= !same
      now.push(same ? message : edit.setFlags(message, flags))
    }
    if (edited) await commit(folder, edit)
    return { kind: 'stored', messages: now, modified: modified.map(({ uid }) => uid) }
  }

  /**
   * Returns the uids that were removed. With `deletedOnly` a message that lost its \Deleted flag in the meantime stays
   * (RFC 9051 §6.4.3).
   */
  async function expunge(
    folder: FolderRef,
    uids: readonly Uid[],
    options: { readonly deletedOnly?: boolean } = {},
  ): Promise<readonly Uid[]> {
    const removed: Uid[] = []
    for (const chunk of chunks(uids, EXPUNGE_BATCH_MAX)) {
      removed.push(...(await writers.change([folder], () => expungeChunk(folder, chunk, options))))
    }
    return removed
  }

  async function expungeChunk(
    name: FolderRef,
    uids: readonly Uid[],
    { deletedOnly = false }: { readonly deletedOnly?: boolean },
  ): Promise<readonly Uid[]> {
    // A folder that is being removed is emptied here too.
    const folder = await readFolder(table, name)
    if (folder === undefined) return []
    const found = await readMessages(table, name.id, uids)
    const messages = deletedOnly ? found.filter(({ flags }) => flags.bits & DELETED) : found
    if (messages.length === 0) return []
    const nowMs = clock.now()
    const edit = new FolderEdit(folder, nowMs)
    for (const message of messages) edit.remove(message)
    await commit(folder, edit, await release(table, messages, nowMs))
    return messages.map((message) => message.uid)
  }

  async function commit(
    folder: FolderRecord,
    edit: FolderEdit,
    blobs: Awaited<ReturnType<typeof release>> = [],
  ): Promise<ModSeq> {
    const { modSeq, writes, growth } = edit.finish()
    await table.transact([...writes, ...blobs, ...usageWrites(folder.accountId, growth)])
    signals.publish(folderTopic(folder.id), String(modSeq))
    return modSeq
  }

  return { storeFlags, expunge }
}

/** Whether the folder has room for the keywords that are given to its messages. */
function hasRoom(folder: FolderRecord, { mode, flags, scope }: FlagChange): boolean {
  if (mode === 'remove' || scope?.keywords === false) return true
  const known = new Set(folder.keywords.map((keyword) => keyword.toLowerCase()))
  for (const keyword of flagSet(flags).keywords) known.add(keyword.toLowerCase())
  return known.size <= KEYWORDS_PER_FOLDER_MAX
}

export function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size)
}
