import type { Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'

/** A message that follows from a delivery: redirected mail, a reply. It comes into the queue with the result of its recipient, or not at all. */
export type NewMessage = {
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  /** Header fields before the content, byte string. */
  readonly prepend: string
  readonly content:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    /** The bytes of the message that is delivered. */
    | { readonly kind: 'same' }
}
