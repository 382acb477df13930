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
import type { Known } from './word.ts'

export type Decision =
  // The first of these ends its list.
  | { readonly kind: 'permit' }
  | { readonly kind: 'reject'; readonly reply: SmtpReply }
  /** With a 4xx reply: the client comes again. */
  | { readonly kind: 'defer'; readonly reply: SmtpReply }
  /** The client is told that the message was taken, and nobody gets it. */
  | { readonly kind: 'discard' }
  /** What had to be known could not be found out, or the configuration is wrong. 4xx; `warn_if_reject` makes no warning of it. */
  | { readonly kind: 'failure'; readonly reply: SmtpReply }
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
  /** The message goes through this content filter, `transport:destination` as Postfix writes it. */
  | { readonly kind: 'filter'; readonly destination: string }
  /** One recipient more, whom nobody sees. */
  | { readonly kind: 'bcc'; readonly to: string }
  /** In place of whatever is not refused (Postfix's DEFER_IF_PERMIT): the first reason counts, up to the end of RCPT. */
  | { readonly kind: 'defer-if-permit'; readonly reply: SmtpReply }
  /** In place of a refusal later in the same list (DEFER_IF_REJECT). */
  | { readonly kind: 'defer-if-reject'; readonly reply: SmtpReply }
  /** What these say: a restriction class, or restrictions that a table or a policy server named. */
  | { readonly kind: 'list'; readonly restrictions: RestrictionList<Known> }

/** `Facts`: what must be known of whoever is judged. A restriction may stand in the list of any stage where that is known. */
export type Restriction<Facts = RecipientFacts> = {
  /** Postfix's name for it, as the log shows it. */
  readonly name: string
  /** The first at which its facts are known. */
  readonly stage: PolicyStage
  /** `warn_if_reject` stands before it: what it would refuse is only told. */
  readonly warnOnly?: true
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
export const deferIfPermit = (reply: SmtpReply): Decision => ({ kind: 'defer-if-permit', reply })
export const deferIfReject = (reply: SmtpReply): Decision => ({ kind: 'defer-if-reject', reply })
export const failure = (reply: SmtpReply): Decision => ({ kind: 'failure', reply })
export const defer = (reply: SmtpReply): Decision => ({ kind: 'defer', reply })
