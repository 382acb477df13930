// Buckets in the counters table, where all processes see them. One conditional write adds what was taken; where the bucket had been
// full in between, a second one begins anew.
//
// Item RATE#<name>#<key> / bucket: `fullAtUs`, when it is full again; ttl.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import { intervalUs, type Rate, spanUs } from './rate.ts'

export interface SharedBuckets {
  /** Takes so many, whether they are there or not; resolves to when the bucket is full again, in microseconds. */
  add(rate: Rate, key: string, amount: number): Promise<number>
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
      const moreUs = Math.round(amount * intervalUs(rate))
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const nowUs = clock.now() * 1_000
        // Nobody takes much more than there is; what is added too late for that is cut by `ttl`, which is no loss.
        const ttl = Math.ceil((nowUs + 2 * spanUs(rate) + moreUs) / SECOND_US) + KEPT_SECONDS
        const value = nowUs
        const item =
          (await unlessRefused(
            table.write({
              update,
              changes: { add: { fullAtUs: moreUs }, set: { ttl } },
              if: { attribute: 'fullAtUs', is: '>=', value },
            }),
          )) ??
          (await unlessRefused(
            table.write({
              update,
              changes: { set: { fullAtUs: nowUs + moreUs, ttl } },
              if: { any: [{ absent: 'fullAtUs' }, { attribute: 'fullAtUs', is: '<', value }] },
            }),
          ))
        if (item !== undefined) return Number(item.fullAtUs)
      }
      throw new TemporaryFailure(`${rate.name} could not be counted`)
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

async function unlessRefused(write: Promise<Item | undefined>): Promise<Item | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined
    throw error
  }
}
