// What is in the queue, by its two indexes: what is due at some time, and what waits for an operator. Neither is in the order of arrival,
// which queue ids are: a list reads the indexes as often as it takes to have the oldest ids in memory, some at a time.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { IndexEntry, Table } from '#shared/storage/ports.ts'
import { DUE_SHARDS, duePk, HELD_PK } from './keys.ts'
import type { QueueReading } from './reading.ts'
import type { QueueEntry } from './records.ts'

export interface QueueListing {
  /**
   * Everything in the queue, oldest first, each message once, with so many ids in memory at a time. `after`: only what is younger than
   * this message. What comes into the queue meanwhile may be there or not.
   */
  list(after?: QueueId): AsyncGenerator<QueueEntry>
  /** The same, youngest first. `before`: only what is older than this message. */
  listYoungest(before?: QueueId): AsyncGenerator<QueueEntry>
  /** How much waits, without reading the messages. */
  count(): Promise<QueueCounts>
  /** How many messages there are; of more than LISTED_AT_ONCE_MAX so many. */
  messages(): Promise<number>
  /** What waits for an operator, whole or in a part, oldest first. `after`: only what is younger than this message. */
  held(after?: QueueId): AsyncGenerator<QueueEntry>
  show(queueId: QueueId): Promise<QueueEntry | undefined>
}

export type QueueCounts = {
  /** Messages that are not split yet. */
  readonly incoming: number
  /** Groups that are delivered, or tried again when it is time. */
  readonly waiting: number
  /** Messages and groups that wait for an operator. */
  readonly held: number
}

/** Ids in memory are twice as many at most. */
export const LISTED_AT_ONCE_MAX = 100_000
/** Messages read at a time. */
const LOADED_AT_ONCE = 32

export function createListing(
  reading: QueueReading,
  table: Table,
  listedAtOnceMax = LISTED_AT_ONCE_MAX,
): QueueListing {
  const list = (after?: QueueId) => inOrder(oldestFirst, after)
  const listYoungest = (before?: QueueId) => inOrder(youngestFirst, before)

  async function* inOrder(compare: Compare, from?: QueueId): AsyncGenerator<QueueEntry> {
    let last: string | undefined = from
    for (;;) {
      const ids = await nextTo(last, compare)
      for (const some of chunks(ids, LOADED_AT_ONCE)) {
        for (const entry of await Promise.all(some.map(show))) if (entry) yield entry
      }
      if (ids.length < listedAtOnceMax) return
      last = ids.at(-1) ?? last
    }
  }

  /** In order, listedAtOnceMax at most. */
  async function nextTo(last: string | undefined, compare: Compare): Promise<readonly QueueId[]> {
    let ids = new Set<QueueId>()
    // Those behind it are for the next time.
    let end: string | undefined
    const places = [...Array(DUE_SHARDS).keys()].map((shard) => ['due', duePk(shard)] as const)
    for (const [index, pk] of [...places, ['held', HELD_PK] as const]) {
      for await (const entry of indexed(index, pk)) {
        const queueId = entry.pk.slice(2) as QueueId
        if (last !== undefined && compare(queueId, last) <= 0) continue
        if (end !== undefined && compare(queueId, end) > 0) continue
        ids.add(queueId)
        if (ids.size < 2 * listedAtOnceMax) continue
        ids = new Set([...ids].sort(compare).slice(0, listedAtOnceMax))
        end = [...ids].at(-1) ?? end
      }
    }
    return [...ids].sort(compare).slice(0, listedAtOnceMax)
  }

  async function count(): Promise<QueueCounts> {
    const counts = { incoming: 0, waiting: 0, held: 0 }
    for (let shard = 0; shard < DUE_SHARDS; shard++) {
      for await (const { sk } of indexed('due', duePk(shard))) {
        if (sk === 'META') counts.incoming++
        else counts.waiting++
      }
    }
    for await (const _ of indexed('held', HELD_PK)) counts.held++
    return counts
  }

  async function messages(): Promise<number> {
    const ids = new Set<string>()
    const places = [...Array(DUE_SHARDS).keys()].map((shard) => ['due', duePk(shard)] as const)
    for (const [index, pk] of [...places, ['held', HELD_PK] as const]) {
      for await (const entry of indexed(index, pk)) {
        ids.add(entry.pk)
        if (ids.size === listedAtOnceMax) return listedAtOnceMax
      }
    }
    return ids.size
  }

  /** Those with something that waits for an operator, oldest first. */
  async function* held(after: QueueId | undefined): AsyncGenerator<QueueEntry> {
    let last = ''
    for await (const entry of indexed('held', HELD_PK, after)) {
      if (entry.pk === last) continue
      last = entry.pk
      const queueId = entry.pk.slice(2) as QueueId
      const found = queueId === after ? undefined : await show(queueId)
      if (found !== undefined) yield found
    }
  }

  async function show(queueId: QueueId): Promise<QueueEntry | undefined> {
    const [message] = await reading.load([queueId])
    if (message === undefined) return undefined
    const groups = await reading.loadGroups(queueId)
    return { message, groups: groups.filter(({ split }) => split === message.split) }
  }

  async function* indexed(
    index: 'due' | 'held',
    pk: string,
    from?: string,
  ): AsyncGenerator<IndexEntry> {
    let after: string | undefined
    do {
      const page = await table.queryIndex(index, {
        pk,
        ...(from !== undefined && { sk: { from } }),
        ...(after !== undefined && { after }),
      })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  return { list, listYoungest, count, messages, held, show }
}

/** Queue ids are in the order of arrival. */
type Compare = (a: string, b: string) => number
const oldestFirst: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
const youngestFirst: Compare = (a, b) => oldestFirst(b, a)
