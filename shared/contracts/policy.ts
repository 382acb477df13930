// What listeners ask policy, stage by stage, and what it answers. Where policy is a function of its own, versions of both sides meet
// while a deployment is under way: requests and verdicts are plain data, and what only some versions say may be absent
// (services/aws/policy-wire.ts). Implemented by services/policy.

import type { ByteString } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { SpfResult } from './authentication.ts'
import type { Origin, SmtpEnvelope } from './spool.ts'

/** In the order in which they come. */
export const policyStages = [
  'connect',
  'helo',
  'sender',
  'relay',
  'recipient',
  'data',
  'message',
] as const
export type PolicyStage = (typeof policyStages)[number]
/** Those that need no recipient. */
export type EarlyStage = 'connect' | 'helo' | 'sender'

export interface Policy {
  /** Before RCPT, for a listener that does not wait for it: what the stages up to this one say. */
  early(request: EarlyRequest): Promise<PolicyVerdict>
  /** Before RCPT is answered. Stages before that were not judged yet are judged with it (smtpd_delay_reject). */
  recipient(request: RecipientRequest): Promise<PolicyVerdict>
  /** Before DATA, or the first BDAT, is answered. */
  data(request: DataRequest): Promise<PolicyVerdict>
  /** After the whole message was received, before `250`. The stage data is judged with it where nobody asked about it before. */
  message(request: MessageRequest): Promise<PolicyVerdict>
}

/** A policy that is at hand. */
export interface DecidingPolicy extends Policy {
  /** What its list of this stage says needs neither store nor network: whoever has no right to them may ask it. */
  isPlain(stage: 'data' | 'message', listener: Origin['listener']): boolean
  /** What is done behind its answers is done. */
  settle(): Promise<void>
}

/** What policy found of a transaction and need not find again: the listener hands it back with the next question. */
export type Judged = {
  /** Early stages that it passed. */
  readonly passed: readonly EarlyStage[]
  /** What those scored. */
  readonly score: number
  /** Of the client and the sender; absent where nobody asked. */
  readonly spf?: SpfResult
  /** They want whatever is not refused to be put off, with this reply (Postfix's DEFER_IF_PERMIT). */
  readonly deferIfPermit?: { readonly reply: SmtpReply; readonly restriction: string }
}

export type EarlyRequest = {
  readonly stage: EarlyStage
  readonly queueId: QueueId
  readonly origin: Origin
  /** '' before MAIL. */
  readonly sender: string
  readonly declaredBytes: number
  readonly judged?: Judged
}

export type RecipientRequest = {
  readonly queueId: QueueId
  readonly origin: Origin
  readonly sender: string
  /** SIZE parameter of MAIL in bytes, 0 when not declared. */
  readonly declaredBytes: number
  /** How many were accepted; who they are would make the questions of one message grow with the square of its recipients. */
  readonly recipientsSoFar: number
  /** What those lead to, aliases followed to their ends. */
  readonly finalRecipientsSoFar: number
  readonly recipient: string
  /** Absent: nothing yet, or a listener of the version before asks. */
  readonly judged?: Judged
}

export type DataRequest = {
  readonly queueId: QueueId
  readonly origin: Origin
  readonly envelope: SmtpEnvelope
  /** SIZE parameter of MAIL in bytes, 0 when not declared. */
  readonly declaredBytes: number
  /** As of the last recipient. */
  readonly judged?: Judged
}

export type MessageRequest = {
  readonly queueId: QueueId
  readonly origin: Origin
  readonly envelope: SmtpEnvelope
  /** `data` was asked. A listener of the version before never does. */
  readonly isDataJudged?: true
  readonly bytes: number
  readonly receivedFields: number
  /**
   * The header as it is stored, or its beginning: a listener says how much it keeps, and a field that is not in it may stand behind. A
   * listener of the version before says nothing.
   */
  readonly header?: ByteString
  /** Addresses here that the message was delivered to before, as they stand in its header. A listener of the version before says nothing. */
  readonly deliveredTo?: readonly string[]
  /**
   * Addresses of the header's From and Sender fields, as `local@domain` where they are any; what names nobody stands there as its
   * text. Empty unless a client that logged in is held to its own addresses.
   */
  readonly from: readonly string[]
  readonly sender: readonly string[]
  /** As of the last recipient. */
  readonly judged?: Judged
}

/** Whether more than the message must be looked at: who may use an address stands in the directory. */
export function asksDirectory({ origin: { account }, from, sender }: MessageRequest): boolean {
  return account !== null && [...from, ...sender].some((address) => address !== account.login)
}

/** What is to be done with the message besides, and what is known now. Absent: nothing. */
type Besides = {
  /** One line each in the listener's log. */
  readonly warnings?: readonly string[]
  /** The message is taken and waits for an operator, for this reason. */
  readonly hold?: string
  /** The message goes to this address in place of all its recipients. */
  readonly redirect?: string
  /** The message goes through this content filter, `transport:destination`. */
  readonly filter?: string
  /** Who gets it besides its recipients. */
  readonly bcc?: readonly string[]
  readonly judged?: Judged
}

/** `restriction` names the rule for the log. A refusal of one recipient says nothing of what the message needs for his sake. */
export type PolicyVerdict =
  /**
   * Go on; `prepend` are header fields (each ended by CRLF, byte string) for the message, '' for none. `finalRecipients`: how many
   * the recipient leads to; 1 unless it is an alias.
   */
  | (Besides & {
      readonly kind: 'permit'
      readonly prepend: string
      readonly finalRecipients: number
    })
  /** Answer this reply; a 4xx asks to come back, a 5xx is final. `prepend`: of stages that were passed. */
  | (Besides & {
      readonly kind: 'reject'
      readonly reply: SmtpReply
      readonly restriction: string
      readonly prepend?: string
    })
  /** Answer as if the message were taken, and give it to nobody: all of it, whoever else may get it. */
  | (Besides & { readonly kind: 'discard'; readonly restriction: string })

export type EnhancedStatus = `${2 | 4 | 5}.${number}.${number}`

/** A reply to an SMTP command: RFC 5321 §4.2 code, RFC 3463 status and text without line ends. */
export type SmtpReply = {
  readonly code: number
  readonly status: EnhancedStatus
  readonly text: string
}
