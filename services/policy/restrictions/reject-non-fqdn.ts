// Addresses that only somebody on their own network could find. Helo names have a file of their own.

import { parseDomain } from '#shared/mail/domain.ts'
import { isHostName, withoutRoot } from '../host-name.ts'
import type { Known } from '../known.ts'
import { refuse } from '../refusal.ts'
import { replyFor } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** With a dot; U-labels are judged by their A-labels. */
function isFullyQualified(domain: string): boolean {
  const name = withoutRoot(domain)
  const ascii: string = parseDomain(name) ?? name
  return isHostName(ascii) && ascii.includes('.')
}

async function judge(
  known: Known,
  subject: 'sender' | 'recipient',
  address: string | undefined,
  code: number,
): Promise<Decision> {
  // RFC 5321 §4.5.1: postmaster has no domain.
  if (!address || address.toLowerCase() === 'postmaster') return dunno
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const isLiteral = domain.startsWith('[')
  const isFull = address.includes('@') && (isLiteral || isFullyQualified(domain))
  if (isFull) return dunno
  const text = 'need fully-qualified address'
  return refuse(await replyFor(known, subject, { code, status: '5.5.2', text }))
}

export const reject_non_fqdn_sender = defineWord(
  'reject_non_fqdn_sender',
  (_, { settings }) =>
    (known) =>
      judge(known, 'sender', known.sender, settings.nonFqdnRejectCode),
)

export const reject_non_fqdn_recipient = defineWord(
  'reject_non_fqdn_recipient',
  (_, { settings }) =>
    (known) =>
      judge(known, 'recipient', known.recipient?.text, settings.nonFqdnRejectCode),
)
