// How much waits in the queue, and for how long: read from its indexes alone, whose entries name the message, and its name says when it came.

import { parseQueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import { DUE_SHARDS, duePk, HELD_PK } from '#shared/queue/keys.ts'
import type { IndexEntry, Table } from '#shared/storage/ports.ts'
import type { FigureValues } from './counter.ts'

/** Entries looked at: of a longer queue the figures are of these. */
export const ENTRIES_MAX = 10_000

export async function agesOf(table: Table, nowMs: number): Promise<FigureValues> {
  const counts = { incoming: 0, waiting: 0, held: 0 }
  const ages: number[] = []
  let left = ENTRIES_MAX
  for (const shard of Array(DUE_SHARDS).keys()) {
    for await (const { pk, sk } of indexed(table, 'due', duePk(shard), left)) {
      left--
      if (sk === 'META') counts.incoming++
      else counts.waiting++
      const id = parseQueueId(pk.slice(2))
      if (id !== undefined) ages.push(Math.max(0, nowMs - queueIdMs(id)))
    }
  }
  for await (const _ of indexed(table, 'held', HELD_PK, left)) counts.held++
  ages.sort((a, b) => a - b)
  const at = (part: number) => Math.round((ages[Math.floor(part * (ages.length - 1))] ?? 0) / 1_000)
  return new Map([
    ['queueMessages/incoming', counts.incoming],
    ['queueMessages/waiting', counts.waiting],
    ['queueMessages/held', counts.held],
    ['queueAge/p50', at(0.5)],
    ['queueAge/p95', at(0.95)],
    ['queueAge/max', at(1)],
  ])
}

async function* indexed(
  table: Table,
  index: 'due' | 'held',
  pk: string,
  max: number,
): AsyncGenerator<IndexEntry> {
  let after: string | undefined
  let left = max
  do {
    const page = await table.queryIndex(index, { pk, ...(after !== undefined && { after }) })
    for (const entry of page.items) {
      if (left-- <= 0) return
      yield entry
    }
    after = page.next
  } while (after !== undefined)
}
