// Remote delivery in the words of the queue: a group's recipients and the stored message, as one transfer to a next hop.

import type { Socket } from 'node:net'
import { type Connect, connectTcp } from '#services/delivery/remote/connect.ts'
import {
  createRemoteDelivery,
  type RemoteDeliverySettings,
} from '#services/delivery/remote/remote-delivery.ts'
import type { RelayAuth } from '#services/delivery/remote/session.ts'
import { createTargets } from '#services/delivery/remote/targets.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { nextHop } from '#shared/runtime/settings/address-kinds.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import type { Core } from './core.ts'
import { outgoing } from './outgoing.ts'

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

export type RemoteSecrets = {
  /** The login at the relay host, null for none. */
  readonly relayhostAuth: RelayAuth | null
  /** PEM certificates to trust instead of the usual ones. */
  readonly tlsCa: string | undefined
}

export function openRemoteDelivery(core: Core, secrets: RemoteSecrets): OpenRemoteDelivery {
  const { settings, store, log } = core
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
    settings: remoteSettings(settings, secrets),
    log: log.child({ service: 'delivery' }),
  })
  const send: RemoteDelivery = async (message, hop, recipients, onReached) => {
    const { envelope } = message
    const content = outgoing(message, addedFields(message, settings.hostname), store.objects)
    return await deliver({
      queueId: message.queueId,
      nextHop: hop,
      sender: envelope.sender,
      recipients,
      bytes: content.bytes,
      smtpUtf8: await content.needsSmtpUtf8(),
      body: content.isEightBit ? '8BITMIME' : '7BIT',
      foldAt: await content.foldAt(settings.smtpLineLengthLimit),
      dsnReturn: envelope.dsnReturn,
      dsnEnvelopeId: envelope.dsnEnvelopeId,
      message: content.read,
      onReached,
    })
  }
  const deliverRemote: RemoteDelivery = async (...given) => {
    const [, , recipients] = given
    const interrupted = Promise.withResolvers<readonly DeliveryResult[]>()
    const interrupt = () => interrupted.resolve(recipients.map(() => stopped))
    interrupts.add(interrupt)
    try {
      return await Promise.race([send(...given), interrupted.promise])
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
      // Whatever waits for something else than a connection (DNS, another host, the store) learns of it here.
      setTimeout(() => {
        for (const interrupt of interrupts) interrupt()
      }, CUT_OFF_MS)
    },
  }
}

export function remoteSettings(
  settings: Settings,
  { relayhostAuth, tlsCa }: RemoteSecrets,
): RemoteDeliverySettings {
  return {
    hostname: settings.hostname,
    relayhost: nextHop.format(settings.relayhost),
    relayhostAuth,
    tlsSecurityLevel: settings.smtpTlsSecurityLevel,
    tlsCa,
    disableMimeOutputConversion: settings.disableMimeOutputConversion,
    timeouts: {
      connectMs: settings.smtpConnectTimeout,
      greetingMs: settings.smtpGreetingTimeout,
      commandMs: settings.smtpTimeout,
      dataBlockMs: settings.smtpTimeout,
      dataTerminationMs: settings.smtpTimeout,
    },
  }
}
