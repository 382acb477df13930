// Collects what threading needs of messages: subject, date and ids from the stored index, References from the header.

import { baseSubject } from '#shared/mail/base-subject.ts'
import { foldCase } from '#shared/mail/casemap.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { Reading } from './find-messages.ts'
import { IndexedFields } from './indexed-fields.ts'
import { messageIds, referencesField, referencesOf } from './message-ids.ts'
import { forEachBlob } from './read-blobs.ts'
import { sentMs } from './sent-ms.ts'
import { HEADER_SEARCHED_BYTES_MAX } from './text-scan.ts'
import type { ThreadMessage } from './threads.ts'

export async function threadMessages(
  messages: readonly MessageRecord[],
  reading: Reading,
  {
    references,
    numberOf,
  }: { readonly references: boolean; readonly numberOf: (uid: MessageRecord['uid']) => number },
): Promise<ThreadMessage[]> {
  const found: (ThreadMessage | undefined)[] = []
  await forEachBlob(messages, reading, async (message, blob, position) => {
    const fields = new IndexedFields(blob.index)
    const { subject, inReplyTo, messageId } = fields.envelope
    const { base, isReplyOrForward } = baseSubject(subject)
    found[position] = {
      number: numberOf(message.uid),
      sentMs: sentMs(message, fields),
      subject: foldCase(base),
      isReplyOrForward,
      messageId: messageIds(messageId ?? '')[0] ?? '',
      references: references
        ? referencesOf(await readReferences(blob, reading.objects), inReplyTo)
        : [],
    }
  })
  return found.filter((message) => message !== undefined)
}

async function readReferences(
  { object, headerBytes }: Blob,
  objects: ObjectStore,
): Promise<string> {
  const length = Math.min(headerBytes, HEADER_SEARCHED_BYTES_MAX)
  const header = await objects.read(object.key, { offset: object.offset, length })
  return header === undefined ? '' : referencesField(asBuffer(header).toString('latin1'))
}
