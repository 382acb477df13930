// The queued message as the blob it becomes: same object, same id.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import { indexWithAdded } from '#shared/mail/index-with-added.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { markObjectDead } from '#shared/mailbox/blob-references.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { Table } from '#shared/storage/ports.ts'
import { finalFields, lacking } from './added-fields.ts'
import type { QueuedMessage } from './records.ts'

export const objectKey = (queueId: QueueId) => `mail/${queueId}`
export const blobId = (queueId: QueueId) => queueId as string as BlobId

/** As it enters mailboxes: with its final fields, which the index then knows too. */
export function mailboxBlobOf(message: QueuedMessage, hostname: string): Blob {
  const blob = blobOf(message, finalFields(message, hostname))
  if (lacking(message).length === 0) return blob
  return { ...blob, index: indexWithAdded(blob.index, blob.prepend) }
}

/** `prepend` is the message's own plus what was added. */
export function blobOf(message: QueuedMessage, prepend: string): Blob {
  return {
    id: blobId(message.queueId),
    object: { key: message.object.key, offset: 0, length: message.object.length },
    prepend,
    index: message.index,
    headerBytes: message.headerBytes,
  }
}

/** Of a message that became nobody's: see the blob's own. */
export function markDead(mail: Table, queueId: QueueId, nowMs: number): Promise<void> {
  return markObjectDead(mail, { id: blobId(queueId), key: objectKey(queueId) }, nowMs)
}
