// What remote delivery hands to whatever carries mail away, and what that is: SMTP now. Which transport takes a message is chosen by its
// next hop, in remote-delivery.ts.

import type { Contact, DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import type { OutboundMessage } from './outbound-form.ts'

export interface Transport {
  /** One result for each recipient, in order. Rejects only for bugs, and where the message cannot be opened. */
  deliver(transfer: Transfer): Promise<readonly DeliveryResult[]>
}

/** One message on its way to one next hop. */
export type Transfer = {
  readonly queueId: string
  readonly hop: NextHop
  /** '' for the null sender. */
  readonly sender: string
  /** Addresses as `formatAddress` writes them. */
  readonly recipients: readonly EnvelopeRecipient[]
  readonly dsnReturn: SmtpEnvelope['dsnReturn']
  readonly dsnEnvelopeId: string | null
  /** Called at most once, by a transport that sends the message. */
  readonly openMessage: (limits: {
    /** 0 for no limit; see `smtpLineLengthLimit`. */
    readonly lineBytesMax: number
  }) => Promise<OutboundMessage>
  /** Told of the host that took the session. */
  readonly onContact?: (contact: Contact) => void
}
