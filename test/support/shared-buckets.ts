// Buckets that processes of a test share, in memory; each write is counted, and may fail.

import { intervalUs } from '#shared/rates/rate.ts'
import type { SharedBuckets } from '#shared/rates/shared-buckets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export type CountedBuckets = SharedBuckets & {
  writes: number
  reads: number
  fails: boolean
  /** What somebody does who lets them begin anew. */
  forget(): void
}

export function sharedBuckets(clock: Clock): CountedBuckets {
  const fullAtUs = new Map<string, number>()
  const buckets: CountedBuckets = {
    writes: 0,
    reads: 0,
    fails: false,
    async add(rate, key, amount) {
      buckets.writes++
      if (buckets.fails) throw new TemporaryFailure('the table does not answer')
      const name = `${rate.name}#${key}`
      const from = Math.max(fullAtUs.get(name) ?? 0, clock.now() * 1_000)
      const until = from + amount * intervalUs(rate)
      fullAtUs.set(name, until)
      return until
    },
    async fullAtUs(rate, key) {
      buckets.reads++
      if (buckets.fails) throw new TemporaryFailure('the table does not answer')
      return fullAtUs.get(`${rate.name}#${key}`) ?? 0
    },
    forget: () => fullAtUs.clear(),
  }
  return buckets
}
