// Puts messages into a folder: UID, modseq, counters, change log, blob reference and exactly-once marker in one transaction.
// Messages for the same folder that arrive while a transaction runs share the next one.

import type { BlobId, FolderId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  ConditionFailed,
  type Item,
  type Signals,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { Admission } from './admission.ts'
import { deliverOnce, reference } from './blob-references.ts'
import { logItem } from './change-log.ts'
import { addDigest, messageDigest } from './digest.ts'
import { DELETED, fitKeywords, SEEN } from './flags.ts'
import { isUnchanged } from './folder-edit.ts'
import { blobKey, deliveredKey, folderKey, folderTopic } from './keys.ts'
import type { Appended, Mailbox, NewMessage, Refused } from './port.ts'
import type { Limits } from './quota.ts'
import { folderRecord, messageItem } from './records.ts'
import { countFolder, USAGE_WRITES, usageWrites } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import type { Writers } from './writers.ts'

/** Messages of one transaction: folder, change-log entry, USAGE and two writes each stay below TRANSACT_ITEMS_MAX. */
export const APPEND_BATCH_MAX = 48

/** Bytes of the blobs that one transaction writes; the rest of TRANSACT_BYTES_MAX is for folder, log and messages. */
export const TOGETHER_BYTES_MAX = 3_000_000

/** What a message adds to them. */
export const blobBytesOf = ({ blob }: Pick<NewMessage, 'blob'>) =>
  blob.index.byteLength + blob.prepend.length

/** Bytes of the message as it is read back. */
export const sizeOf = ({ blob, prepend }: Pick<NewMessage, 'blob' | 'prepend'>) =>
  prepend.length + blob.prepend.length + blob.object.length

type Waiting = {
  readonly message: NewMessage
  readonly limits: Limits | undefined
  readonly resolve: (result: Appended) => void
  readonly reject: (error: unknown) => void
}

/** Of a batch; undefined: still to be done. */
type Results = (Appended | undefined)[]

export function createAppend(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
}): Mailbox['append'] {
  const waiting = new Map<FolderId, Waiting[]>()

  /**
   * Resolves when the message is durable in the folder. Rejects with TemporaryFailure when the folder is too contended. Without limits
   * it only counts for the account.
   */
  function append(folder: FolderRef, message: NewMessage, limits?: Limits): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const entry = { message, limits, resolve, reject }
      const queue = waiting.get(folder.id)
      if (queue) {
        queue.push(entry)
        return
      }
      waiting.set(folder.id, [entry])
      // On the next turn, so that messages handed over together share a transaction.
      setImmediate(() => drain(folder))
    })
  }

  async function drain(folder: FolderRef): Promise<void> {
    for (;;) {
      const queue = waiting.get(folder.id)
      if (queue === undefined || queue.length === 0) {
        waiting.delete(folder.id)
        return
      }
      let batch: readonly Waiting[] = []
      let results: Results = []
      let failure: unknown
      try {
        await deps.writers.change([folder], () => {
          // Taken when it is their turn, so that those who came meanwhile share it.
          if (batch.length === 0) {
            batch = takeBatch(queue)
            results = batch.map(() => undefined)
          }
          return appendBatch(folder, batch, results)
        })
      } catch (error) {
        failure = error
        // Without a turn nobody was taken, and all of them fail.
        if (batch.length === 0) batch = queue.splice(0)
      }
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i]
        if (result === undefined) reject(failure)
        else resolve(result)
      }
    }
  }

  /**
   * In as many transactions as it takes: what one has done stands in `results`, so that neither repeating this nor the failure of
   * a later one brings it again.
   */
  async function appendBatch(
    folder: FolderRef,
    batch: readonly Waiting[],
    results: Results,
  ): Promise<void> {
    /** Those whose blob turned out to have reserved references: they add their own, and a marker keeps `once`. */
    const marked = new Set<number>()
    for (;;) {
      const item = await deps.table.get(folderKey(folder.accountId, folder.id), {
        consistent: true,
      })
      const state = item && folderRecord(item)
      if (!state?.selectable) {
        for (const i of results.keys()) results[i] ??= { kind: 'no-such-folder' }
        return
      }
      const modSeq = (state.modSeq + 1) as ModSeq
      const admission = await admissionTo(folder, batch)
      const open = batch.map((_, i) => i).filter((i) => results[i] === undefined)
      if (open.length === 0) return
      const claims: Write[] = []
      /** Which of the batch each claim is for. */
      const claimants: number[] = []
      const taken: number[] = []
      /** For now: where a claim is refused there is more room. */
      const refusals = new Map<number, Refused>()
      const messages: Write[] = []
      const uids: Uid[] = []
      const saveDateMs = deps.clock.now()
      const keywords = new Set<string>()
      let { unseen, deleted, bytes, digest } = state
      let blobBytes = 0
      for (const i of open) {
        const entry = batch[i]
        if (entry === undefined) continue
        const own = claimsOf(folder.id, entry.message, marked.has(i), saveDateMs)
        if (claims.length + own.length + messages.length + 1 > MESSAGE_WRITES_MAX) break
        blobBytes += blobBytesOf(entry.message)
        if (blobBytes > TOGETHER_BYTES_MAX && taken.length > 0) break
        const { message, limits } = entry
        const size = sizeOf(message)
        const refused = limits && admission?.admit(limits, size, message.blob.object.length)
        if (refused !== undefined) {
          refusals.set(i, refused)
          continue
        }
        claims.push(...own)
        claimants.push(...own.map(() => i))
        taken.push(i)
        const { blob, internalDateMs, prepend } = message
        let { flags } = message
        if (flags.keywords.length > 0) {
          const fitted = fitKeywords(flags, [...state.keywords, ...keywords])
          for (const keyword of fitted.added) keywords.add(keyword)
          flags = fitted.flags
        }
        const uid = (state.uidNext + uids.length) as Uid
        uids.push(uid)
        const record = {
          uid,
          blobId: blob.id,
          size,
          internalDateMs,
          saveDateMs,
          flags,
          modSeq,
          prepend,
          unended: message.unended === true,
        }
        messages.push({ put: messageItem(folder.id, record), if: { absent: 'pk' } })
        if (!(flags.bits & SEEN)) unseen++
        if (flags.bits & DELETED) deleted++
        bytes += size
        digest = addDigest(digest, messageDigest(uid, modSeq))
      }
      if (taken.length === 0) {
        await refuse(folder.id, batch, refusals, results)
        continue
      }
      const uidNext = state.uidNext + uids.length
      const exists = state.exists + uids.length
      const { growth, set, asRead } = countFolder(state, { bytes, exists })
      try {
        await deps.table.transact([
          ...claims,
          {
            update: folderKey(folder.accountId, folder.id),
            changes: {
              set: { uidNext, modSeq, exists, unseen, deleted, bytes, digest, ...set },
              ...(keywords.size > 0 && { insert: { keywords } }),
            },
            if: { all: [isUnchanged(state), ...asRead] },
          },
          ...messages,
          { put: logItem(folder.id, modSeq, 'new', uids, saveDateMs) },
          ...usageWrites(folder.accountId, growth, admission?.change),
        ])
      } catch (error) {
        // Claims come first in the transaction: those refused are here already (or, when their object is being collected, gone).
        if (!(error instanceof ConditionFailed) || !claims.some((_, n) => error.at(n))) throw error
        for (const { position, item } of error.failed) {
          const i = claimants[position]
          if (i === undefined) continue
          if (item?.reserved !== undefined && item.collected === undefined && !marked.has(i)) {
            marked.add(i)
          } else {
            results[i] = duplicateOf(item)
          }
        }
        continue
      }
      for (const [n, i] of taken.entries()) {
        const uid = (state.uidNext + n) as Uid
        results[i] = { kind: 'appended', uid, modSeq, uidValidity: state.uidValidity }
      }
      deps.signals.publish(folderTopic(folder.id), String(modSeq))
      await refuse(folder.id, batch, refusals, results)
      if (results.every((result) => result !== undefined)) return
    }
  }

  /** A mailbox may be full because the message is there already: then its delivery did not fail. */
  async function refuse(
    folderId: FolderId,
    batch: readonly Waiting[],
    refusals: ReadonlyMap<number, Refused>,
    results: Results,
  ): Promise<void> {
    for (const [i, refused] of refusals) {
      const message = batch[i]?.message
      results[i] = (message?.once && (await found(folderId, message.blob.id))) || refused
    }
  }

  async function found(folderId: FolderId, blobId: BlobId): Promise<Appended | undefined> {
    const keys = [deliveredKey(folderId, blobId), blobKey(blobId)]
    const [marker, blob] = await deps.table.batchGet(keys, { consistent: true })
    if (marker !== undefined) return duplicateOf(marker)
    return blob?.into instanceof Set && blob.into.has(folderId) ? { kind: 'duplicate' } : undefined
  }

  /** Undefined when nothing is limited. */
  async function admissionTo(
    { accountId }: FolderRef,
    batch: readonly Waiting[],
  ): Promise<Admission | undefined> {
    if (batch.every(({ limits }) => limits === undefined)) return undefined
    return new Admission(await readCompleteUsage(deps, accountId), deps.clock.now())
  }

  return append
}

/** What a refused claim met. */
function duplicateOf(item: Item | undefined): Appended {
  const recipient = item?.recipient
  return { kind: 'duplicate', ...(typeof recipient === 'string' && { recipient }) }
}

/** Besides those for the folder, its log and USAGE. */
const MESSAGE_WRITES_MAX = TRANSACT_ITEMS_MAX - 2 - USAGE_WRITES

/** What makes a message refer to its blob, and keeps it from being there twice. */
function claimsOf(
  folderId: FolderId,
  { blob, once, recipient = '', reserved = false }: NewMessage,
  marked: boolean,
  nowMs: number,
): readonly Write[] {
  if (!once) return [reference(blob, undefined)]
  const marker = deliverOnce(folderId, blob.id, recipient, nowMs)
  if (reserved) return [marker]
  return marked ? [reference(blob, undefined), marker] : [reference(blob, folderId)]
}

/** Two messages of one blob cannot share a transaction: they would write the blob item twice. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const blobs = new Set<BlobId>()
  let n = 0
  for (; n < queue.length && n < APPEND_BATCH_MAX; n++) {
    const blob = queue[n]?.message.blob.id
    if (blob === undefined || blobs.has(blob)) break
    blobs.add(blob)
  }
  return queue.splice(0, Math.max(1, n))
}
