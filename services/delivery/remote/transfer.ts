import type { Via } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'

/** One message on its way to one next hop. */
export type RemoteGroup = {
  readonly queueId: string
  /** Postfix's notation: `example.net` (by its MX records), `[mail.example.net]:587` (that host), an address literal. */
  readonly nextHop: string
  /** '' for the null sender. */
  readonly sender: string
  /** Addresses as `formatAddress` writes them. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** Exactly what `message` yields. */
  readonly bytes: number
  /** Whether header fields need SMTPUTF8; that an address does is found out here. */
  readonly smtpUtf8: boolean
  /** What the message is, not what its sender declared. */
  readonly body: '7BIT' | '8BITMIME'
  /** Bytes of a line at most; longer ones are folded on their way. Undefined: lines go as they are. */
  readonly foldAt?: number | undefined
  readonly dsnReturn: SmtpEnvelope['dsnReturn']
  readonly dsnEnvelopeId: string | null
  /** Prepended header fields and the object. Called at most once, when a host is ready to take it. */
  readonly message: (form: MessageForm) => AsyncIterable<Uint8Array>
  /** Told of the host that took the session. */
  readonly onReached?: (via: Via) => void
}

export type MessageForm = {
  /** Whether our own trace fields may have 8-bit bytes: names and addresses in them, if there are any. */
  readonly smtpUtf8: boolean
  /** Bodies as quoted-printable where they have 8-bit bytes; then it yields more than `bytes`, and throws when it is not whole. */
  readonly sevenBit: boolean
}
