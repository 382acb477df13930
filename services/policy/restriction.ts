// A restriction looks at what is known at its stage and says something or nothing (dunno), as Postfix's smtpd_*_restrictions do.
// They stand in lists (lists.ts), one a stage, which are asked in order (evaluate.ts).

import type { PolicyStage, SmtpReply } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { AtMessage, AtRecipient, Known } from './known.ts'

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
  /** Added up, for whoever comes after it to look at. `why`: what counted how much, for whoever explains it. */
  | { readonly kind: 'score'; readonly points: number; readonly why?: string }
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
  | {
      readonly kind: 'list'
      readonly restrictions: RestrictionList
      /** Said in place of a permit of theirs, where whoever named them may give none. */
      readonly onPermit?: () => OwnDecision
    }

/** Not that of a list. */
export type OwnDecision = Exclude<Decision, { readonly kind: 'list' }>

/** `Facts`: what must be known of whoever is judged. A restriction may stand in the list of any stage where that is known. */
export type Restriction<Facts = Known> = {
  /** Postfix's name for it, with its argument as the list has it, as the log shows it. */
  readonly name: string
  /** `warn_if_reject` stands before it: what it would refuse is only told. */
  readonly warnOnly?: boolean
  /** It is decided on what the listener knows: neither store nor network is asked, and nobody looks at the recipient. */
  readonly isPlain?: boolean
  readonly decide: (facts: Facts) => Decision | Promise<Decision>
}

export type RestrictionList<Facts = Known> = readonly Restriction<Facts>[]

/** What an administrator has set, one list a stage. */
export type StageLists = { readonly [Stage in PolicyStage]: RestrictionList }

export type PolicyLists = {
  /** What no setting leaves out: before a recipient's own lists and behind them, and at the end of a message. */
  readonly firm: {
    /** With the list of the sender. */
    readonly sender: RestrictionList
    readonly beforeRecipient: RestrictionList<AtRecipient>
    readonly afterRecipient: RestrictionList<AtRecipient>
    readonly message: RestrictionList<AtMessage>
  }
  /** Who may relay differs between them. */
  readonly of: (listener: Origin['listener']) => StageLists
}

export const dunno: OwnDecision = { kind: 'dunno' }
export const permit: OwnDecision = { kind: 'permit' }
export const reject = (reply: SmtpReply): OwnDecision => ({ kind: 'reject', reply })
export const deferIfPermit = (reply: SmtpReply): OwnDecision => ({ kind: 'defer-if-permit', reply })
export const deferIfReject = (reply: SmtpReply): OwnDecision => ({ kind: 'defer-if-reject', reply })
export const failure = (reply: SmtpReply): OwnDecision => ({ kind: 'failure', reply })
export const defer = (reply: SmtpReply): OwnDecision => ({ kind: 'defer', reply })
