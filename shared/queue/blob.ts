// The queued message as the blob it becomes: same object, same id.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import { indexWithAdded } from '#shared/mail/index-with-added.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { DEAD_PK, deadSk } from '#shared/mailbox/change.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { ConditionFailed, type Table } from '#shared/storage/ports.ts'
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

/**
 * Marks an object nobody may refer to as dead, unless it became a blob; the sweeper deletes it after its grace time. Says nothing of
 * its contents: whoever delivers it all the same, because the removal did not come to its end, fills them in.
 */
export async function markDead(mail: Table, queueId: QueueId, nowMs: number): Promise<void> {
  const id = blobId(queueId)
  const dead = { key: objectKey(queueId), refs: 0, deadPk: DEAD_PK, deadSk: deadSk(nowMs, id) }
  try {
    await mail.write({ put: { ...blobKey(id), ...dead }, if: { absent: 'pk' } })
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
  }
}
