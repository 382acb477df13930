// Remote delivery: the queue's message and recipients as one transfer, and the transport that takes it along its route. The transport is
// chosen here and nowhere else.

import type { Route } from '#shared/mail/route.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { openOutboundMessage } from './outbound-message.ts'
import type { Signing } from './signing/signing.ts'
import type { Transport } from './transport.ts'

export function createRemoteDelivery(deps: {
  readonly objects: ObjectStore
  /** `isFilter`: it leads to the message's content filter. */
  readonly transportOf: (route: Route, about: { readonly isFilter: boolean }) => Transport
  readonly signing?: Signing
  readonly clock: Clock
  /** Our name, in header fields that a message lacks. */
  readonly hostname: string
}): RemoteDelivery {
  return async function deliverRemote(message, route, recipients, onContact) {
    const { sender, dsnReturn, dsnEnvelopeId, requireTls, tlsRequiredNo } = message.envelope
    return deps.transportOf(route, { isFilter: message.filter !== null }).deliver({
      queueId: message.queueId,
      route,
      sender,
      recipients,
      dsnReturn,
      dsnEnvelopeId,
      requireTls,
      ...(tlsRequiredNo && { tlsRequiredNo }),
      ageMs: deps.clock.now() - message.arrivedMs,
      openMessage: ({ lineBytesMax }) =>
        openOutboundMessage(
          message,
          { objects: deps.objects, signing: deps.signing },
          { hostname: deps.hostname, lineBytesMax, forwarder: recipients[0]?.original },
        ),
      onContact,
    })
  }
}
