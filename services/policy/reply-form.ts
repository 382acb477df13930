// Replies as Postfix forms them (smtpd_check.c): `<name>: Class rejected: text`, with the enhanced status that fits code and class.

import type { EnhancedStatus, PolicyStage, SmtpReply } from '#shared/contracts/policy.ts'
import { clientNameOf } from './client.ts'
import type { Known } from './known.ts'

/** What a restriction looks at. */
export type Subject =
  | 'client'
  | 'reverse client'
  | 'helo'
  | 'sender'
  | 'recipient'
  | 'certificate'
  | 'login'
  | 'data'
  | 'message'

const subjectOfStage: { readonly [Stage in PolicyStage]: Subject } = {
  connect: 'client',
  helo: 'helo',
  sender: 'sender',
  relay: 'recipient',
  recipient: 'recipient',
  data: 'data',
  message: 'message',
}

/** Of a word that looks at nothing in particular: what its list is about. */
export const subjectOf = ({ stage }: Known): Subject => subjectOfStage[stage]

/** `text` alone, as some restrictions say it. Codes are from 400 to 599. Whoever writes it keeps it on one line. */
export function formReply(subject: Subject, { code, status, text }: SmtpReply): SmtpReply {
  const isReply = code >= 400 && code <= 599
  if (!isReply) return { code: 450, status: '4.7.1', text: 'Service unavailable' }
  return { code, status: fittingStatus(subject, code, status), text }
}

/** `<name>: Class rejected: text`. */
export async function replyFor(
  known: Known,
  subject: Subject,
  { code, status, text }: SmtpReply,
): Promise<SmtpReply> {
  const { name, what } = await describeSubject(known, subject)
  return formReply(subject, { code, status, text: `<${name}>: ${what} rejected: ${text}` })
}

async function describeSubject(
  { client, origin, sender = '', recipient }: Known,
  subject: Subject,
): Promise<{ readonly name: string; readonly what: string }> {
  switch (subject) {
    case 'client': {
      const name = clientNameOf(await client.name())
      return { name: `${name}[${client.address}]`, what: 'Client host' }
    }
    case 'reverse client':
      return { name: clientNameOf(await client.reverseName()), what: 'Unverified Client host' }
    case 'helo':
      return { name: origin.helo, what: 'Helo command' }
    case 'sender':
      return { name: sender, what: 'Sender address' }
    case 'recipient':
      return { name: recipient?.text ?? '', what: 'Recipient address' }
    case 'certificate':
      return { name: origin.tls?.clientCertificate?.subject ?? '', what: 'Client certificate' }
    case 'login':
      return { name: origin.account?.login ?? '', what: 'SASL login name' }
    case 'data':
      return { name: 'DATA', what: 'Data command' }
    case 'message':
      return { name: 'END-OF-MESSAGE', what: 'End-of-data' }
  }
}

/** X.1.n is about addresses: what it says of a sender is no word about a recipient (RFC 3463 §3.2). */
function fittingStatus(subject: Subject, code: number, status: EnhancedStatus): EnhancedStatus {
  const [, group = '', detail = ''] = status.split('.')
  const fitting = group === '1' ? addressStatus(subject, Number(detail)) : `${group}.${detail}`
  return `${code >= 500 ? 5 : 4}.${fitting}` as EnhancedStatus
}

function addressStatus(subject: Subject, detail: number): string {
  if (subject === 'sender') {
    if ([1, 3, 4, 6, 7].includes(detail)) return '1.7'
    return detail === 2 || detail === 8 ? '1.8' : '1.0'
  }
  if (subject === 'recipient') {
    if (detail === 7) return '1.3'
    if (detail === 8) return '1.2'
    return detail >= 1 && detail <= 6 ? `1.${detail}` : detail === 10 ? '1.10' : '1.0'
  }
  return '0.0'
}
