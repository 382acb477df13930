// sweeper: makes sure that nothing waits for ever. Rings the doorbell of every queue item whose time has come: deferred
// groups, items whose doorbell was lost, items whose worker died.

import { type QueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import { DUE_SHARDS, dueAt, dueMsOf, duePk, dueUpTo, HELD_PK } from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { INCOMING_RING_AGAIN_MS } from '#shared/queue/writes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type IndexEntry, type Queue, type Table } from '#shared/storage/ports.ts'

/** Due items read at once. */
const SWEEP_PAGE_ITEMS = 500
/** More need not be counted: the answer is the same, somebody has to look. */
export const HELD_COUNTED_MAX = 1_000

export type Sweep = {
  readonly rung: number
  /** How long the item that was due first has been waiting for us. */
  readonly lateMs: number
  /** Age of the oldest message that is tried again; 0 when none is. Whatever is deferred comes by within the longest back-off. */
  readonly oldestMs: number
}

export function createSweeper(deps: {
  readonly queueTable: Table
  readonly incoming: Queue
  readonly active: Queue
  readonly clock: Clock
}) {
  const { queueTable, clock } = deps

  /** Rings what is due. `incomingNow` also rings every incoming message, due or not: for the start after a crash. */
  async function ringDue({ incomingNow = false } = {}): Promise<Sweep> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => shard)
    const sweeps = await Promise.all(shards.map((shard) => ringShard(shard, incomingNow)))
    return {
      rung: sweeps.reduce((sum, { rung }) => sum + rung, 0),
      lateMs: Math.max(...sweeps.map(({ lateMs }) => lateMs)),
      oldestMs: Math.max(...sweeps.map(({ oldestMs }) => oldestMs)),
    }
  }

  /** Messages and groups that wait for an operator, HELD_COUNTED_MAX at most. */
  async function countHeld(): Promise<number> {
    let held = 0
    let after: string | undefined
    do {
      const page = await queueTable.queryIndex('held', {
        pk: HELD_PK,
        limit: HELD_COUNTED_MAX - held,
        ...(after === undefined ? {} : { after }),
      })
      held += page.items.length
      after = page.next
    } while (after !== undefined && held < HELD_COUNTED_MAX)
    return held
  }

  async function ringShard(shard: number, incomingNow: boolean): Promise<Sweep> {
    const nowMs = clock.now()
    let rung = 0
    let lateMs = 0
    let oldestMs = 0
    let after: string | undefined
    do {
      const page = await queueTable.queryIndex('due', {
        pk: duePk(shard),
        ...(incomingNow ? {} : { sk: dueUpTo(nowMs) }),
        limit: SWEEP_PAGE_ITEMS,
        ...(after === undefined ? {} : { after }),
      })
      const due = page.items.filter(
        (entry) => entry.sk === 'META' || dueMsOf(entry.indexSk) <= nowMs,
      )
      for (const { indexSk } of due) lateMs = Math.max(lateMs, nowMs - dueMsOf(indexSk))
      for (const { pk, sk } of due) {
        if (sk !== 'META') oldestMs = Math.max(oldestMs, nowMs - queueIdMs(queueIdOf(pk)))
      }
      const rings = await Promise.all(due.map(ring))
      const incoming = rings.flatMap((bell) => (bell?.queue === 'incoming' ? [bell.body] : []))
      const active = rings.flatMap((bell) => (bell?.queue === 'active' ? [bell.body] : []))
      if (incoming.length > 0) await deps.incoming.send(incoming)
      if (active.length > 0) await deps.active.send(active)
      rung += incoming.length + active.length
      after = page.next
    } while (after !== undefined)
    return { rung, lateMs, oldestMs }
  }

  /** The doorbell for a due entry; undefined when it moved by itself meanwhile. */
  async function ring(entry: IndexEntry) {
    const queueId = queueIdOf(entry.pk)
    if (entry.sk === 'META') {
      const mine = await postpone(entry, queueId, '', INCOMING_RING_AGAIN_MS)
      return mine ? ({ queue: 'incoming', body: queueId } as const) : undefined
    }
    const group = entry.sk.slice(2)
    const mine = await postpone(entry, queueId, group, GROUP_LEASE_MS)
    return mine ? ({ queue: 'active', body: `${queueId} ${group}` } as const) : undefined
  }

  /** Moves the due time on, so that the next sweep does not ring again; false when the item moved by itself meanwhile. */
  async function postpone(
    entry: IndexEntry,
    queueId: QueueId,
    group: string,
    byMs: number,
  ): Promise<boolean> {
    try {
      await queueTable.write({
        update: { pk: entry.pk, sk: entry.sk },
        changes: { set: dueAt(queueId, group, clock.now() + byMs) },
        if: { attribute: 'dueSk', is: '=', value: entry.indexSk },
      })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return { ringDue, countHeld }
}

const queueIdOf = (pk: string) => pk.slice(2) as QueueId
