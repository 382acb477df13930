// Reads what was recorded, of one queue id or since a time.

import type { DecisionRecord, DecisionRecords, RefusalRange } from '#shared/contracts/decisions.ts'
import { type QueueId, queueIdTime } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import {
  concerns,
  daysSince,
  decisionPartition,
  decisionShards,
  partitionOf,
  readDecision,
} from './decision-record.ts'

type Reads = Pick<Table, 'query'>

export const decisionRecords = (counters: Reads, clock: Clock): DecisionRecords => ({
  of: (queueId) => decisionsOf(counters, queueId),
  refusalsOf: (text, range) => refusalsOf(counters, text, range),
  since: (sinceMs) => decisionsSince(counters, sinceMs, clock.now()),
})

/** In the order in which they were made. */
export async function decisionsOf(counters: Reads, queueId: QueueId): Promise<DecisionRecord[]> {
  return Array.fromAsync(records(counters, partitionOf(queueId), `${queueId}#`))
}

/** Of transactions that began since then, in the order in which they began. */
export async function* decisionsSince(
  counters: Reads,
  sinceMs: number,
  nowMs: number,
): AsyncGenerator<DecisionRecord> {
  for (const day of daysSince(sinceMs, nowMs)) {
    const shards = decisionShards.map((shard) =>
      records(counters, decisionPartition(day, shard), ''),
    )
    for await (const record of inOrder(shards)) {
      if (record.atMs >= sinceMs) yield record
    }
  }
}

/** Refusals that concern a client, sender or recipient, newest first; no more than so many are looked for. */
export async function refusalsOf(
  counters: Reads,
  text: string,
  { nowMs, ...range }: RefusalRange,
): Promise<readonly DecisionRecord[]> {
  const { sinceMs, limit } = range
  const found: DecisionRecord[] = []
  for (const day of daysSince(sinceMs, nowMs).toReversed()) {
    const ofDay = await Promise.all(
      decisionShards.map((shard) =>
        refusalsIn(counters, decisionPartition(day, shard), { text, ...range }),
      ),
    )
    const newest = ofDay.flat().sort((a, b) => b.atMs - a.atMs)
    found.push(...newest.slice(0, limit - found.length))
    if (found.length === limit) break
  }
  return found
}

async function refusalsIn(
  counters: Reads,
  pk: string,
  {
    text,
    sinceMs,
    limit,
    isWanted = async () => true,
  }: Omit<RefusalRange, 'nowMs'> & { readonly text: string },
): Promise<readonly DecisionRecord[]> {
  const found: DecisionRecord[] = []
  let after: string | undefined
  do {
    const page = await counters.query({
      pk,
      // Queue ids sort by time.
      sk: { from: queueIdTime(sinceMs) },
      reverse: true,
      ...(after !== undefined && { after }),
    })
    for (const item of page.items) {
      const record = concerns(item, text) ? readDecision(item) : undefined
      if (record !== undefined && (await isWanted(record))) found.push(record)
    }
    after = page.next
  } while (after !== undefined && found.length < limit)
  return found
}

/** Queue ids sort by time, and each is in one shard. */
async function* inOrder(
  shards: readonly AsyncGenerator<DecisionRecord>[],
): AsyncGenerator<DecisionRecord> {
  const nextOf = async (shard: AsyncGenerator<DecisionRecord>) => ({
    shard,
    ...(await shard.next()),
  })
  let heads = (await Promise.all(shards.map(nextOf))).filter(({ done }) => !done)
  while (heads.length > 0) {
    const first = heads.reduce((a, b) =>
      b.value.request.queueId < a.value.request.queueId ? b : a,
    )
    yield first.value
    const next = await nextOf(first.shard)
    heads = heads.map((head) => (head === first ? next : head)).filter(({ done }) => !done)
  }
}

async function* records(
  counters: Reads,
  pk: string,
  prefix: string,
): AsyncGenerator<DecisionRecord, undefined> {
  let after: string | undefined
  do {
    const page = await counters.query({
      pk,
      limit: PAGE_RECORDS,
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

/** Made after `fromMs` and up to `toMs`, of transactions that began some minutes before at most; `isCut`: there may be more. */
export async function decisionsWithin(
  counters: Reads,
  {
    fromMs,
    toMs,
    limit,
  }: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
): Promise<{ readonly records: readonly DecisionRecord[]; readonly isCut: boolean }> {
  const beganMs = fromMs - TRANSACTION_MS
  const pages = await Promise.all(
    daysSince(beganMs, toMs).flatMap((day) =>
      decisionShards.map((shard) =>
        counters.query({
          pk: decisionPartition(day, shard),
          // Queue ids sort by time.
          sk: { from: queueIdTime(beganMs) },
          limit,
        }),
      ),
    ),
  )
  const records = pages
    .flatMap(({ items }) => items.flatMap((item) => readDecision(item) ?? []))
    .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
  return { records, isCut: pages.some(({ next }) => next !== undefined) }
}

/** From its beginning to a decision in it, mostly. */
const TRANSACTION_MS = 60_000

/** Of each shard so many are in memory at once. */
const PAGE_RECORDS = 100
