// Ends remote delivery when its process must: connections break, and whatever waits for something else (DNS, another host, the store) is
// told after a moment. What was under way is deferred.

import type { Socket } from 'node:net'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { RemoteAttempt, RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { Connect } from './connect.ts'

/** What a broken connection may take to be noticed. */
const CUT_OFF_MS = 500
const stopped = {
  kind: 'deferred',
  status: '4.3.2',
  reply: 'delivery interrupted, the system was stopped',
} as const satisfies DeliveryResult

export interface Interruption {
  /** Opens connections that `cutOff` breaks. */
  readonly connect: Connect
  /** The same delivery, with an end. */
  guard(deliver: RemoteDelivery): RemoteDelivery
  /** Breaks every connection and opens no more: what was under way is deferred, for this reason. */
  cutOff(why?: string): void
  /** Nothing is under way. */
  isIdle(): boolean
}

export function createInterruption(connect: Connect): Interruption {
  const sockets = new Set<Socket>()
  const interrupts = new Set<(result: DeliveryResult) => void>()
  let isCut = false

  return {
    async connect(to) {
      const socket = await connect(to)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      if (isCut) socket.destroy()
      return socket
    },

    guard: (deliver) => async (message, route, recipients, onContact) => {
      const interrupted = Promise.withResolvers<RemoteAttempt>()
      const interrupt = (result: DeliveryResult) =>
        interrupted.resolve({
          results: recipients.map(() => result),
          destination: { kind: 'untried' },
        })
      interrupts.add(interrupt)
      try {
        const delivered = deliver(message, route, recipients, onContact)
        return await Promise.race([delivered, interrupted.promise])
      } finally {
        interrupts.delete(interrupt)
      }
    },

    cutOff(why = stopped.reply) {
      isCut = true
      for (const socket of sockets) socket.destroy()
      setTimeout(() => {
        for (const interrupt of interrupts) interrupt({ ...stopped, reply: why })
      }, CUT_OFF_MS)
    },

    isIdle: () => interrupts.size === 0,
  }
}
