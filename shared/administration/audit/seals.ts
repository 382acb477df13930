// Each day that is over is sealed: a digest of its acts in their order, and of the seal before. An act that was removed or changed afterwards
// shows, and so does a day that was. Whoever can write to the store can make all seals anew; so each is told to the log too, which is
// elsewhere, and the newest one stands for all before it.
//
//   directory   AUDIT#SEALS / <date>   count, digest, before; ttl
//
// Implementation notes: sealed an hour after the day, when what was begun in it has ended. Rejected: a chain from act to act, which would
// have all who act wait for one item.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import { dateOf, dayPk } from './records.ts'

export interface AuditSeals {
  /** Seals the days that are over; how many. */
  seal(): Promise<number>
  verify(): Promise<Verified>
}

export type Verified = {
  /** The oldest first. */
  readonly days: readonly SealedDay[]
  /** The newest seal; null: there is none. */
  readonly head: { readonly date: string; readonly digest: string } | null
}

export type SealedDay = {
  readonly date: string
  /** Acts, as they are now. */
  readonly count: number
  /** `missing`: days before and after it are sealed. `expiring`: some of its acts are too old to be kept. */
  readonly state: 'whole' | 'differs' | 'missing' | 'expiring'
}

const SEALS_PK = 'AUDIT#SEALS'
const DAY_MS = 86_400_000
/** After the day. */
const SETTLED_MS = 3_600_000
/** Sealed at once: after a long rest. */
const DAYS_AT_ONCE = 31

export function createAuditSeals(deps: {
  /** The `directory` table. */
  readonly table: Pick<Table, 'get' | 'query' | 'write'>
  readonly retentionMs: () => number
  readonly clock: Clock
  readonly log: Log
}): AuditSeals {
  const { table, clock, log } = deps

  async function* items(pk: string): AsyncGenerator<Item> {
    let after: string | undefined
    do {
      const page = await table.query({
        pk,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  async function digestOf(date: string, before: string) {
    const hash = createHash('sha256').update(`${date} ${before}\n`)
    let count = 0
    for await (const item of items(dayPk(date))) {
      hash.update(`${canonical(item)}\n`)
      count++
    }
    return { count, digest: hash.digest('hex') }
  }

  async function newest(): Promise<Item | undefined> {
    const { items } = await table.query({ pk: SEALS_PK, reverse: true, limit: 1, consistent: true })
    return items[0]
  }

  return {
    async seal() {
      const nowMs = clock.now()
      const lastMs = Math.floor((nowMs - SETTLED_MS) / DAY_MS) * DAY_MS - DAY_MS
      const last = await newest()
      const firstMs = last === undefined ? lastMs : Date.parse(last.sk) + DAY_MS
      let before = String(last?.digest ?? '')
      let sealed = 0
      const endMs = Math.min(lastMs, firstMs + (DAYS_AT_ONCE - 1) * DAY_MS)
      for (let dayMs = firstMs; dayMs <= endMs; dayMs += DAY_MS) {
        const date = dateOf(dayMs)
        const { count, digest } = await digestOf(date, before)
        const ttl = Math.ceil((dayMs + DAY_MS + deps.retentionMs()) / 1_000)
        const put = { pk: SEALS_PK, sk: date, count, digest, before, ttl }
        try {
          await table.write({ put, if: { absent: 'pk' } })
        } catch (error) {
          // Another process has just done it.
          if (error instanceof ConditionFailed) return sealed
          throw error
        }
        log.info({ date, count, digest }, 'audit sealed')
        before = digest
        sealed++
      }
      return sealed
    },

    async verify() {
      const days: SealedDay[] = []
      const keptSinceMs = clock.now() - deps.retentionMs()
      let head: Verified['head'] = null
      for await (const { sk: date, digest, before, count } of items(SEALS_PK)) {
        const gapMs = head === null ? DAY_MS : Date.parse(date) - Date.parse(head.date)
        const last = head?.digest
        for (let missed = DAY_MS; missed < gapMs && days.length < DAYS_TOLD_MAX; missed += DAY_MS) {
          const at = dateOf(Date.parse(head?.date ?? date) + missed)
          days.push({ date: at, count: 0, state: 'missing' })
        }
        const now = await digestOf(date, String(before))
        const isChained = last === undefined || last === before
        const isWhole = now.digest === digest && now.count === count && isChained
        const isExpiring = Date.parse(date) < keptSinceMs
        const state = isWhole ? 'whole' : isExpiring ? 'expiring' : 'differs'
        days.push({ date, count: now.count, state })
        head = { date, digest: String(digest) }
      }
      return { days, head }
    },
  }
}

const DAYS_TOLD_MAX = 4_000

/** The same text for the same item, in whatever order a store gives its attributes. Its time to live is no part of what was done. */
function canonical(item: Item): string {
  const ordered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(ordered)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'ttl')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => [name, ordered(one)]),
    )
  }
  return JSON.stringify(ordered(item))
}
