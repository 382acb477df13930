// Walks over messages with their blobs, a batch at a time.

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { MessageColumns } from '#shared/mailbox/message-columns.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { Reading } from './find-messages.ts'

/** Blobs in memory at a time. */
export const BATCH_MESSAGES = 256
/** Messages read at a time. */
const READERS = 16

/** Those of the messages that still exist. */
export function recordsOf(messages: MessageColumns, uids: readonly Uid[]): MessageRecord[] {
  const records: MessageRecord[] = []
  for (const uid of uids) {
    const row = messages.rowOf(uid)
    if (row >= 0) records.push(messages.recordAt(row))
  }
  return records
}

/** `position` counts the messages; one whose blob is gone is passed over. Several visits may run at the same time. */
export async function forEachBlob(
  messages: readonly MessageRecord[],
  { blobs, pace }: Reading,
  visit: (message: MessageRecord, blob: Blob, position: number) => Promise<void> | void,
): Promise<void> {
  pace.begin(messages.length)
  for (let start = 0; start < messages.length; start += BATCH_MESSAGES) {
    const batch = messages.slice(start, start + BATCH_MESSAGES)
    const found = await blobs(batch.map(({ blobId }) => blobId))
    await inParallel(batch.entries(), ([at, message]) => {
      const blob = found[at]
      return blob && visit(message, blob, start + at)
    })
    pace.done(batch.length)
    await pace.step()
  }
}

/** Works on a few items at a time; waits only for work that is a promise. */
export async function inParallel<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void> | void | undefined,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const run = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      const working = work(next.value)
      if (working !== undefined) await working
    }
  }
  await Promise.all(Array.from({ length: READERS }, run))
}
