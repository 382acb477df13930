// Object identifiers of messages. RFC 8474 §5.

import { createHash } from 'node:crypto'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { messageIds, REFERENCES_BYTES_MAX, referencesField } from '#shared/mail/message-ids.ts'
import type { ByteString, Envelope } from '#shared/mail/message-index.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'

/**
 * EMAILID: the same for all copies of a message. Two recipients' deliveries of one message differ in their own header fields,
 * and what differs must have another id (RFC 8474 §5.1).
 */
export function emailId({ blobId, prepend }: Pick<MessageRecord, 'blobId' | 'prepend'>): string {
  return prepend === '' ? blobId : `${blobId}-${digest(prepend)}`
}

/**
 * THREADID: the same for all messages whose chain of references begins with the same message, wherever they lie and whenever they
 * came (RFC 8474 §5.2): made of the first id of References, else of In-Reply-To, else of Message-ID. It never changes, because
 * nothing but the message itself decides it. Deliberately: subjects join nothing, and a reply whose mailer sent no References begins
 * a thread with what it answers; THREAD (RFC 5256), which sees a whole mailbox, joins more.
 */
export function threadId(
  header: ByteString,
  { inReplyTo, messageId }: Pick<Envelope, 'inReplyTo' | 'messageId'>,
  blobId: BlobId,
): string {
  const root =
    firstId(referencesField(header)) ??
    firstId(inReplyTo ?? '') ??
    firstId(messageId ?? '') ??
    // Without angle brackets no id: such a message is its own thread, with its copies.
    `blob ${blobId}`
  return `T${createHash('sha256').update(root, 'latin1').digest('base64url').slice(0, THREAD_DIGITS)}`
}

function firstId(body: ByteString): string | undefined {
  return messageIds(body.slice(0, REFERENCES_BYTES_MAX))[0]
}

/** 132 bits: nobody makes two roots that meet. */
const THREAD_DIGITS = 22

function digest(prepend: string): string {
  const known = digests.get(prepend)
  if (known !== undefined) return known
  const fresh = createHash('sha256').update(prepend, 'latin1').digest('hex').slice(0, DIGEST_DIGITS)
  if (digests.size === DIGESTS_MAX) digests.clear()
  digests.set(prepend, fresh)
  return fresh
}

/** A folder has few different ones. */
const digests = new Map<string, string>()
const DIGESTS_MAX = 1_000
const DIGEST_DIGITS = 12
