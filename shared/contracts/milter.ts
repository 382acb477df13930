// What a listener tells filters that want to hear the dialogue while it is held (milters), command by command. What they say of the
// message comes with the content stage (content.ts), which finds the conversation by the same session. Implemented by services/content.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { SmtpReply } from './policy.ts'
import type { Origin } from './spool.ts'

export interface DialogueFilters {
  /** When the first command of a client comes that they hear of. `session`: as in ContentFacts. */
  open(session: object): DialogueFilter
}

/**
 * Each command is told before it is answered, one after the other; what is answered here is said in place of the listener's own reply, and
 * ends the session where it is 421. None of it rejects, and each takes a bounded time.
 */
export interface DialogueFilter {
  /** HELO or EHLO; with the first one they hear of the connection too. */
  helo(client: DialogueClient): Promise<DialogueRefusal | undefined>
  mail(client: DialogueClient, mail: DialogueMail): Promise<DialogueRefusal | undefined>
  recipient(rcpt: DialogueRecipient): Promise<DialogueRefusal | undefined>
  /** DATA or the first BDAT. */
  data(): Promise<DialogueRefusal | undefined>
  /** A command that is none; only for filters that heard of the client. */
  unknown(line: string): Promise<DialogueRefusal | undefined>
  /** The transaction ended otherwise than with a message that was judged. */
  abort(): void
  /** The session is over. */
  close(): void
}

export type DialogueRefusal = {
  readonly reply: SmtpReply
  /** Who says so, for the log. */
  readonly filter: string
}

export type DialogueClient = {
  readonly origin: Origin
  /** SASL, as the client named it; undefined where it did not log in. */
  readonly mechanism: string | undefined
  /** Of ours, that the client connected to. */
  readonly localAddress: string | undefined
}

export type DialogueMail = {
  readonly queueId: QueueId
  /** '' for the null sender. */
  readonly sender: string
  /** As RFC 5321 §4.1.1.11 writes them. */
  readonly parameters: readonly string[]
}

export type DialogueRecipient = {
  readonly queueId: QueueId
  readonly address: string
  readonly parameters: readonly string[]
  /** It was refused with this; only filters that asked for it are told, and what they say of it does not count. */
  readonly refusal?: SmtpReply
}
