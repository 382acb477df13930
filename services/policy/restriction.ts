// A restriction looks at what is known at its stage and says something or nothing (dunno), as Postfix's smtpd_*_restrictions do.
// They stand in lists (lists.ts), one a stage, which are asked in order (evaluate.ts).

import type { OwnDecision } from '#shared/contracts/decisions.ts'
import type { PolicyStage, SmtpReply } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { AtMessage, AtRecipient, Known } from './known.ts'

export type { OwnDecision }

export type Decision =
  | OwnDecision
  /** What these say: a restriction class, or restrictions that a table or a policy server named. */
  | {
      readonly kind: 'list'
      readonly restrictions: RestrictionList
      /** Said in place of a permit of theirs, where whoever named them may give none. */
      readonly onPermit?: () => OwnDecision
    }

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
