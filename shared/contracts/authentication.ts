// What is found out about where mail comes from (RFC 8601): SPF while its sender is known, the rest when the whole message is. Plain data;
// implemented by services/authentication.

import type { Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { SmtpReply } from './policy.ts'
import type { Origin, StreamObserver } from './spool.ts'

/** RFC 7208 §2.6. */
export type SpfWord = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

/** Small, so that it goes from policy to the listener and back (`Judged`). */
export type SpfResult = {
  readonly result: SpfWord
  /** Whose record it is; of the null sender the name in HELO (RFC 7208 §2.4). */
  readonly identity: 'mailfrom' | 'helo'
  /** A-labels, in small letters. */
  readonly domain: string
  /** What its owner has to say of a refusal (RFC 7208 §6.2); somebody else's words, printable ASCII. */
  readonly explanation?: string
}

export type SpfQuestion = {
  readonly address: string
  readonly helo: string
  /** '' for the null sender. */
  readonly sender: string
}

/** SPF of a client and a sender. What cannot be found out is a result. */
export type CheckSpf = (question: SpfQuestion, dns: Resolver) => Promise<SpfResult>

/** The message stage, in the listener's process. */
export interface MailAuthentication {
  /** Undefined for mail whose client is trusted: nothing is asked, and what others said of it stays. */
  begin(origin: Origin): ArrivingMessage | undefined
}

export interface ArrivingMessage {
  /**
   * Sees the message as the client sends it, before anything of it is mended or left out: that is what was signed. `finish` is called
   * before `judge`.
   */
  readonly observer: StreamObserver
  /** Names in Authentication-Results fields that nobody outside may use (RFC 8601 §5), in small letters. */
  readonly ownAuthservIds: readonly string[]
  judge(facts: {
    readonly queueId: QueueId
    readonly sender: string
    /** As policy found it at MAIL; undefined where nobody asked. */
    readonly spf: SpfResult | undefined
  }): Promise<AuthenticationVerdict>
}

/** `prepend`: header fields for the message, each ended by CRLF, byte string; Authentication-Results stands first. */
export type AuthenticationVerdict =
  | { readonly kind: 'accept'; readonly prepend: string; readonly junk?: string }
  | { readonly kind: 'refuse'; readonly reply: SmtpReply; readonly restriction: string }
