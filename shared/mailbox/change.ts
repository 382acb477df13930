// Changes to messages that are there: flags and removal. Both run in chunks, each one transaction with one modseq and one
// log entry; what was removed by somebody else in the meantime is passed over.

import type { BlobId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table, Write } from '#shared/storage/ports.ts'
import { unchanged } from './append.ts'
import { changeItem } from './change-log.ts'
import { addDigest, messageDigest, subtractDigest } from './digest.ts'
import { changeFlags, DELETED, type FlagChange, SEEN, sameFlags } from './flags.ts'
import { readFolder } from './folder-view.ts'
import { blobKey, folderKey, folderTopic, messageKey } from './keys.ts'
import {
  type FolderRecord,
  type MessageRecord,
  messageItem,
  messageRecord,
  number,
} from './records.ts'
import { retrying } from './retry.ts'

/** Messages of one STORE transaction, next to the folder and the log entry. */
export const STORE_BATCH_MAX = 98
/** Messages of one EXPUNGE transaction: each also writes its blob. */
export const EXPUNGE_BATCH_MAX = 49

type Deps = { readonly table: Table; readonly signals: Signals; readonly clock: Clock }

/** Sorts by time of death in the `dead` index of the mail table. */
export const DEAD_PK = 'DEAD'
export const deadSk = (nowMs: number, blobId: BlobId) =>
  `${String(nowMs).padStart(15, '0')}#${blobId}`

export function createChange(deps: Deps) {
  /** Returns the messages as they are now, changed or not; missing ones are left out. */
  async function storeFlags(
    folder: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
  ): Promise<readonly MessageRecord[]> {
    const stored: MessageRecord[] = []
    for (const chunk of chunks(uids, STORE_BATCH_MAX)) {
      stored.push(...(await retrying(deps.clock, () => storeChunk(folder, chunk, change))))
    }
    return stored
  }

  async function storeChunk(
    name: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
  ): Promise<readonly MessageRecord[]> {
    const found = await readChunk(name, uids)
    if (found === undefined) return []
    const { folder, messages } = found
    const modSeq = (folder.modSeq + 1) as ModSeq
    const changed = messages
      .map((message) => ({ ...message, flags: changeFlags(message.flags, change), modSeq }))
      .filter((message, i) => !sameFlags(message.flags, messages[i]?.flags ?? message.flags))
    if (changed.length === 0) return messages
    const before = new Map(messages.map((message) => [message.uid, message]))
    let { unseen, deleted, digest } = folder
    const writes: Write[] = []
    for (const message of changed) {
      const old = before.get(message.uid)
      if (old === undefined) continue
      unseen += Number(!(message.flags.bits & SEEN)) - Number(!(old.flags.bits & SEEN))
      deleted += Number(!!(message.flags.bits & DELETED)) - Number(!!(old.flags.bits & DELETED))
      digest = subtractDigest(digest, messageDigest(old.uid, old.modSeq))
      digest = addDigest(digest, messageDigest(message.uid, modSeq))
      writes.push({ put: messageItem(name.id, message), if: isAt(old.modSeq) })
    }
    const changedUids = changed.map((message) => message.uid)
    await commit(folder, modSeq, { unseen, deleted, digest }, 'flags', changedUids, writes)
    const now = new Map(changed.map((message) => [message.uid, message]))
    return messages.map((message) => now.get(message.uid) ?? message)
  }

  /** Returns the uids that were removed. */
  async function expunge(folder: FolderRef, uids: readonly Uid[]): Promise<readonly Uid[]> {
    const removed: Uid[] = []
    for (const chunk of chunks(uids, EXPUNGE_BATCH_MAX)) {
      removed.push(...(await retrying(deps.clock, () => expungeChunk(folder, chunk))))
    }
    return removed
  }

  async function expungeChunk(name: FolderRef, uids: readonly Uid[]): Promise<readonly Uid[]> {
    const found = await readChunk(name, uids)
    if (found === undefined || found.messages.length === 0) return []
    const { folder, messages } = found
    const modSeq = (folder.modSeq + 1) as ModSeq
    let { exists, unseen, deleted, bytes, digest } = folder
    const writes: Write[] = []
    for (const { uid, flags, size, modSeq: at } of messages) {
      exists--
      if (!(flags.bits & SEEN)) unseen--
      if (flags.bits & DELETED) deleted--
      bytes -= size
      digest = subtractDigest(digest, messageDigest(uid, at))
      writes.push({ delete: messageKey(name.id, uid), if: isAt(at) })
    }
    writes.push(...(await releaseBlobs(messages)))
    const removed = messages.map((message) => message.uid)
    await commit(
      folder,
      modSeq,
      { exists, unseen, deleted, bytes, digest },
      'expunge',
      removed,
      writes,
    )
    return removed
  }

  /** A blob nobody refers to any more becomes dead in the same transaction, so that no crash can leak it. */
  async function releaseBlobs(messages: readonly MessageRecord[]): Promise<Write[]> {
    const counts = new Map<BlobId, number>()
    for (const { blobId } of messages) counts.set(blobId, (counts.get(blobId) ?? 0) + 1)
    const ids = [...counts.keys()]
    const items = await deps.table.batchGet(ids.map(blobKey), { consistent: true })
    const nowMs = deps.clock.now()
    return ids.map((id, i): Write => {
      const item = items[i]
      // Cannot happen: a message refers to its blob. The message must still go away.
      if (item === undefined) return { delete: blobKey(id) }
      const refs = number(item, 'refs')
      const left = refs - (counts.get(id) ?? 0)
      const dead = left <= 0 ? { set: { deadPk: DEAD_PK, deadSk: deadSk(nowMs, id) } } : {}
      return {
        update: blobKey(id),
        changes: { add: { refs: left - refs }, ...dead },
        if: { attribute: 'refs', is: '=', value: refs },
      }
    })
  }

  async function readChunk(name: FolderRef, uids: readonly Uid[]) {
    const folder = await readFolder(deps.table, name)
    if (folder === undefined) return undefined
    const keys = uids.map((uid) => messageKey(name.id, uid))
    const items = await deps.table.batchGet(keys, { consistent: true })
    return { folder, messages: items.filter((item) => item !== undefined).map(messageRecord) }
  }

  async function commit(
    folder: FolderRecord,
    modSeq: ModSeq,
    counters: Partial<Pick<FolderRecord, 'exists' | 'unseen' | 'deleted' | 'bytes' | 'digest'>>,
    kind: 'flags' | 'expunge',
    uids: readonly Uid[],
    writes: readonly Write[],
  ): Promise<void> {
    await deps.table.transact([
      {
        update: folderKey(folder.accountId, folder.id),
        changes: { set: { modSeq, ...counters } },
        if: unchanged(folder),
      },
      ...writes,
      { put: changeItem(folder.id, modSeq, kind, uids, deps.clock.now()) },
    ])
    deps.signals.publish(folderTopic(folder.id), String(modSeq))
  }

  return { storeFlags, expunge }
}

/** The message is as it was read, although it may have been read from a half-applied transaction. */
const isAt = (modSeq: ModSeq) => ({ attribute: 'm', is: '=', value: modSeq }) as const

export function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size)
}
