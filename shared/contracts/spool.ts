// What a listener that receives messages (SMTP now; LMTP, the API and sendmail later) hands to the pipeline. Implemented by
// shared/queue/spool.ts on any store.

import type { HeaderEdit } from '#shared/mail/header-edits.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'

export interface Spool {
  newQueueId(): QueueId
  /** Whether a message could be stored now: asked before its sender is taken. */
  hasRoom(): Promise<boolean>
  /**
   * Cleans the message's bytes as they arrive (shared/mail/message-cleaning.ts), stores them with bounded memory and indexes them,
   * all in one pass: what is stored is what every reader and relay gets. Nothing is queued yet.
   * A source that throws leaves nothing behind and its error is passed on. `origin`: of a stranger nothing is believed that claims to be
   * what we found (RFC 8601 §5); absent: it is one of ours.
   */
  receive(
    queueId: QueueId,
    source: AsyncIterable<Uint8Array>,
    observers?: readonly StreamObserver[],
    origin?: Origin,
  ): Promise<Spooled>
  /** Its bytes as they are stored, any number of times, before it is accepted or discarded. */
  open(spooled: Spooled): AsyncIterable<Uint8Array>
  /**
   * Stores the message anew with these changes, indexed in the same pass and under the same queue id, and forgets the bytes of before.
   * Where it fails the message is as before. Rejects with HeaderTooLong where its header is too long to be edited.
   */
  rewrite(spooled: Spooled, rewriting: Rewriting): Promise<Spooled>
  /** Keeps bytes that are no message of their own until they are discarded; a crash leaves them to the collector. */
  stash(bytes: AsyncIterable<Uint8Array>): Promise<Stash>
  /** Forgets a message that was received and is not taken. Never rejects. */
  discard(spooled: Spooled): Promise<void>
  /**
   * Takes responsibility: when this resolves, object and queue item are durable and `250` may be said. Resolves to the Message-ID that
   * readers see, null where there is none.
   */
  accept(message: AcceptedMessage): Promise<string | null>
}

/** Another header, and another body: all behind the empty line that ends the header. */
export type Rewriting = {
  /** In this order. */
  readonly edits: readonly HeaderEdit[]
  readonly body?: StashedBytes
}

export interface StashedBytes {
  readonly bytes: number
  /** From the beginning, any number of times. */
  open(): AsyncIterable<Uint8Array>
}

export interface Stash extends StashedBytes {
  /** Never rejects. */
  discard(): Promise<void>
}

/** Sees in the one pass over a message what is stored, piece by piece, and then its end; keeps what it found for whoever made it. */
export interface StreamObserver {
  /** Must not change the bytes, nor keep them: they are somebody else's afterwards. */
  push(stored: Uint8Array): void
  /** All was seen. Comes before `receive` resolves, and not at all where the source throws. */
  finish(): void
}

export type Spooled = {
  readonly queueId: QueueId
  /** Of what was stored. */
  readonly index: MessageIndex
  /** Its header is signed, or the whole message: a line more or less breaks that. */
  readonly isSigned: boolean
  /** Addresses here that it was delivered to before. */
  readonly deliveredTo: readonly string[]
  /** Its header asks for delivery without TLS where that cannot be had (RFC 8689 §3). */
  readonly isTlsOptional?: boolean
  /** It has one of `messageRejectCharacters`. */
  readonly isDisallowed: boolean
  /** Its bytes are in the store already: whoever may not read there cannot have it rewritten. */
  readonly isStored?: true
}

export type AcceptedMessage = {
  readonly spooled: Spooled
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  /** Header fields to put before the message, each ended by CRLF, as byte string: the Received field. */
  readonly prepend: string
  readonly arrivedMs: number
  /** Why it waits for an operator from the first on; absent: it is on its way. */
  readonly held?: string
  /** The content filter that it goes through, `transport:destination` as Postfix writes it; absent: none. */
  readonly filter?: string
  /** Recipients here get it in their folder for unwanted mail; absent: where else they want it. */
  readonly junk?: true
}

/** RFC 5321 envelope; addresses without angle brackets, as given (the null sender is ''). */
export type SmtpEnvelope = {
  readonly sender: string
  readonly recipients: readonly EnvelopeRecipient[]
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtpUtf8: boolean
  readonly requireTls: boolean
  /** RFC 8689 §4.2.2: what recipients' domains ask of TLS is passed over. Never beside `requireTls`. */
  readonly tlsRequiredNo?: true
  /** RFC 3461 RET and ENVID (xtext decoded), kept for delivery status notifications. */
  readonly dsnReturn: 'FULL' | 'HDRS' | null
  readonly dsnEnvelopeId: string | null
}

export type EnvelopeRecipient = {
  readonly address: string
  /** RFC 3461 NOTIFY, empty when not given, and ORCPT as `type;address` (xtext decoded). */
  readonly notify: readonly ('NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY')[]
  readonly originalRecipient: string | null
}

/** Printable ASCII. */
export type ClientCertificate = {
  readonly subject: string
  readonly issuer: string
  /** SHA-256 of it. */
  readonly fingerprint: string
  /** SHA-256 of its public key (SubjectPublicKeyInfo); a listener of the version before says nothing. */
  readonly publicKeyFingerprint?: string
  /** By an authority that is trusted, and valid now. What else it is worth, it does not say. */
  readonly verified: boolean
}

/** Where a message came from, as policy and cleanup need it. */
export type Origin = {
  readonly listener: 'smtp' | 'submission' | 'submissions' | 'lmtp' | 'reinjection' | 'local'
  readonly remoteAddress: string
  readonly remotePort: number
  readonly helo: string
  readonly tls: {
    readonly protocol: string
    readonly cipher: string
    /** Undefined where none was asked for, null where none was sent. For the Received field; not kept with the message. */
    readonly clientCertificate?: ClientCertificate | null
  } | null
  /** Set when the sender logged in: then submission rules apply (missing header fields are added). */
  readonly account: {
    readonly id: string
    readonly login: string
    /** For policy; not kept with the message. */
    readonly sessionsEpoch?: number
  } | null
  /** It did not wait for a reply that it must wait for (RFC 2920 §3.1), or for the greeting. For policy; not kept with the message. */
  readonly sentAhead?: true
  /** What policy servers are told besides; not kept with the message. A listener of the version before says nothing. */
  readonly dialogue?: {
    /** EHLO, or LHLO. */
    readonly extended: boolean
    /** Of ours, that it connected to. */
    readonly localAddress: string
    readonly localPort: number
    /** SASL, by which it logged in. */
    readonly mechanism?: string
  }
}
