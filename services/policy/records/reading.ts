// Reads what was recorded, of one queue id or since a time.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Table } from '#shared/storage/ports.ts'
import {
  type DecisionRecord,
  daysSince,
  decisionPartition,
  decisionShards,
  partitionOf,
  readDecision,
} from './decision-record.ts'

type Reads = Pick<Table, 'query'>

/** In the order in which they were made. */
export async function decisionsOf(counters: Reads, queueId: QueueId): Promise<DecisionRecord[]> {
  return Array.fromAsync(records(counters, partitionOf(queueId), `${queueId}#`))
}

/** Of transactions that began since then, day by day. */
export async function* decisionsSince(
  counters: Reads,
  sinceMs: number,
  nowMs: number,
): AsyncGenerator<DecisionRecord> {
  for (const day of daysSince(sinceMs, nowMs)) {
    for (const shard of decisionShards) {
      for await (const record of records(counters, decisionPartition(day, shard), '')) {
        if (record.atMs >= sinceMs) yield record
      }
    }
  }
}

async function* records(
  counters: Reads,
  pk: string,
  prefix: string,
): AsyncGenerator<DecisionRecord> {
  let after: string | undefined
  do {
    const page = await counters.query({
      pk,
      ...(prefix !== '' && { sk: { prefix } }),
      ...(after !== undefined && { after }),
    })
    for (const item of page.items) {
      const record = readDecision(item)
      if (record !== undefined) yield record
    }
    after = page.next
  } while (after !== undefined)
}
