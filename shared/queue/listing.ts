// What is in the queue, by its two indexes: what is due at some time, and what waits for an operator.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { IndexEntry, Table } from '#shared/storage/ports.ts'
import { DUE_SHARDS, duePk, HELD_PK } from './keys.ts'
import type { QueueReading } from './reading.ts'
import type { QueueEntry } from './records.ts'

export interface QueueListing {
  /** Everything in the queue, oldest first. */
  list(): AsyncGenerator<QueueEntry>
  /** How much waits, without reading the messages. */
  count(): Promise<QueueCounts>
  show(queueId: QueueId): Promise<QueueEntry | undefined>
  /** Messages that wait for an operator, whole or with some of their groups; oldest first. */
  held(): Promise<readonly QueueId[]>
}

export type QueueCounts = {
  /** Messages that are not split yet. */
  readonly incoming: number
  /** Groups that are delivered, or tried again when it is time. */
  readonly waiting: number
  /** Messages and groups that wait for an operator. */
  readonly held: number
}

export function createListing(reading: QueueReading, table: Table): QueueListing {
  async function* list(): AsyncGenerator<QueueEntry> {
    const ids = new Set<QueueId>()
    for (let shard = 0; shard < DUE_SHARDS; shard++) await collectIds('due', duePk(shard), ids)
    await collectIds('held', HELD_PK, ids)
    for (const queueId of [...ids].sort()) {
      const entry = await show(queueId)
      if (entry) yield entry
    }
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

  async function show(queueId: QueueId): Promise<QueueEntry | undefined> {
    const [message] = await reading.load([queueId])
    if (message === undefined) return undefined
    const groups = await reading.loadGroups(queueId)
    return { message, groups: groups.filter(({ split }) => split === message.split) }
  }

  async function held(): Promise<readonly QueueId[]> {
    const ids = new Set<QueueId>()
    await collectIds('held', HELD_PK, ids)
    return [...ids].sort()
  }

  async function collectIds(index: 'due' | 'held', pk: string, ids: Set<QueueId>): Promise<void> {
    for await (const entry of indexed(index, pk)) ids.add(entry.pk.slice(2) as QueueId)
  }

  async function* indexed(index: 'due' | 'held', pk: string): AsyncGenerator<IndexEntry> {
    let after: string | undefined
    do {
      const page = await table.queryIndex(index, { pk, ...(after === undefined ? {} : { after }) })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  return { list, count, show, held }
}
