// RFC 5321 §6.3: what ends a loop between servers.

import { lookupKey } from '#shared/mail/address.ts'
import type { AtMessage } from './known.ts'
import { forwardingLoop, tooManyHops } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** Counting Received fields. */
export function limitHops(max: number): Restriction<AtMessage> {
  return {
    name: 'hopcount_limit',
    decide: ({ message }) => (message.receivedFields > max ? reject(tooManyHops) : dunno),
  }
}

/**
 * Where every recipient has the message already its sender is told; those who have it among others are left out at delivery, as are
 * those whom only an alias leads to.
 */
export const rejectDeliveredBefore: Restriction<AtMessage> = {
  name: 'delivered_to',
  decide({ message: { envelope, deliveredTo = [] } }) {
    const before = new Set(deliveredTo.map(lookupKey))
    const { recipients } = envelope
    const [first] = recipients
    const all = recipients.every(({ address }) => before.has(lookupKey(address)))
    return first !== undefined && all ? reject(forwardingLoop(first.address)) : dunno
  },
}
