// Remote delivery in the words of the queue: a group's recipients and the stored message, as one transfer to a next hop.

import type { Socket } from 'node:net'
import { type Connect, connectTcp } from '#services/delivery/remote/connect.ts'
import type { RemoteGroup } from '#services/delivery/remote/group.ts'
import { createRemoteDelivery } from '#services/delivery/remote/remote-delivery.ts'
import type { RelayAuth } from '#services/delivery/remote/session.ts'
import { createTargets } from '#services/delivery/remote/targets.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { openMessage } from '#shared/mailbox/open-message.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import { blobOf } from '#shared/queue/blob.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { nextHop } from '#shared/runtime/settings/address-kinds.ts'
import type { Core } from './core.ts'

export type OpenRemoteDelivery = {
  readonly deliver: RemoteDelivery
  /** Breaks every connection and opens no more: what was under way is deferred. */
  readonly cutOff: () => void
  /** Nothing is under way. */
  readonly isIdle: () => boolean
}

/** What a broken connection may take to be noticed. */
const CUT_OFF_MS = 500
const stopped: DeliveryResult = {
  kind: 'deferred',
  status: '4.3.2',
  reply: 'delivery interrupted, the system was stopped',
}

/** `relayhostAuth`: the login at the relay host, null for none. */
export function openRemoteDelivery(
  core: Core,
  relayhostAuth: RelayAuth | null,
): OpenRemoteDelivery {
  const { settings, store, log } = core
  const relayhost = nextHop.format(settings.relayhost)
  const sockets = new Set<Socket>()
  const interrupts = new Set<() => void>()
  let isCut = false

  const connect: Connect = async (to) => {
    const socket = await connectTcp(to)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (isCut) socket.destroy()
    return socket
  }

  const { deliver } = createRemoteDelivery({
    connect,
    resolver: createSystemResolver(),
    targets: createTargets(settings.privateDestinationNetworks),
    settings: {
      hostname: settings.hostname,
      relayhost,
      relayhostAuth,
      timeouts: {
        connectMs: settings.smtpConnectTimeout,
        greetingMs: settings.smtpGreetingTimeout,
        commandMs: settings.smtpTimeout,
        dataBlockMs: settings.smtpTimeout,
        dataTerminationMs: settings.smtpTimeout,
      },
    },
    log: log.child({ service: 'delivery' }),
  })
  const deliverRemote: RemoteDelivery = async (message, hop, recipients, onReached) => {
    const { envelope } = message
    const added = addedFields(message, settings.hostname)
    const addedEightBit = /[^\x00-\x7f]/.test(added)
    const blob = blobOf(message, added)
    const open = openMessage(store.objects, blob, '')
    const group: RemoteGroup = {
      queueId: message.queueId,
      // Also for mail that was queued when there was another relay host, or none.
      nextHop: relayhost || hop,
      sender: envelope.sender,
      recipients,
      bytes: open.size,
      // Header fields with 8-bit bytes need it (RFC 6532 §3).
      smtpUtf8: envelope.smtpUtf8 || addedEightBit,
      body: addedEightBit || decodeIndex(message.index).eightBit ? '8BITMIME' : '7BIT',
      dsnReturn: envelope.dsnReturn,
      dsnEnvelopeId: envelope.dsnEnvelopeId,
      message: () => open.stream(),
      onReached,
    }
    const interrupted = Promise.withResolvers<readonly DeliveryResult[]>()
    const interrupt = () => interrupted.resolve(recipients.map(() => stopped))
    interrupts.add(interrupt)
    try {
      return await Promise.race([deliver(group), interrupted.promise])
    } finally {
      interrupts.delete(interrupt)
    }
  }

  return {
    deliver: deliverRemote,
    isIdle: () => interrupts.size === 0,
    cutOff() {
      isCut = true
      for (const socket of sockets) socket.destroy()
      // Whatever waits for something else than a connection (DNS, another host) learns of it here.
      setTimeout(() => {
        for (const interrupt of interrupts) interrupt()
      }, CUT_OFF_MS)
    },
  }
}
