// Header fields put before a message between acceptance and delivery.

import { canonicalAddress } from '#shared/mail/address.ts'
import { formatDate } from '#shared/mail/date.ts'
import type { QueuedMessage } from './records.ts'

/**
 * For a message that leaves: what the listener added (Received) and, when it came from a mail client, the fields it lacks and
 * must have (RFC 6409 §8): Date, Message-ID, From. Byte string.
 */
export function addedFields(message: QueuedMessage, hostname: string): string {
  const lacks = lacking(message)
  let fields = ''
  if (lacks.includes('date')) fields += `Date: ${formatDate(message.arrivedMs)}\r\n`
  if (lacks.includes('message-id')) {
    fields += `Message-ID: ${ownMessageId(message, hostname)}\r\n`
  }
  if (lacks.includes('from')) {
    // Of the null sender as Postfix.
    const { envelope, origin } = message
    const author = envelope.sender || origin.account?.login || `MAILER-DAEMON@${hostname}`
    fields += `From: <${canonicalAddress(author)}>\r\n`
  }
  return message.prepend + byteString(fields)
}

/** For a message that enters a mailbox: the return path too (RFC 5321 §4.4). Byte string. */
export function finalFields(message: QueuedMessage, hostname: string): string {
  const path = byteString(canonicalAddress(message.envelope.sender))
  return `Return-Path: <${path}>\r\n${addedFields(message, hostname)}`
}

/** Of a message that has none. */
export const ownMessageId = ({ queueId }: QueuedMessage, hostname: string) =>
  `<${queueId}@${hostname}>`

const requiredFields = ['date', 'message-id', 'from'] as const

/** What has to be added for a mail client. What other servers send is not ours to complete. */
export function lacking({ completes, has }: Completion): readonly string[] {
  return completes ? requiredFields.filter((name) => !has.includes(name)) : []
}

type Completion = Pick<QueuedMessage, 'completes' | 'has'>

/** What of that stays with a message; as little as can be, for a write pays for each KB. `present`: names of its header fields. */
export function completionOf(
  from: 'login' | 'client' | 'stranger',
  present: readonly string[],
): Completion {
  const has = requiredFields.filter((name) => present.includes(name))
  const completes = from === 'login' || (from === 'client' && has.length < requiredFields.length)
  return { completes, has: completes ? has : [] }
}

const byteString = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
