// What policy decided, as it is kept and told: who asked what, what each restriction said, what the DNS answered, the verdict. Plain data,
// so that the command line, the API and whoever asks it from afar have the same. Recorded and read by services/policy/records.

import type { RecordedDns } from '#shared/dns/recording-resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { ContentFacts, ContentTrace } from './content.ts'
import type {
  DataRequest,
  EarlyRequest,
  MessageRequest,
  PolicyStage,
  PolicyVerdict,
  RecipientRequest,
  SmtpReply,
} from './policy.ts'

/** What one restriction said. */
export type OwnDecision =
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

/** Without what a list holds: its steps stand behind it. */
export type RecordedDecision = OwnDecision | { readonly kind: 'list' }

/** One restriction that was asked, and what it said. */
export type RecordedStep = {
  readonly restriction: string
  readonly decision: RecordedDecision
  /** How many lists it stands in within this one: 1 in a restriction class. Absent: in none. */
  readonly depth?: number
  /** `warn_if_reject` stands before it, or before the list that it stands in: what it would refuse is only told. */
  readonly isWarned?: true
}

/** `ask` as policy is asked it. */
export type PolicyAsked =
  | { readonly ask: 'early'; readonly request: EarlyRequest }
  | { readonly ask: 'recipient'; readonly request: RecipientRequest }
  | { readonly ask: 'data'; readonly request: DataRequest }
  /** Without the header. */
  | { readonly ask: 'message'; readonly request: MessageRequest }

/** What filters and authentication were asked, once policy had nothing against the message. */
export type ContentAsked = {
  readonly ask: 'content'
  readonly request: Pick<ContentFacts, 'queueId' | 'origin' | 'envelope'>
}

export type Asked = PolicyAsked | ContentAsked

export type DecisionRecord = Asked & {
  readonly atMs: number
  readonly trail: readonly {
    readonly stage: PolicyStage
    readonly steps: readonly RecordedStep[]
  }[]
  /** What the steps of the content stage said. */
  readonly content?: readonly ContentTrace[]
  readonly lookups: RecordedDns
  readonly verdict: PolicyVerdict
  /** How many decisions it stands for: of a flood of refusals some are kept. */
  readonly weight: number
}

/** Decisions that were recorded, as long as they are kept. */
export interface DecisionRecords {
  /** In the order in which they were made. */
  of(queueId: QueueId): Promise<readonly DecisionRecord[]>
  /** Refusals that concern a client, sender or recipient, newest first; no more than so many are looked for. */
  refusalsOf(text: string, range: RefusalRange): Promise<readonly DecisionRecord[]>
  /** Of transactions that began since then, in the order in which they began. */
  since(sinceMs: number): AsyncIterable<DecisionRecord>
}

export type RefusalRange = {
  readonly sinceMs: number
  readonly nowMs: number
  readonly limit: number
  /** Of those that match; absent: all of them. */
  readonly isWanted?: (record: DecisionRecord) => Promise<boolean>
}

/** A recorded decision made again by other settings. */
export type Replayed = {
  readonly record: DecisionRecord & PolicyAsked
  readonly verdict: PolicyVerdict
  readonly isChanged: boolean
  /** What was asked now and not then, as `MX example.net` or a restriction; nobody answered it, so that the verdict says nothing. */
  readonly unknown: readonly string[]
}

/** What counts of a verdict: whether the mail is taken, and what the client is told. */
export function outcomeOf(verdict: PolicyVerdict): string {
  switch (verdict.kind) {
    case 'reject':
      return `${verdict.reply.code} ${verdict.reply.status} (${verdict.restriction})`
    case 'discard':
      return `discarded (${verdict.restriction})`
    default: {
      const { hold, redirect, filter } = verdict
      const besides = [
        hold !== undefined && 'held',
        redirect !== undefined && `redirected to ${redirect}`,
        filter !== undefined && `filtered by ${filter}`,
      ].filter(Boolean)
      return besides.length === 0 ? 'taken' : `taken, ${besides.join(', ')}`
    }
  }
}
