// Collects what threading needs of messages: subject, date and ids from the stored index, References from the header.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { baseSubject } from '#shared/mail/base-subject.ts'
import {
  messageIds,
  REFERENCES_BYTES_MAX,
  referencesField,
  referencesOf,
} from '#shared/mail/message-ids.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { EnvelopeFields } from './envelope-fields.ts'
import { HeldTexts } from './held-texts.ts'
import { forEachBlob } from './read-blobs.ts'
import type { Reading, Searched } from './reading.ts'
import { sentMs } from './sent-ms.ts'
import { sortKeyOf } from './sort-key.ts'
import { HEADER_SEARCHED_BYTES_MAX } from './text-scan.ts'
import type { ThreadMessage } from './threads.ts'

/** Memory of one message beside its texts, with its node. */
const MESSAGE_BYTES = 250
/** Of one reference; of the node that an id may have which no message bears. */
const REFERENCE_BYTES = 8
const DUMMY_BYTES = 170

/**
 * In the order of the folder, without those that are gone. `references`: their headers are read for it, else only the stored indexes.
 * Throws as findMessages does.
 */
export async function threadMessages(
  searched: Searched,
  reading: Reading,
  {
    references,
    numberOf,
  }: { readonly references: boolean; readonly numberOf: (uid: Uid) => number },
): Promise<ThreadMessage[]> {
  const { memory, pace } = reading
  const subjects = new HeldTexts(memory)
  const allIds = new HeldTexts(memory, DUMMY_BYTES)
  memory.hold(searched.uids.length * MESSAGE_BYTES)
  const found: (ThreadMessage | undefined)[] = []
  const read = (_: MessageRecord, blob: Blob) => readHeader(blob, reading.objects)
  await forEachBlob(
    searched,
    reading,
    references ? read : null,
    ({ message, blob, position, contents: header }) => {
      const fields = new EnvelopeFields(blob.index)
      const { subject, inReplyTo, messageId } = fields.envelope
      const { base, isReplyOrForward } = baseSubject(subject)
      const ids =
        header === undefined
          ? []
          : referencesOf(referencesField(asBuffer(header).toString('latin1')), inReplyTo)
      memory.hold(ids.length * REFERENCE_BYTES)
      found[position] = {
        number: numberOf(message.uid),
        sentMs: sentMs(message, fields),
        subject: subjects.own(sortKeyOf(base)),
        isReplyOrForward,
        messageId: allIds.own(
          messageIds((messageId ?? '').slice(0, REFERENCES_BYTES_MAX))[0] ?? '',
        ),
        references: ids.map((id) => allIds.own(id)),
      }
      return pace.spent(blob.index.length + (header?.length ?? 0))
    },
  )
  return found.filter((message) => message !== undefined)
}

async function readHeader(
  { object, headerBytes }: Blob,
  objects: Reading['objects'],
): Promise<Uint8Array> {
  const length = Math.min(headerBytes, HEADER_SEARCHED_BYTES_MAX)
  const header = await objects.read(object.key, { offset: object.offset, length })
  return header ?? new Uint8Array(0)
}
