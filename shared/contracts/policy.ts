// What listeners ask policy, stage by stage, and what it answers. In process now, a Lambda function later, so requests and
// verdicts are plain data. Implemented by services/policy.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Origin, SmtpEnvelope } from './spool.ts'

export interface PolicyClient {
  /** Before RCPT is answered. */
  recipient(request: RecipientRequest): Promise<Verdict>
  /** After the whole message was received, before `250`. */
  message(request: MessageRequest): Promise<Verdict>
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
}

export type MessageRequest = {
  readonly queueId: QueueId
  readonly origin: Origin
  readonly envelope: SmtpEnvelope
  readonly bytes: number
  readonly receivedFields: number
  /** Addresses here that the message was delivered to before, as they stand in its header. A listener of the version before says nothing. */
  readonly deliveredTo?: readonly string[]
  /**
   * Addresses of the header's From and Sender fields, as `local@domain` where they are any; what names nobody stands there as its
   * text. Empty unless a client that logged in is held to its own addresses.
   */
  readonly from: readonly string[]
  readonly sender: readonly string[]
}

/** Whether more than the message must be looked at: who may use an address stands in the directory. */
export function asksDirectory({ origin: { account }, from, sender }: MessageRequest): boolean {
  return account !== null && [...from, ...sender].some((address) => address !== account.login)
}

export type Verdict =
  /**
   * Go on; `prepend` are header fields (each ended by CRLF, byte string) for the message, '' for none. `finalRecipients`: how many
   * the recipient leads to; 1 unless it is an alias.
   */
  | { readonly kind: 'permit'; readonly prepend: string; readonly finalRecipients: number }
  /** Answer this reply; a 4xx asks to come back, a 5xx is final. `restriction` names the rule for the log. */
  | { readonly kind: 'reject'; readonly reply: SmtpReply; readonly restriction: string }

export type EnhancedStatus = `${2 | 4 | 5}.${number}.${number}`

/** A reply to an SMTP command: RFC 5321 §4.2 code, RFC 3463 status and text without line ends. */
export type SmtpReply = {
  readonly code: number
  readonly status: EnhancedStatus
  readonly text: string
}
