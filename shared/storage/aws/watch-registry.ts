// Which tasks watch which topics, kept in the `mail` table: `W#<topic>/T#<taskId>` while a task watches a topic, and
// `T#<taskId>/LEASE` with the task's queue while the task lives. One item a task, not one a session.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, Table } from '../ports.ts'

/** Three renewals may fail before others take the task for dead. */
export const LEASE_RENEWAL_MS = 30_000
const LEASE_MS = 100_000
/** How long writers believe what they read of a lease. */
const LEASE_CACHE_MS = 10_000
const LEASES_CACHED_MAX = 1_000
/** A lease that ended so long ago is removed by its `ttl`; then whoever meets the task's watches removes them. */
const LEASE_KEPT_MS = 24 * 3_600_000

export type WatchRegistryOptions = {
  readonly table: Table
  readonly taskId: string
  readonly clock: Clock
}

type Lease = { readonly item: Item | undefined; readonly readMs: number }

export class WatchRegistry {
  readonly #table: Table
  readonly #taskId: string
  readonly #clock: Clock
  readonly #leases = new Map<string, Lease>()

  constructor(options: WatchRegistryOptions) {
    this.#table = options.table
    this.#taskId = options.taskId
    this.#clock = options.clock
  }

  async watch(topic: string): Promise<void> {
    await this.#table.write({ put: watchKey(topic, this.#taskId) })
  }

  async unwatch(topics: readonly string[]): Promise<void> {
    await this.#table.batchWrite(topics.map((topic) => ({ delete: watchKey(topic, this.#taskId) })))
  }

  async renewLease(queueUrl: string): Promise<void> {
    const untilMs = this.#clock.now() + LEASE_MS
    const ttl = Math.ceil((untilMs + LEASE_KEPT_MS) / 1_000)
    await this.#table.write({ put: { ...leaseKey(this.#taskId), queueUrl, untilMs, ttl } })
  }

  async endLease(): Promise<void> {
    await this.#table.write({ delete: leaseKey(this.#taskId) })
  }

  /** Queues of the other living tasks that watch the topic. */
  async watchersOf(topic: string): Promise<readonly string[]> {
    const taskIds: string[] = []
    let after: string | undefined
    do {
      const page = await this.#table.query({
        pk: watchKey(topic, '').pk,
        ...(after !== undefined && { after }),
      })
      for (const { sk } of page.items) taskIds.push(sk.slice(TASK.length))
      after = page.next
    } while (after !== undefined)
    const others = taskIds.filter((taskId) => taskId !== this.#taskId)
    if (others.length === 0) return []
    await this.#readLeases(others)
    await this.#forgetDead(topic, others)
    return others.flatMap((taskId) => this.#liveQueue(taskId))
  }

  async #readLeases(taskIds: readonly string[]): Promise<void> {
    const readMs = this.#clock.now()
    const unknown = taskIds.filter((taskId) => {
      const lease = this.#leases.get(taskId)
      return lease === undefined || lease.readMs + LEASE_CACHE_MS <= readMs
    })
    if (unknown.length === 0) return
    if (this.#leases.size > LEASES_CACHED_MAX) this.#leases.clear()
    // Consistent, because a task that seems to have no lease loses its watch.
    const items = await this.#table.batchGet(unknown.map(leaseKey), { consistent: true })
    unknown.forEach((taskId, index) => {
      this.#leases.set(taskId, { item: items[index], readMs })
    })
  }

  #liveQueue(taskId: string): readonly string[] {
    const item = this.#leases.get(taskId)?.item
    if (item === undefined || typeof item.queueUrl !== 'string') return []
    return Number(item.untilMs) > this.#clock.now() ? [item.queueUrl] : []
  }

  async #forgetDead(topic: string, taskIds: readonly string[]): Promise<void> {
    const dead = taskIds.filter((taskId) => {
      const lease = this.#leases.get(taskId)
      return lease !== undefined && lease.item === undefined
    })
    if (dead.length === 0) return
    await this.#table.batchWrite(dead.map((taskId) => ({ delete: watchKey(topic, taskId) })))
  }
}

/** Whether a task lives, as far as its lease says. */
export async function hasLease(table: Table, taskId: string, nowMs: number): Promise<boolean> {
  const item = await table.get(leaseKey(taskId), { consistent: true })
  return item !== undefined && isLiveLease(item, nowMs)
}

/** Whether an item of the table is the lease of a task that lives. */
export function isLiveLease({ pk, sk, untilMs }: Item, nowMs: number): boolean {
  return pk.startsWith(TASK) && sk === LEASE && Number(untilMs) > nowMs
}

const LEASE = 'LEASE'
const TASK = 'T#'

function watchKey(topic: string, taskId: string): Key {
  return { pk: `W#${topic}`, sk: TASK + taskId }
}

function leaseKey(taskId: string): Key {
  return { pk: TASK + taskId, sk: LEASE }
}
