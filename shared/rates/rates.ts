// Counts events by buckets that all processes share, without a write for each event: a process counts for itself, tells the shared
// bucket whenever it has taken a portion, and learns from that what others took.
//
// Implementation notes:
// - Decisions are made at once, on what is known here. Over all processes a bucket gives at most its capacity, and for each process
//   PORTIONS-th part of it, and what that process gave while one write was under way. A process alone is exact. While the table
//   does not answer, each process counts for itself.
// - A client that stays below what refills never costs a write: what its bucket was filled up with again is forgotten.
// - Memory is bounded in two halves. What was never told to the table goes first, oldest first, and is less than a portion each; so
//   a flood of addresses drives out nothing but other addresses that did little. What the table knows can go at any time: it is
//   found there again after a portion.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import { intervalUs, owedUsMax, type Rate, spanUs } from './rate.ts'
import type { SharedBuckets } from './shared-buckets.ts'

export interface Rates {
  /** Takes tokens where there are enough; else takes none. */
  take(rate: Rate, key: string, amount?: number): boolean
  /** Whether not even one token is left. */
  isOver(rate: Rate, key: string): boolean
  /** Tokens that are left, as far as is known here; the whole capacity where nothing is counted. */
  left(rate: Rate, key: string): number
  /** Takes them after the fact, as many as there are. */
  note(rate: Rate, key: string, amount?: number): void
  /** The same in the shared bucket at once, for what is rare and weighs; false when there were not enough. */
  takeShared(rate: Rate, key: string, amount?: number): Promise<boolean>
}

/** Parts in which a bucket is given out before the others hear of it. */
export const PORTIONS = 10
/** Buckets in memory that the table has heard of, and as many that it has not: some 10 MB each. */
export const BUCKETS_KEPT_MAX = 50_000
/** Of one that says no, between looks whether somebody has emptied it. */
const FORGIVEN_LOOK_MS = 5_000
/** After a write that failed nothing is written for so long. */
const PAUSE_MS = 1_000

type Bucket = {
  readonly rate: Rate
  readonly key: string
  /** As far as is known here. */
  fullAtUs: number
  /** Taken here, and not told. */
  untold: number
  isTelling: boolean
  /** When it was looked at last whether it is forgiven. */
  askedMs: number
}

export function createRates(deps: {
  readonly shared: SharedBuckets
  readonly clock: Clock
  readonly log: Log
}): Rates {
  const { shared, clock, log } = deps
  /** Both in the order of their last use. */
  const quiet = new Map<string, Bucket>()
  const told = new Map<string, Bucket>()
  let pausedUntilMs = 0

  const nowUs = () => clock.now() * 1_000

  /** As it is now; undefined where it is full. */
  function find(rate: Rate, key: string): Bucket | undefined {
    const name = `${rate.name}#${key}`
    const bucket = told.get(name) ?? quiet.get(name)
    const owedUs = (bucket?.fullAtUs ?? 0) - nowUs()
    return owedUs > 0 && owedUs <= owedUsMax(rate) ? bucket : undefined
  }

  const usedUs = (bucket: Bucket | undefined) =>
    bucket === undefined ? 0 : Math.max(0, bucket.fullAtUs - nowUs())

  function add(rate: Rate, key: string, amount: number): void {
    const name = `${rate.name}#${key}`
    const bucket = find(rate, key) ?? {
      ...{ rate, key, fullAtUs: nowUs(), untold: 0, isTelling: false, askedMs: 0 },
    }
    bucket.fullAtUs += amount * intervalUs(rate)
    bucket.untold += amount
    const home = told.get(name) === bucket ? told : quiet
    told.delete(name)
    quiet.delete(name)
    home.set(name, bucket)
    if (bucket.untold >= portionOf(rate) && clock.now() >= pausedUntilMs) void tell(name, bucket)
    forget()
  }

  async function tell(name: string, bucket: Bucket): Promise<void> {
    if (bucket.isTelling) return
    bucket.isTelling = true
    if (quiet.delete(name)) told.set(name, bucket)
    const { rate, key } = bucket
    let telling = 0
    try {
      // What was taken while it was told may be a portion again.
      do {
        telling = bucket.untold
        bucket.untold = 0
        const fullAtUs = await shared.add(rate, key, telling)
        bucket.fullAtUs = Math.max(fullAtUs, nowUs()) + bucket.untold * intervalUs(rate)
      } while (bucket.untold >= portionOf(rate))
    } catch (error) {
      bucket.untold += telling
      if (clock.now() >= pausedUntilMs) log.warn({ error }, 'rates counted by this process alone')
      pausedUntilMs = clock.now() + PAUSE_MS
    } finally {
      bucket.isTelling = false
    }
  }

  /** Says no; what is said next may be something else. */
  function refuse(bucket: Bucket | undefined): void {
    if (bucket === undefined || bucket.rate.mayBeForgiven !== true || bucket.isTelling) return
    if (clock.now() < bucket.askedMs + FORGIVEN_LOOK_MS || clock.now() < pausedUntilMs) return
    bucket.askedMs = clock.now()
    shared.fullAtUs(bucket.rate, bucket.key).then(
      (fullAtUs) => {
        if (bucket.isTelling) return
        bucket.fullAtUs = Math.max(fullAtUs, nowUs()) + bucket.untold * intervalUs(bucket.rate)
      },
      (error: unknown) => log.warn({ error }, 'nobody can say whether a rate is forgiven'),
    )
  }

  function forget(): void {
    takeOldest(quiet, BUCKETS_KEPT_MAX)
    for (const [name, bucket] of takeOldest(told, BUCKETS_KEPT_MAX)) {
      if (bucket.untold > 0 && bucket.fullAtUs > nowUs()) void tell(name, bucket)
    }
  }

  return {
    take(rate, key, amount = 1) {
      if (rate.capacity === 0) return true
      const bucket = find(rate, key)
      if (usedUs(bucket) + amount * intervalUs(rate) > spanUs(rate)) {
        refuse(bucket)
        return false
      }
      add(rate, key, amount)
      return true
    },

    isOver(rate, key) {
      if (rate.capacity === 0) return false
      const bucket = find(rate, key)
      const isOver = usedUs(bucket) + intervalUs(rate) > spanUs(rate)
      if (isOver) refuse(bucket)
      return isOver
    },

    left(rate, key) {
      if (rate.capacity === 0) return 0
      const left = (spanUs(rate) - usedUs(find(rate, key))) / intervalUs(rate)
      return Math.min(rate.capacity, Math.max(0, Math.floor(left)))
    },

    note(rate, key, amount = 1) {
      if (rate.capacity === 0) return
      const left = (spanUs(rate) - usedUs(find(rate, key))) / intervalUs(rate)
      const noted = Math.min(amount, Math.max(0, left))
      if (noted > 0) add(rate, key, noted)
    },

    async takeShared(rate, key, amount = 1) {
      if (rate.capacity === 0) return true
      const fullAtUs = await shared.add(rate, key, amount)
      return fullAtUs - nowUs() <= spanUs(rate)
    },
  }
}

const portionOf = ({ capacity }: Rate) => Math.max(1, Math.floor(capacity / PORTIONS))
