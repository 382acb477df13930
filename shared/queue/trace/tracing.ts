// What the queue writes to tell a message's story, with the changes that it tells: how a message and its groups end, what is done with
// a group, what an operator did.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import type { Condition, Item, Key, Write } from '#shared/storage/ports.ts'
import { apartKey, groupKey, messageKey } from '../keys.ts'
import type { Group, QueuedMessage } from '../records.ts'
import { type Deed, deedItem } from './deeds.ts'
import { endedGroupItem, endedMessageItem, type HowEnded } from './ended.ts'
import { extended, noTrail, type Trail, type TrailEvent } from './trail.ts'

export interface Tracing {
  /** False: nothing is kept. */
  readonly isOn: boolean
  /** The trail of what goes on, with one more event. */
  extend(of: { readonly trail?: Trail }, event: TrailEvent): { readonly trail?: Trail }
  /** Takes a message off the queue, with all that lies apart; its own item first. */
  endMessage(
    message: QueuedMessage,
    condition: Condition,
    how: HowEnded,
  ): readonly [EndWrite, ...{ readonly delete: Key }[]]
  /** Takes a group off the queue. Its trail has the last event. */
  endGroup(group: Group, condition?: Condition): EndWrite
  /** What was done with a message beside all attempts: none where nothing is kept. */
  deed(queueId: QueueId, deed: Omit<Deed, 'atMs'>): readonly { readonly put: Item }[]
}

export type EndWrite = Extract<Write, { put: unknown } | { delete: unknown }>

export function createTracing({
  retentionMs,
  clock,
}: {
  readonly retentionMs: number
  readonly clock: Clock
}): Tracing {
  const isOn = retentionMs > 0
  const ttl = () => Math.ceil((clock.now() + retentionMs) / 1_000)

  return {
    isOn,
    extend({ trail = noTrail }, event) {
      return isOn ? { trail: extended(trail, event) } : {}
    },
    endMessage(message, condition, how) {
      const { queueId, apart } = message
      const key = messageKey(queueId)
      const facts = { how, endedMs: clock.now(), ttl: ttl() }
      const own: EndWrite = isOn
        ? { put: endedMessageItem(message, key, facts), if: condition }
        : { delete: key, if: condition }
      return [own, ...apart.map((sk) => ({ delete: apartKey(queueId, sk) }))]
    },
    endGroup(group, condition) {
      const key = groupKey(group.queueId, group.name)
      const guard = condition && { if: condition }
      return isOn ? { put: endedGroupItem(group, key, ttl()), ...guard } : { delete: key, ...guard }
    },
    deed(queueId, deed) {
      if (!isOn) return []
      const unique = Buffer.from(takeRandomBytes(DEED_NAME_BYTES)).toString('hex')
      return [{ put: deedItem(queueId, { ...deed, atMs: clock.now() }, { unique, ttl: ttl() }) }]
    },
  }
}

const DEED_NAME_BYTES = 4
