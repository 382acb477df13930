// sweeper: makes sure that nothing waits for ever. Rings the doorbell of every queue item whose time has come: items whose doorbell was
// lost, items whose worker died; and sends the bells of deferred groups that come within reach of the queue `deferred`, which rings
// them at their second. What one run does is bounded, whatever has piled up: the rest stays due, and the next run goes on.

import { type QueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import { formatBell } from '#shared/queue/bells.ts'
import {
  DUE_SHARDS,
  deferredUntil,
  dueAt,
  duePk,
  dueUpTo,
  groupKey,
  HELD_PK,
  lookOf,
} from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS, slotInName } from '#shared/queue/new-groups.ts'
import { INCOMING_RING_AGAIN_MS, isWaitingItem } from '#shared/queue/writes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type IndexEntry, type Queue, type Table } from '#shared/storage/ports.ts'

/** Due items read at once. */
const SWEEP_PAGE_ITEMS = 500
/** Groups whose bells one run rings or sends, at most. */
export const SWEEP_GROUPS_MAX = 16_000
/** Of those that go to one destination: what is more would only stand in the way of others. It comes by again after a lease. */
export const SWEEP_SLOT_MAX = 2_000
/** More need not be counted: the answer is the same, somebody has to look. */
export const HELD_COUNTED_MAX = 1_000

export type Sweep = {
  readonly rung: number
  /** How long the item that was due first has been waiting for us. */
  readonly lateMs: number
  /** Age of the oldest message that is tried again; 0 when none is. Whatever is deferred comes by within the longest back-off. */
  readonly oldestMs: number
}

type Bell =
  | { readonly queue: 'incoming'; readonly body: QueueId }
  | { readonly queue: 'active'; readonly body: string }
  | { readonly queue: 'deferred'; readonly body: string; readonly dueMs: number }

type ShardSweep = Omit<Sweep, 'rung'> & { readonly bells: readonly Bell[] }

export function createSweeper(deps: {
  readonly queueTable: Table
  readonly incoming: Queue
  readonly active: Queue
  readonly deferred: Queue
  readonly clock: Clock
}) {
  const { queueTable, clock } = deps
  /** The shard that may take most of what a run may do: each in turn. */
  let firstShard = 0

  /**
   * Rings what is due. `isStart`: of a process that works alone on the queue also every incoming message and every group that waits,
   * due or not: their bells went with the process before. `groupsMax`: there is no room for more of them.
   */
  async function ringDue({ isStart = false, groupsMax = SWEEP_GROUPS_MAX } = {}): Promise<Sweep> {
    const budget = new Budget(Math.min(groupsMax, SWEEP_GROUPS_MAX))
    const shards = Array.from({ length: DUE_SHARDS }, (_, n) => (firstShard + n) % DUE_SHARDS)
    firstShard = (firstShard + 1) % DUE_SHARDS
    const sweeps = await Promise.all(shards.map((shard) => ringShard(shard, isStart, budget)))
    const bells = sweeps.flatMap((sweep) => sweep.bells)
    await sendLater(bells)
    return {
      rung: bells.length,
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

  async function ringShard(shard: number, isStart: boolean, budget: Budget): Promise<ShardSweep> {
    const nowMs = clock.now()
    const bells: Bell[] = []
    let lateMs = 0
    let oldestMs = 0
    let after: string | undefined
    do {
      const page = await queueTable.queryIndex('due', {
        pk: duePk(shard),
        ...(isStart ? {} : { sk: dueUpTo(nowMs) }),
        limit: SWEEP_PAGE_ITEMS,
        ...(after === undefined ? {} : { after }),
      })
      const due = page.items.filter(({ sk, indexSk }) => {
        const { lookMs } = lookOf(indexSk)
        return lookMs <= nowMs || (isStart && sk === 'META')
      })
      const waiting = isStart && budget.isLeft ? await waitingOf(page.items, nowMs) : []
      const some = [...due, ...waiting].filter(({ sk }) => sk === 'META' || budget.take())
      for (const { pk, sk, indexSk } of some) {
        const { lookMs, bellMs } = lookOf(indexSk)
        if (bellMs === undefined) lateMs = Math.max(lateMs, nowMs - lookMs)
        if (sk !== 'META') oldestMs = Math.max(oldestMs, nowMs - queueIdMs(queueIdOf(pk)))
      }
      const rung = (await Promise.all(some.map((entry) => ring(entry, budget)))).filter(
        (bell) => bell !== undefined,
      )
      bells.push(...rung)
      await sendNow(rung)
      after = page.next
    } while (after !== undefined && (isStart || budget.isLeft))
    return { bells, lateMs, oldestMs }
  }

  /** Groups that wait for a worker, of those that are not due: an entry does not say what it waits for. */
  async function waitingOf(
    entries: readonly IndexEntry[],
    nowMs: number,
  ): Promise<readonly IndexEntry[]> {
    const maybe = entries.filter(({ sk, indexSk }) => {
      const { lookMs, bellMs } = lookOf(indexSk)
      return sk !== 'META' && bellMs === undefined && lookMs > nowMs
    })
    const items = await queueTable.batchGet(maybe.map(({ pk, sk }) => ({ pk, sk })))
    return maybe.filter((_, n) => isWaitingItem(items[n]))
  }

  async function sendNow(bells: readonly Bell[]): Promise<void> {
    const incoming = bells.flatMap((bell) => (bell.queue === 'incoming' ? [bell.body] : []))
    const active = bells.flatMap((bell) => (bell.queue === 'active' ? [bell.body] : []))
    if (incoming.length > 0) await deps.incoming.send(incoming)
    if (active.length > 0) await deps.active.send(active)
  }

  /** All that is due in one second goes together. */
  async function sendLater(bells: readonly Bell[]): Promise<void> {
    const nowMs = clock.now()
    const bySeconds = new Map<number, string[]>()
    for (const bell of bells) {
      if (bell.queue !== 'deferred') continue
      const seconds = Math.ceil(Math.max(0, bell.dueMs - nowMs) / 1_000)
      const some = bySeconds.get(seconds)
      if (some) some.push(bell.body)
      else bySeconds.set(seconds, [bell.body])
    }
    for (const [delaySeconds, bodies] of bySeconds)
      await deps.deferred.send(bodies, { delaySeconds })
  }

  /** The doorbell for a due entry; undefined when it moved by itself meanwhile, or has to wait. */
  async function ring(entry: IndexEntry, budget: Budget): Promise<Bell | undefined> {
    const queueId = queueIdOf(entry.pk)
    const nowMs = clock.now()
    if (entry.sk === 'META') {
      const mine = await move(entry, dueAt(queueId, '', nowMs + INCOMING_RING_AGAIN_MS))
      return mine ? { queue: 'incoming', body: queueId } : undefined
    }
    const name = entry.sk.slice(groupKey(queueId, '').sk.length)
    const body = formatBell({ queueId, name })
    const { bellMs: dueMs } = lookOf(entry.indexSk)
    if (dueMs !== undefined) {
      const rings = Math.max(dueMs, nowMs)
      const mine = await move(entry, deferredUntil(queueId, name, { dueMs: rings, nowMs: rings }))
      return mine ? { queue: 'deferred', body, dueMs } : undefined
    }
    const mine = await move(entry, dueAt(queueId, name, nowMs + GROUP_LEASE_MS))
    return mine && budget.takeOf(slotInName(name)) ? { queue: 'active', body } : undefined
  }

  /** Moves the time on, so that the next sweep does not ring again; false when the item moved by itself meanwhile. */
  async function move(entry: IndexEntry, place: ReturnType<typeof dueAt>): Promise<boolean> {
    try {
      await queueTable.write({
        update: { pk: entry.pk, sk: entry.sk },
        changes: { set: place },
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

/** What a run may still do. */
class Budget {
  #left: number
  readonly #bySlot = new Map<string, number>()

  constructor(groups: number) {
    this.#left = groups
  }

  get isLeft(): boolean {
    return this.#left > 0
  }

  take(): boolean {
    if (this.#left <= 0) return false
    this.#left--
    return true
  }

  takeOf(slot: string): boolean {
    const taken = this.#bySlot.get(slot) ?? 0
    this.#bySlot.set(slot, taken + 1)
    return taken < SWEEP_SLOT_MAX
  }
}

const queueIdOf = (pk: string) => pk.slice(2) as QueueId
