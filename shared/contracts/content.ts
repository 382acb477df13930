// What listeners ask about a message whose bytes are there, after policy (contracts/policy.ts) had nothing against it: authentication of
// mail, checks of header and body, milters, scanners, a webhook. It is asked in the listener's process, since it needs the bytes.
// Implemented by services/content, which runs steps in order; each of those implements ContentStep.

import type { HeaderEdit } from '#shared/mail/header-edits.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Judged, SmtpReply } from './policy.ts'
import type {
  EnvelopeRecipient,
  Origin,
  Rewriting,
  SmtpEnvelope,
  Spooled,
  StashedBytes,
  StreamObserver,
} from './spool.ts'

export interface ContentStage {
  /** When the first byte of the message comes. */
  begin(facts: ContentFacts): ContentJudge
}

export interface ContentJudge {
  /** See what is stored, in the one pass over it. */
  readonly observers: readonly StreamObserver[]
  /** See what the client sent, before its header is mended (shared/mail/message-cleaning.ts). */
  readonly rawObservers: readonly StreamObserver[]
  /** After all was observed. Rejects only for a bug or with TemporaryFailure, which refuses the message with 451. */
  judge(message: ContentMessage): Promise<ContentVerdict>
  /** The message is given up or refused. Does nothing where it was judged or abandoned already. */
  abandon(): void
}

/** What is known before the first byte. */
export type ContentFacts = {
  readonly queueId: QueueId
  readonly origin: Origin
  readonly envelope: SmtpEnvelope
  /** What policy found, SPF's result for example. */
  readonly judged?: Judged
  /** The connection: the same object for all its messages. Whoever keeps state of a connection keeps it by this. */
  readonly session: object
}

/** The message as the steps before left it. */
export type ContentMessage = {
  /** As it came in: index, sizes. */
  readonly spooled: Spooled
  /** As the steps before changed it. */
  readonly envelope: SmtpEnvelope
  /** The header as it is stored, or its beginning (HEADER_KEPT_BYTES_MAX of services/smtp). */
  readonly header: ByteString
  /** As of the message stage. */
  readonly judged?: Judged
  /**
   * What the steps before and policy put above its Received field of ours: Authentication-Results, for example. Fields ended by CRLF, no
   * part of `open`.
   */
  readonly onTop: ByteString
  /** Reads it from its beginning, with the edits of the steps before and without `onTop`; any number of times. */
  open(): AsyncIterable<Uint8Array>
  /** Keeps bytes until the message is decided, in the object store: what is too large for memory, such as another body. */
  stash(bytes: AsyncIterable<Uint8Array>): Promise<StashedBytes>
}

/** One step of the content stage, such as `clamd`. The first reject or discard ends the stage. */
export interface ContentStep {
  /** For the log and the decision record. */
  readonly name: string
  /** It stands there only where it found something. */
  readonly isQuiet?: true
  /** Undefined: it does not look at this message. Must not throw. */
  begin(facts: ContentFacts): ContentStepJudge | undefined
}

export interface ContentStepJudge {
  readonly observers?: readonly StreamObserver[]
  readonly rawObservers?: readonly StreamObserver[]
  /** A failure of what it asks is its own to decide about (fail open or closed); what it rejects with is 451. */
  judge(message: ContentMessage): Promise<StepVerdict>
  /** In place of `judge`, once. */
  abandon?(): void
}

/** A change of the header; `top`: a field above everything, our Received field too. */
export type ContentEdit = HeaderEdit | { readonly kind: 'top'; readonly field: ByteString }

type WantedOfContent = {
  /** In this order. */
  readonly edits?: readonly ContentEdit[]
  /** In place of the body: all behind the empty line that ends the header. */
  readonly body?: StashedBytes
  /** It is delivered into Junk here, for this reason. */
  readonly junk?: string
  /** It is taken and waits for an operator, for this reason. */
  readonly hold?: string
  /** It goes to this address in place of all its recipients. */
  readonly redirect?: string
  /** It goes through this content filter, `transport:destination`. */
  readonly filter?: string
  /** The envelope sender from now on. */
  readonly sender?: string
  readonly addRecipients?: readonly string[]
  /** Compared without regard to case. */
  readonly removeRecipients?: readonly string[]
  /** One line each in the listener's log. */
  readonly warnings?: readonly string[]
}

export type StepVerdict = WantedOfContent & {
  /** What it found, in few words and plain data: for the log and the decision record (`OK`, a virus, a score). */
  readonly found?: string
} & (
    | { readonly kind: 'accept' }
    /** With a 4xx reply: the client comes again. */
    | { readonly kind: 'reject'; readonly reply: SmtpReply }
    /** The client is told that it was taken, and nobody gets it. */
    | { readonly kind: 'discard' }
  )

/** What one step said. */
export type ContentTrace = {
  readonly step: string
  readonly verdict: 'accept' | 'reject' | 'discard' | 'junk' | 'hold' | 'redirect' | 'filter'
  readonly found?: string
  readonly ms: number
}

/** What all steps together want. */
export type ContentVerdict = {
  readonly trail: readonly ContentTrace[]
  readonly warnings: readonly string[]
} & (
  | {
      readonly kind: 'accept'
      /** Fields above everything, and those right before what is stored, under our Received field. */
      readonly onTop: ByteString
      readonly beforeStored: ByteString
      /** What the stored bytes must be rewritten with; undefined: they stay as they are. */
      readonly rewriting: Rewriting | undefined
      readonly junk?: string
      readonly hold?: string
      readonly redirect?: string
      readonly filter?: string
      readonly sender?: string
      /** Undefined: as they were. */
      readonly recipients?: readonly EnvelopeRecipient[]
    }
  | { readonly kind: 'reject'; readonly reply: SmtpReply; readonly step: string }
  | { readonly kind: 'discard'; readonly step: string }
)

export const acceptContent: StepVerdict = { kind: 'accept' }
