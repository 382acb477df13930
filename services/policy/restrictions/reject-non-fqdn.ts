// Addresses that only somebody on their own network could find. Helo names have a file of their own.

import { isIP } from 'node:net'
import type { Known } from '../known.ts'
import { replyFor } from '../reply-form.ts'
import { type Decision, dunno, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

// Letters, digits, hyphens, and the underscore that is tolerated; U-labels are judged by their letters.
const LABEL = /^[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}_-]{0,61}[\p{L}\p{N}\p{M}_])?$/u

/** Host names as Postfix holds them valid, with a dot. */
function isFullyQualified(domain: string): boolean {
  const name = domain.replace(/\.$/, '')
  const labels = name.split('.')
  return (
    labels.length > 1 &&
    name.length <= 255 &&
    isIP(name) === 0 &&
    labels.every((label) => LABEL.test(label)) &&
    !labels.every((label) => /^\d+$/.test(label))
  )
}

async function judge(
  known: Known,
  subject: 'sender' | 'recipient',
  address: string | undefined,
): Promise<Decision> {
  // RFC 5321 §4.5.1: postmaster has no domain.
  if (!address || address.toLowerCase() === 'postmaster') return dunno
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const isLiteral = domain.startsWith('[')
  const isFull = address.includes('@') && (isLiteral || isFullyQualified(domain))
  if (isFull) return dunno
  const text = 'need fully-qualified address'
  return reject(await replyFor(known, subject, { code: 504, status: '5.5.2', text }))
}

export const reject_non_fqdn_sender = defineWord(
  'reject_non_fqdn_sender',
  () => (known) => judge(known, 'sender', known.sender),
)

export const reject_non_fqdn_recipient = defineWord(
  'reject_non_fqdn_recipient',
  () => (known) => judge(known, 'recipient', known.recipient?.text),
)
