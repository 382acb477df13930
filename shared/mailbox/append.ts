// Puts messages into a folder: UID, modseq, counters, change log, blob reference and exactly-once marker in one transaction.
// Messages for the same folder that arrive while a transaction runs share the next one.

import type { BlobId, FolderId, FolderRef, Uid } from '#shared/contracts/mailbox.ts'
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
import { FolderEdit } from './folder-edit.ts'
import { readFolder } from './folder-reading.ts'
import { blobKey, deliveredKey, folderTopic } from './keys.ts'
import type { Appended, Mailbox, NewMessage, Refused } from './port.ts'
import type { Limits } from './quota.ts'
import type { FolderRecord } from './records.ts'
import { USAGE_WRITES, usageWrites } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import type { Writers } from './writers.ts'

/** Messages of one transaction: folder, change-log entry, USAGE and two writes each stay below TRANSACT_ITEMS_MAX. */
export const APPEND_BATCH_MAX = 48

/** Bytes of the blobs that one transaction writes; the rest of TRANSACT_BYTES_MAX is for folder, log and messages. */
export const TOGETHER_BYTES_MAX = 3_000_000

/** What a message adds to them. */
export const blobBytesOf = ({ blob }: Pick<NewMessage, 'blob'>) =>
  blob.index.byteLength + blob.prepend.length

/** As the folder keeps it. */
export function messageOf({
  blob,
  flags,
  internalDateMs,
  prepend,
  unended = false,
}: Pick<NewMessage, 'blob' | 'flags' | 'internalDateMs' | 'prepend' | 'unended'>) {
  const size = sizeOf({ blob, prepend })
  return { blobId: blob.id, size, internalDateMs, flags, prepend, unended }
}

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

/** Those of a batch whose blob turned out to have reserved references: they add their own, and a marker keeps `once`. */
type Marked = Set<number>

/** What a part of a batch is made from. */
type Given = {
  readonly state: FolderRecord
  readonly admission: Admission | undefined
  readonly marked: Marked
  readonly nowMs: number
}

/** One transaction of a batch. */
type Part = {
  readonly edit: FolderEdit
  readonly claims: Write[]
  /** Which of the batch each claim is for. */
  readonly claimants: number[]
  readonly taken: { readonly i: number; readonly uid: Uid }[]
  /** For now: where a claim is refused there is more room. */
  readonly refusals: Map<number, Refused>
}

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
    const marked: Marked = new Set()
    while (results.includes(undefined)) {
      const state = await readFolder(deps.table, folder)
      if (!state?.selectable) {
        for (const i of results.keys()) results[i] ??= { kind: 'no-such-folder' }
        return
      }
      const admission = await admissionTo(folder, batch)
      const given = { state, admission, marked, nowMs: deps.clock.now() }
      const part = takePart(batch, results, given)
      if (part.taken.length > 0 && !(await writePart(part, results, given))) continue
      await refuse(folder.id, batch, part.refusals, results)
    }
  }

  /** False where some of the claims were refused, and nothing was written: then `results` or `marked` say of whom. */
  async function writePart(
    { claims, claimants, taken, edit }: Part,
    results: Results,
    { state, admission, marked }: Given,
  ): Promise<boolean> {
    const { modSeq, writes, growth } = edit.finish()
    try {
      await deps.table.transact([
        ...claims,
        ...writes,
        ...usageWrites(state.accountId, growth, admission?.change),
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
      return false
    }
    const { uidValidity } = state
    for (const { i, uid } of taken) results[i] = { kind: 'appended', uid, modSeq, uidValidity }
    deps.signals.publish(folderTopic(state.id), String(modSeq))
    return true
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
      results[i] =
        (message?.once && (await found(folderId, message.onceAs ?? message.blob.id))) || refused
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

/** Of those that are still to be done as many as one transaction takes. */
function takePart(
  batch: readonly Waiting[],
  results: Results,
  { state, admission, marked, nowMs }: Given,
): Part {
  const edit = new FolderEdit(state, nowMs)
  const part: Part = { edit, claims: [], claimants: [], taken: [], refusals: new Map() }
  const { claims, claimants, taken } = part
  let blobBytes = 0
  for (const [i, { message, limits }] of batch.entries()) {
    if (results[i] !== undefined) continue
    const own = claimsOf(state.id, message, marked.has(i), nowMs)
    if (claims.length + own.length + taken.length + 1 > MESSAGE_WRITES_MAX) break
    blobBytes += blobBytesOf(message)
    if (blobBytes > TOGETHER_BYTES_MAX && taken.length > 0) break
    const refused = limits && admission?.admit(limits, sizeOf(message), message.blob.object.length)
    if (refused !== undefined) {
      part.refusals.set(i, refused)
      continue
    }
    for (const claim of own) {
      claims.push(claim)
      claimants.push(i)
    }
    taken.push({ i, uid: edit.add(messageOf(message)) })
  }
  return part
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
  { blob, once, onceAs, recipient = '', reserved = false }: NewMessage,
  marked: boolean,
  nowMs: number,
): readonly Write[] {
  if (!once) return [reference(blob, undefined)]
  const marker = deliverOnce(folderId, onceAs ?? blob.id, recipient, nowMs)
  if (onceAs !== undefined) return [reference(blob, undefined), marker]
  if (reserved) return [marker]
  return marked ? [reference(blob, undefined), marker] : [reference(blob, folderId)]
}

/** Two messages of one blob cannot share a transaction: they would write the blob item twice, or the marker of both. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const blobs = new Set<BlobId>()
  let n = 0
  for (; n < queue.length && n < APPEND_BATCH_MAX; n++) {
    const message = queue[n]?.message
    if (message === undefined) break
    const same = message.onceAs ?? message.blob.id
    if (blobs.has(same)) break
    blobs.add(same)
  }
  return queue.splice(0, Math.max(1, n))
}
