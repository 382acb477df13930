// Object identifiers of messages. RFC 8474 §5.

import { createHash } from 'node:crypto'
import type { MessageRecord } from '#shared/mailbox/records.ts'

/**
 * EMAILID: the same for all copies of a message. Two recipients' deliveries of one message differ in their own header fields,
 * and what differs must have another id (RFC 8474 §5.1).
 */
export function emailId({ blobId, prepend }: Pick<MessageRecord, 'blobId' | 'prepend'>): string {
  return prepend === '' ? blobId : `${blobId}-${digest(prepend)}`
}

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
