// Walks over messages with their blobs, a batch at a time.

import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { Reading, Searched } from './reading.ts'

/** Blobs in memory at a time: so many, or messages of so many bytes together, for the index of a large one may be large. */
export const BATCH_MESSAGES = 256
export const BATCH_BYTES = 4 * 1024 * 1024
/** An index is no longer than this, however large its message. */
const INDEX_BYTES_MAX = 400_000
/** Messages read at a time. */
const READERS = 16

type Batched = { readonly message: MessageRecord; readonly position: number }

/** Those of the uids that still exist when their turn comes; `position` counts the uids. */
export function* batchesOf({ uids, messages }: Searched): Generator<readonly Batched[]> {
  let batch: Batched[] = []
  let bytes = 0
  for (let position = 0; position < uids.length; position++) {
    const row = messages.rowOf(uids[position] ?? 0)
    if (row < 0) continue
    const message = messages.recordAt(row)
    batch.push({ message, position })
    bytes += Math.min(message.size, INDEX_BYTES_MAX)
    if (batch.length < BATCH_MESSAGES && bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** One after the other; one whose blob is gone is passed over. What `read` reads of each is read ahead, many at a time. */
export async function forEachBlob<T>(
  searched: Searched,
  { blobs, pace }: Reading,
  read: ((message: MessageRecord, blob: Blob) => Promise<T>) | null,
  visit: (found: BlobFound & { readonly contents: T | undefined }) => Promise<void> | undefined,
): Promise<void> {
  pace.begin(searched.uids.length)
  for (const batch of batchesOf(searched)) {
    const found = await blobs(batch.map(({ message }) => message.blobId))
    const present = batch.flatMap(({ message, position }, at) => {
      const blob = found[at]
      return blob === undefined ? [] : [{ message, blob, position }]
    })
    if (read === null) {
      for (const each of present) {
        const wait = visit({ ...each, contents: undefined })
        if (wait) await wait
      }
    } else {
      await inParallel(present, async (each) => {
        const contents = await read(each.message, each.blob)
        await pace.alone(async () => visit({ ...each, contents }))
      })
    }
    pace.done(batch.length)
    await pace.step()
  }
}

export type BlobFound = {
  readonly message: MessageRecord
  readonly blob: Blob
  readonly position: number
}

/** Works on a few items at a time; waits only for work that is a promise. After a failure nothing is begun, and nothing runs on. */
export async function inParallel<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void> | void | undefined,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  let failed = false
  const run = async () => {
    for (let next = rest.next(); !failed && next.done !== true; next = rest.next()) {
      try {
        const working = work(next.value)
        if (working !== undefined) await working
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: READERS }, run))
  const failure = ended.find((each) => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
