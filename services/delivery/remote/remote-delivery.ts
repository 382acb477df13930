// Remote delivery: the queue's message and recipients as one transfer, and the transport that takes it to its next hop. The transport is
// chosen here and nowhere else.

import type { NextHop } from '#shared/mail/next-hop.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { openOutboundMessage } from './outbound-message.ts'
import type { Transport } from './transport.ts'

export function createRemoteDelivery(deps: {
  readonly objects: ObjectStore
  /** `isFilter`: the hop is the message's content filter. */
  readonly transportOf: (hop: NextHop, about: { readonly isFilter: boolean }) => Transport
  /** Our name, in header fields that a message lacks. */
  readonly hostname: string
}): RemoteDelivery {
  return async function deliverRemote(message, hop, recipients, onContact) {
    const { sender, dsnReturn, dsnEnvelopeId } = message.envelope
    return deps.transportOf(hop, { isFilter: message.filter !== null }).deliver({
      queueId: message.queueId,
      hop,
      sender,
      recipients,
      dsnReturn,
      dsnEnvelopeId,
      openMessage: ({ lineBytesMax }) =>
        openOutboundMessage(
          message,
          { objects: deps.objects },
          { hostname: deps.hostname, lineBytesMax },
        ),
      onContact,
    })
  }
}
