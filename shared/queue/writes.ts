// Writes of the `queue` table that several changes of a message have in common.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import {
  type Condition,
  type Item,
  type Key,
  StorageMisuse,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { groupItem } from './group-item.ts'
import { apartKey, deferredUntil, dueAt, groupKey, heldAt, messageKey } from './keys.ts'
import {
  type Group,
  type GroupState,
  type MessageState,
  messageItems,
  type QueuedMessage,
  storedGroupState,
  storedMessageState,
} from './records.ts'

/** When an incoming message is rung again because nothing happened. */
export const INCOMING_RING_AGAIN_MS = 60_000

/** A message where it is found: held, before an operator; else incoming, and due should its bell get lost. Its own item first, which must be new. */
export function messagePuts(
  message: QueuedMessage,
): readonly [{ put: Item; if: Condition }, ...{ put: Item }[]] {
  const { queueId, state, arrivedMs } = message
  const place =
    state === 'held' ? heldAt(queueId, '') : dueAt(queueId, '', arrivedMs + INCOMING_RING_AGAIN_MS)
  const [item, ...apart] = messageItems(message)
  return [
    { put: { ...item, ...place }, if: { absent: 'pk' } },
    ...apart.map((part) => ({ put: part })),
  ]
}

/** Messages born of what became of another, at most, in items: they are written in the transaction that says so. */
export const CREATED_ITEMS_MAX = 40
export const CREATED_BYTES_MAX = 1_000_000

/**
 * Writes of messages that are born in a transaction. Refuses, before anything is written, what would not fit beside the rest of it: who
 * makes them makes fewer, or keeps large ones small.
 */
export function createdPuts(messages: readonly QueuedMessage[]): readonly Write[] {
  const puts = messages.flatMap(messagePuts)
  if (fit(puts)) return puts
  throw new StorageMisuse(
    `${puts.length} items born of one message, at most ${CREATED_ITEMS_MAX} of ${CREATED_BYTES_MAX} bytes`,
  )
}

/** Whether `createdPuts` takes them. */
export const canBeCreated = (messages: readonly QueuedMessage[]): boolean =>
  fit(messages.flatMap(messagePuts))

function fit(puts: readonly { readonly put: Item }[]): boolean {
  const bytes = puts.reduce((sum, { put }) => sum + itemBytes(put), 0)
  return puts.length <= CREATED_ITEMS_MAX && bytes <= CREATED_BYTES_MAX
}

/** Takes a message off the queue with all that lies apart. */
export function removal(
  { queueId, apart }: Pick<QueuedMessage, 'queueId' | 'apart'>,
  condition: Condition,
): readonly [{ delete: Key; if: Condition }, ...{ delete: Key }[]] {
  return [
    { delete: messageKey(queueId), if: condition },
    ...apart.map((sk) => ({ delete: apartKey(queueId, sk) })),
  ]
}

/** A group where it is found: by its due time, or among what waits for an operator. */
export function groupPut(group: Group, nowMs: number): { readonly put: Item } {
  const item = groupItem(group, groupKey(group.queueId, group.name))
  return { put: { ...item, ...placeOf(group, nowMs) } }
}

function placeOf({ queueId, name, state, dueMs }: Group, nowMs: number) {
  if (dueMs === null) return heldAt(queueId, name)
  if (state === 'deferred') return deferredUntil(queueId, name, { dueMs, nowMs })
  return dueAt(queueId, name, dueMs)
}

/** Takes a message or a group out of the due index and puts it before an operator. */
export const heldChanges = (queueId: QueueId, group: string) =>
  ({ set: heldAt(queueId, group), remove: ['duePk', 'dueSk'] }) as const

/** Of a group that waits for its first worker, or of one whose place was taken by it. */
export const isWaitingItem = (item: Item | undefined) =>
  item?.state === storedGroupState.waiting && item.leaseUntilMs === 0

export const isMessage = (state: MessageState) => is('state', storedMessageState[state])
export const isGroup = (state: GroupState) => is('state', storedGroupState[state])

/** Nobody has changed it since it was read: worked on it, or done with it what an operator does. */
export const isAsSeen = ({ state, attempts, leaseUntilMs, dueMs }: Group): Condition => ({
  all: [
    isGroup(state),
    is('attempts', attempts),
    is('leaseUntilMs', leaseUntilMs),
    ...(dueMs === null ? [] : [is('dueMs', dueMs)]),
  ],
})

export const is = (attribute: string, value: string | number) =>
  ({ attribute, is: '=', value }) as const

/** What may be written outside of a transaction. */
export type LoneWrite = Exclude<Write, { check: unknown }>

/** All or nothing. One write costs half of a transaction of one. */
export async function writeAll(
  table: Table,
  writes: readonly [LoneWrite, ...Write[]],
): Promise<void> {
  const [only, ...more] = writes
  if (more.length === 0) await table.write(only)
  else await table.transact(writes)
}

export function keyOf(write: Write): Key {
  if ('put' in write) return { pk: write.put.pk, sk: write.put.sk }
  if ('update' in write) return write.update
  return 'delete' in write ? write.delete : write.check
}
