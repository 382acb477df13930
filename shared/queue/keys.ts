// Keys of the `queue` table; the only place that knows them.
//
//   Q#<queue id>   META             the message: envelope, object, state, number of groups
//   Q#<queue id>   G#<group>        recipients that go the same way, with their own state and due time
//   Q#<queue id>   INDEX            of a message whose item would be too large: its index
//   Q#<queue id>   E#<n>            of such a message: some of its envelope recipients
//   index due:     DUE#<shard>      <look ms>#<queue id>#<group>   everything that must move again by itself: rung then
//                                   <look ms>@<due ms>#<queue id>#<group>
//                                                                  a group that is due later: then its bell is sent, to ring when it is due
//   index list:    HELD             <queue id>#<group>             what waits for an operator

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Key } from '#shared/storage/ports.ts'
import { DEFERRED_REACH_MS } from './bells.ts'

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

/** Before a deferred group is due its bell is sent, when it has so far to go: the sweeper comes by in time. */
const BELL_SENT_BEFORE_MS = DEFERRED_REACH_MS - 60_000
/** After its bell should have rung a group is rung again. */
const BELL_LOST_MS = 120_000

/**
 * Of a group that is deferred. Within reach of the queue `deferred` its bell is sent now, and looked for only when it did not come;
 * beyond that somebody has to send it later. `hasBell` says which of them.
 */
export function deferredUntil(
  queueId: QueueId,
  group: string,
  { dueMs, nowMs }: { readonly dueMs: number; readonly nowMs: number },
) {
  if (hasBell({ dueMs, nowMs })) return dueAt(queueId, group, dueMs + BELL_LOST_MS)
  const { duePk, dueSk } = dueAt(queueId, group, dueMs)
  return { duePk, dueSk: `${digits(dueMs - BELL_SENT_BEFORE_MS)}@${dueSk}` }
}

/** Its bell is sent as it is deferred. */
export const hasBell = (group: { readonly dueMs: number; readonly nowMs: number }) =>
  group.dueMs - group.nowMs <= DEFERRED_REACH_MS

/** Attributes that put an item into the due index; `group` is '' for the message itself. */
export function dueAt(queueId: QueueId, group: string, dueMs: number) {
  return {
    duePk: duePk(shardOf(queueId)),
    dueSk: `${digits(dueMs)}#${queueId}#${group}`,
  }
}

export function heldAt(queueId: QueueId, group: string) {
  return { listPk: HELD_PK, listSk: `${queueId}#${group}` }
}

export const dueUpTo = (nowMs: number) => ({ to: `${digits(nowMs)}~` })

/** When somebody has to look; `bellMs`: then its bell is to ring, and has to be sent. */
export function lookOf(dueSk: string): {
  readonly lookMs: number
  readonly bellMs: number | undefined
} {
  const later = dueSk.slice(dueDigits + 1)
  const isLater = dueSk[dueDigits] === '@'
  return {
    lookMs: Number(dueSk.slice(0, dueDigits)),
    bellMs: isLater ? Number(later.slice(0, dueDigits)) : undefined,
  }
}

function digits(ms: number): string {
  return String(ms).padStart(dueDigits, '0')
}

/** The last characters of a queue id are random. */
function shardOf(queueId: QueueId): number {
  return queueId.charCodeAt(queueId.length - 1) % DUE_SHARDS
}
