// A restriction looks at what is known at its stage and says something or nothing (dunno), as Postfix's smtpd_*_restrictions do.
// They stand in lists (lists.ts), one a stage, which are asked in order (evaluate.ts).

import type {
  MessageRequest,
  PolicyStage,
  RecipientRequest,
  SmtpReply,
} from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Reach, Recipient } from '#shared/directory/directory.ts'
import type { Address } from '#shared/mail/address.ts'

export type Decision =
  // The first of these ends its list.
  | { readonly kind: 'permit' }
  | { readonly kind: 'reject'; readonly reply: SmtpReply }
  /** With a 4xx reply: the client comes again. */
  | { readonly kind: 'defer'; readonly reply: SmtpReply }
  /** The client is told that the message was taken, and nobody gets it. */
  | { readonly kind: 'discard' }
  // The list goes on after these, and all of them count.
  | { readonly kind: 'dunno' }
  /** One line in the listener's log. */
  | { readonly kind: 'warn'; readonly text: string }
  /** Header fields, each ended by CRLF, byte string. */
  | { readonly kind: 'prepend'; readonly fields: string }
  /** Added up, for a threshold (score.ts) to judge. */
  | { readonly kind: 'score'; readonly points: number }
  /** The message is taken and waits for an operator. */
  | { readonly kind: 'hold'; readonly reason: string }
  /** The message goes to this address in place of all its recipients. */
  | { readonly kind: 'redirect'; readonly to: string }

/** `Facts`: what must be known of whoever is judged. A restriction may stand in the list of any stage where that is known. */
export type Restriction<Facts = RecipientFacts> = {
  /** Postfix's name for it, as the log shows it. */
  readonly name: string
  /** The first at which its facts are known. */
  readonly stage: PolicyStage
  readonly decide: (facts: Facts) => Decision | Promise<Decision>
}

/** From connect on; HELO is in the origin where it was said. */
export type ClientFacts = { readonly request: { readonly origin: Origin } }

/** From MAIL to RCPT. */
export type SenderFacts = {
  readonly request: Pick<RecipientRequest, 'origin' | 'queueId' | 'sender' | 'declaredBytes'>
}

/** At RCPT: the request with what every restriction would otherwise look up for itself. */
export type RecipientFacts = {
  readonly request: RecipientRequest
  readonly recipient: Address
  /** Where the recipient leads, one step far. */
  readonly found: Recipient
  /** Where it leads in the end; followed once, when it is asked for first. */
  readonly reach: () => Promise<Reach>
}

/** At the end of the message. */
export type MessageFacts = { readonly request: MessageRequest }

/** What the restrictions before it have scored, those of connect, helo and sender too. */
export type Scored = { readonly score: number }

type FactsOf = {
  readonly connect: ClientFacts
  readonly helo: ClientFacts
  readonly sender: SenderFacts
  readonly recipient: RecipientFacts
  readonly data: MessageFacts
  readonly message: MessageFacts
}

export type RestrictionList<Facts> = readonly Restriction<Facts & Scored>[]
export type RestrictionLists = { readonly [Stage in PolicyStage]: RestrictionList<FactsOf[Stage]> }

export const dunno: Decision = { kind: 'dunno' }
export const permit: Decision = { kind: 'permit' }
export const reject = (reply: SmtpReply): Decision => ({ kind: 'reject', reply })
export const defer = (reply: SmtpReply): Decision => ({ kind: 'defer', reply })
