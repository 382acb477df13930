// A restriction looks at one RCPT and says permit, reject or nothing (dunno), as Postfix's smtpd_recipient_restrictions do.
// They are asked in order; the first word counts.

import type { RecipientRequest, SmtpReply } from '#shared/contracts/policy.ts'
import type { Reach, Recipient } from '#shared/directory/directory.ts'
import type { Address } from '#shared/mail/address.ts'

/** The request with what every restriction would otherwise look up for itself. */
export type RecipientFacts = {
  readonly request: RecipientRequest
  readonly recipient: Address
  /** Where the recipient leads, one step far. */
  readonly found: Recipient
  /** Where it leads in the end; followed once, when it is asked for first. */
  readonly reach: () => Promise<Reach>
}

export type Decision =
  | { readonly kind: 'permit' }
  | { readonly kind: 'reject'; readonly reply: SmtpReply }
  | { readonly kind: 'dunno' }

export type Restriction = {
  /** Postfix's name for it, as the log shows it. */
  readonly name: string
  decide(facts: RecipientFacts): Decision | Promise<Decision>
}

export const dunno: Decision = { kind: 'dunno' }
export const permit: Decision = { kind: 'permit' }
export const reject = (reply: SmtpReply): Decision => ({ kind: 'reject', reply })
