// What remote delivery hands to whatever carries mail away. Which transport takes a message is chosen by its route, in remote-delivery.ts.

import type { Contact } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { Route } from '#shared/mail/route.ts'
import type { RemoteAttempt } from '#shared/queue/pipeline.ts'
import type { OutboundMessage } from './outbound-form.ts'

export interface Transport {
  /** Rejects only for bugs, and where the message cannot be opened. */
  deliver(transfer: Transfer): Promise<RemoteAttempt>
}

/** One message on its way along one route, from one sender. */
export type Transfer = {
  readonly queueId: string
  readonly route: Route
  /** '' for the null sender. */
  readonly sender: string
  /** Addresses as `formatAddress` writes them. */
  readonly recipients: readonly EnvelopeRecipient[]
  readonly dsnReturn: SmtpEnvelope['dsnReturn']
  readonly dsnEnvelopeId: string | null
  /** RFC 8689: whoever cannot be trusted to keep it under TLS does not get it. */
  readonly requireTls: boolean
  /** RFC 8689 §4.2.2: it goes without TLS where that cannot be had, whatever anybody's policy. */
  readonly tlsRequiredNo?: true
  /** How long it has been in the queue. */
  readonly ageMs: number
  /** Called at most once, by a transport that sends the message. */
  readonly openMessage: (limits: {
    /** 0 for no limit; see `smtpLineLengthLimit`. */
    readonly lineBytesMax: number
  }) => Promise<OutboundMessage>
  /** Told of the host that took the session. */
  readonly onContact?: (contact: Contact) => void
}
