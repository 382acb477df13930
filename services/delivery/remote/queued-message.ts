// Remote delivery in the words of the queue: takes the group's facts from the queue item and the bytes from the object store.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import type { RemoteDelivery as DeliverRemote } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { RemoteGroup } from './group.ts'
import type { RemoteDelivery } from './remote-delivery.ts'

export function createDeliverRemote(parts: {
  readonly remote: RemoteDelivery
  readonly objects: ObjectStore
  readonly hostname: string
}): DeliverRemote {
  const { remote, objects, hostname } = parts
  return (message, nextHop, recipients) =>
    remote.deliver(remoteGroup({ message, nextHop, recipients, objects, hostname }))
}

function remoteGroup(parts: {
  readonly message: QueuedMessage
  readonly nextHop: string
  readonly recipients: readonly FinalRecipient[]
  readonly objects: ObjectStore
  readonly hostname: string
}): RemoteGroup {
  const { message, nextHop, recipients, objects, hostname } = parts
  const { envelope, object } = message
  const fields = Buffer.from(addedFields(message, hostname), 'latin1')
  const eightBitFields = fields.some((byte) => byte > 0x7f)
  return {
    queueId: message.queueId,
    nextHop,
    sender: canonicalSender(envelope.sender),
    recipients,
    bytes: fields.length + object.length,
    // Fields of ours are 8-bit only where they name an internationalised address (RFC 6532).
    smtpUtf8: envelope.smtpUtf8 || eightBitFields,
    body: eightBitFields || decodeIndex(message.index).eightBit ? '8BITMIME' : '7BIT',
    dsnReturn: envelope.dsnReturn,
    dsnEnvelopeId: envelope.dsnEnvelopeId,
    async *message() {
      if (fields.length > 0) yield fields
      const bytes = await objects.stream(object.key, { offset: 0, length: object.length })
      if (bytes === undefined) throw new Error(`object ${object.key} is gone`)
      yield* bytes
    },
  }
}

/** A domain of U-labels alone needs no SMTPUTF8 once it is written in A-labels. */
function canonicalSender(sender: string): string {
  const address = parseAddress(sender)
  return address === undefined ? sender : formatAddress(address)
}
