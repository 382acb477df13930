// Buckets in the counters table, where all processes see them. One conditional write adds what was taken; where the bucket had been
// full in between, a second one begins anew.
//
// Item RATE#<name>#<key> / bucket: `fullAtUs`, when it is full again; ttl.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, type Key, type Table, type Write } from '#shared/storage/ports.ts'
import { intervalUs, owedUsMax, type Rate, spanUs } from './rate.ts'

export interface SharedBuckets {
  /**
   * Takes so many, whether they are there or not; resolves to when the bucket is full again, in microseconds. Of one that is overdrawn
   * already nothing is taken, so that nobody owes much more than it holds twice over.
   */
  add(rate: Rate, key: string, amount: number): Promise<number>
  /** When it is full again, in microseconds; 0 where nobody counts, or no more. */
  fullAtUs(rate: Rate, key: string): Promise<number>
}

/** Longer ones are counted by their hash: addresses are chosen by strangers. */
export const RATE_KEY_CHARACTERS_MAX = 200
/** Two processes hinder each other only where a bucket has just become full. */
const ATTEMPTS_MAX = 5
const SECOND_US = 1_000_000
/** Kept a little longer than it matters: clocks of machines differ. */
const KEPT_SECONDS = 60

export function createSharedBuckets(table: Table, clock: Clock): SharedBuckets {
  return {
    async add(rate, key, amount) {
      const update = bucketKey(rate, key)
      const moreUs = Math.round(Math.min(amount, rate.capacity + 1) * intervalUs(rate))
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const nowUs = clock.now() * 1_000
        const emptyUs = nowUs + spanUs(rate)
        const credibleUs = nowUs + owedUsMax(rate)
        const ttl = Math.ceil((emptyUs + moreUs) / SECOND_US) + KEPT_SECONDS
        const added = await writeIf(table, {
          update,
          changes: { add: { fullAtUs: moreUs }, set: { ttl } },
          if: {
            all: [
              { attribute: 'fullAtUs', is: '>=', value: nowUs },
              { attribute: 'fullAtUs', is: '<=', value: emptyUs },
            ],
          },
        })
        const known = Number(added.item?.fullAtUs ?? 0)
        if (added.isWritten || (known > emptyUs && known <= credibleUs)) return known
        const begun = await writeIf(table, {
          update,
          changes: { set: { fullAtUs: nowUs + moreUs, ttl } },
          if: {
            any: [
              { absent: 'fullAtUs' },
              { attribute: 'fullAtUs', is: '<', value: nowUs },
              { attribute: 'fullAtUs', is: '>', value: credibleUs },
            ],
          },
        })
        if (begun.isWritten) return nowUs + moreUs
      }
      throw new TemporaryFailure(`${rate.name} could not be counted`)
    },

    async fullAtUs(rate, key) {
      const item = await table.get(bucketKey(rate, key))
      const fullAtUs = Number(item?.fullAtUs ?? 0)
      return fullAtUs <= clock.now() * 1_000 + owedUsMax(rate) ? fullAtUs : 0
    },
  }
}

export function bucketKey({ name }: Rate, key: string): Key {
  const short =
    key.length <= RATE_KEY_CHARACTERS_MAX
      ? key
      : createHash('sha256').update(key).digest('base64url')
  return { pk: `RATE#${name}#${short}`, sk: 'bucket' }
}

/** With the item as it is afterwards, or as it was where the condition is false. */
async function writeIf(table: Table, write: Extract<Write, { update: unknown }>) {
  try {
    return { isWritten: true, item: await table.write(write) }
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
    return { isWritten: false, item: error.failed[0]?.item }
  }
}
