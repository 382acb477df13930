// All messages of one folder as of one modseq. A snapshot is loaded in several reads and advances only along the change log,
// and both only when count and digest prove that the state really existed, whatever half-applied transactions the reads saw
// on the way (docs/ARCHITECTURE.md, "Reader rule").

import type { FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { type Table, TRANSACT_ITEMS_MAX } from '#shared/storage/ports.ts'
import type { LogEntry } from './change-log.ts'
import { addDigest, messageDigest, subtractDigest } from './digest.ts'
import {
  allMessages,
  ROUNDS_MAX,
  readFolder,
  readLog,
  readMessages,
  readTogether,
  roundPauseMs,
} from './folder-reading.ts'
import { folderKey, messageKey } from './keys.ts'
import { MessageColumns } from './message-columns.ts'
import type { Difference } from './port.ts'
import { type FolderRecord, folderRecord, type MessageRecord, messageRecord } from './records.ts'

type Deps = { readonly table: Table; readonly clock: Clock }

export type Snapshot = { readonly folder: FolderRecord; readonly messages: MessageColumns }

/** Log entries before the first read that are checked too: their transactions may still have been half applied. */
const LOG_SLACK = 32
/** Changes to catch up with; a snapshot that is further behind is loaded anew. */
export const ADVANCE_CHANGES_MAX = 2_000
/** Messages changed without a turn for others. */
const APPLIED_AT_ONCE_MAX = 5_000

/** Reads the whole folder, removed or not; undefined when there is no such folder. */
export async function loadSnapshot(deps: Deps, name: FolderRef): Promise<Snapshot | undefined> {
  let slack = LOG_SLACK
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = await readFolder(deps.table, name)
    if (before === undefined) return undefined
    const messages = new MessageColumns(before.exists)
    for await (const items of allMessages(deps.table, name.id)) {
      for (const item of items) messages.put(messageRecord(item))
    }
    let folder = await readFolder(deps.table, name)
    if (folder === undefined) return undefined
    if (proves(folder, messages)) return { folder, messages }
    // Something changed while we read, or a transaction was seen half: read what the log names again.
    folder = await repair(deps, { before, messages, slack }, folder)
    if (folder !== undefined && proves(folder, messages)) return { folder, messages }
    slack *= 4
    await deps.clock.sleep(roundPauseMs(round))
  }
  throw new TemporaryFailure(`folder ${name.id} does not stand still`)
}

export type Advanced =
  /** The folder item may still be another: names and counters are part of it. */
  | { readonly kind: 'unchanged'; readonly folder: FolderRecord }
  | {
      readonly kind: 'advanced'
      readonly folder: FolderRecord
      /** The same as before, or a copy. */
      readonly messages: MessageColumns
      readonly difference: Difference
    }
  /** Too far behind, or behind the log's horizon: to be loaded anew. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'gone' }

/** The newest state that can be proven. Never seen half applied: few changes are made in one go, many to a copy. */
export async function advanceSnapshot(deps: Deps, snapshot: Snapshot): Promise<Advanced> {
  const { messages, folder: old } = snapshot
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const folder = await readFolder(deps.table, old)
    if (!folder?.selectable || folder.uidValidity !== old.uidValidity) return { kind: 'gone' }
    if (folder.modSeq === old.modSeq) return { kind: 'unchanged', folder }
    if (folder.modSeq - old.modSeq > ADVANCE_CHANGES_MAX) return { kind: 'behind' }
    const changes = await readLog(deps, old.id, old.modSeq, folder.modSeq)
    if (changes === undefined) return { kind: 'behind' }
    const uids = touchedUids(changes)
    const found = await readMessages(deps.table, old.id, uids)
    if (uids.length > APPLIED_AT_ONCE_MAX) {
      const copy = messages.copy()
      const difference = await applyInTurns(copy, uids, found)
      if (proves(folder, copy)) return { kind: 'advanced', folder, messages: copy, difference }
    } else if (wouldProve(folder, messages, uids, found)) {
      return { kind: 'advanced', folder, messages, difference: apply(messages, uids, found) }
    }
    await deps.clock.sleep(roundPauseMs(round))
  }
  throw new TemporaryFailure(`folder ${old.id} does not stand still`)
}

/** Brings `messages` to one state with the folder by re-reading what the log names; returns that state's folder. */
async function repair(
  deps: Deps,
  read: {
    readonly before: FolderRecord
    readonly messages: MessageColumns
    readonly slack: number
  },
  folder: FolderRecord,
): Promise<FolderRecord | undefined> {
  const { before, messages } = read
  const since = Math.max(1, before.modSeq - read.slack) as ModSeq
  const changes = await readLog(deps, folder.id, since, folder.modSeq, before.modSeq)
  if (changes === undefined) return undefined
  const uids = touchedUids(changes)
  if (uids.length >= TRANSACT_ITEMS_MAX) {
    apply(messages, uids, await readMessages(deps.table, folder.id, uids))
    return readFolder(deps.table, folder)
  }
  const keys = uids.map((uid) => messageKey(folder.id, uid))
  const [current, ...items] = await readTogether(deps, [
    folderKey(folder.accountId, folder.id),
    ...keys,
  ])
  apply(messages, uids, items.filter((item) => item !== undefined).map(messageRecord))
  return current && folderRecord(current)
}

function touchedUids(changes: readonly LogEntry[]): readonly Uid[] {
  return [...new Set(changes.flatMap((change) => change.uids))].sort((a, b) => a - b)
}

async function applyInTurns(
  messages: MessageColumns,
  uids: readonly Uid[],
  found: readonly MessageRecord[],
): Promise<Difference> {
  const all = { expunged: [] as Uid[], changed: [] as Uid[], appeared: [] as Uid[] }
  let next = 0
  for (const chunk of chunks(uids, APPLIED_AT_ONCE_MAX)) {
    const last = chunk.at(-1) ?? 0
    const from = next
    while (next < found.length && (found[next]?.uid ?? 0) <= last) next++
    const { expunged, changed, appeared } = apply(messages, chunk, found.slice(from, next))
    all.expunged.push(...expunged)
    all.changed.push(...changed)
    all.appeared.push(...appeared)
    const wait = turns.step()
    if (wait) await wait
  }
  return all
}

/** `found` are those of the uids that are there now, in the same order. */
function apply(
  messages: MessageColumns,
  uids: readonly Uid[],
  found: readonly MessageRecord[],
): Difference {
  const expunged: Uid[] = []
  const changed: Uid[] = []
  const appeared: Uid[] = []
  let next = 0
  for (const uid of uids) {
    const row = messages.rowOf(uid)
    const record = found[next]
    if (record?.uid !== uid) {
      if (row >= 0) expunged.push(uid)
      continue
    }
    next++
    if (row < 0) appeared.push(uid)
    else if (messages.modSeqAt(row) === record.modSeq) continue
    else changed.push(uid)
    messages.put(record)
  }
  messages.remove(expunged.map((uid) => messages.rowOf(uid)))
  return { expunged, changed, appeared }
}

/** Whether the messages are exactly the folder's at its modseq. */
function proves(folder: FolderRecord, messages: MessageColumns): boolean {
  return messages.length === folder.exists && messages.digest === folder.digest
}

/** Whether they will be when it is applied that of these uids those were found. */
function wouldProve(
  folder: FolderRecord,
  messages: MessageColumns,
  uids: readonly Uid[],
  found: readonly MessageRecord[],
): boolean {
  let { length, digest } = messages
  for (const uid of uids) {
    const row = messages.rowOf(uid)
    if (row < 0) continue
    length--
    digest = subtractDigest(digest, messageDigest(uid, messages.modSeqAt(row)))
  }
  for (const { uid, modSeq } of found) {
    length++
    digest = addDigest(digest, messageDigest(uid, modSeq))
  }
  return length === folder.exists && digest === folder.digest
}
