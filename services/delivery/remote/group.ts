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
  /** Whether the message itself needs SMTPUTF8; that an address does is found out here. */
  readonly smtpUtf8: boolean
  /** What the message is, not what its sender declared. */
  readonly body: '7BIT' | '8BITMIME'
  /** Bytes of a line at most; longer ones are folded on their way. Undefined: lines go as they are. */
  readonly foldAt?: number | undefined
  readonly dsnReturn: SmtpEnvelope['dsnReturn']
  readonly dsnEnvelopeId: string | null
  /** Prepended header fields and the object. Called at most once, when a host is ready to take it. */
  readonly message: () => AsyncIterable<Uint8Array>
}
