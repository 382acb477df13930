// Keys of the `queue` table; the only place that knows them.
//
//   Q#<queue id>   META             the message: envelope, object, state, number of groups
//   Q#<queue id>   G#<group>        recipients that go the same way, with their own state and due time
//   Q#<queue id>   INDEX            of a message whose item would be too large: its index
//   Q#<queue id>   E#<n>            of such a message: some of its envelope recipients
//   index due:     DUE#<shard>      <due ms>#<queue id>#<group>    everything that must move again by itself
//   index list:    HELD             <queue id>#<group>             what waits for an operator

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Key } from '#shared/storage/ports.ts'

/** Partitions of the due index, so that one busy queue does not heat one partition. */
export const DUE_SHARDS = 16
const dueDigits = 15

export const messageKey = (queueId: QueueId): Key => ({ pk: `Q#${queueId}`, sk: 'META' })
export const groupKey = (queueId: QueueId, group: string): Key => ({
  pk: `Q#${queueId}`,
  sk: `G#${group}`,
})
export const apartKey = (queueId: QueueId, sk: string): Key => ({ pk: `Q#${queueId}`, sk })
export const INDEX_SK = 'INDEX'
export const recipientsSk = (n: number) => `E#${String(n).padStart(4, '0')}`
export const groupsRange = { prefix: 'G#' } as const

export const duePk = (shard: number) => `DUE#${shard}`
export const HELD_PK = 'HELD'

/** Attributes that put an item into the due index; `group` is '' for the message itself. */
export function dueAt(queueId: QueueId, group: string, dueMs: number) {
  return {
    duePk: duePk(shardOf(queueId)),
    dueSk: `${String(dueMs).padStart(dueDigits, '0')}#${queueId}#${group}`,
  }
}

export function heldAt(queueId: QueueId, group: string) {
  return { listPk: HELD_PK, listSk: `${queueId}#${group}` }
}

export const dueUpTo = (nowMs: number) => ({ to: `${String(nowMs).padStart(dueDigits, '0')}~` })
export const dueMsOf = (dueSk: string) => Number(dueSk.slice(0, dueDigits))

/** The last characters of a queue id are random. */
function shardOf(queueId: QueueId): number {
  return queueId.charCodeAt(queueId.length - 1) % DUE_SHARDS
}
