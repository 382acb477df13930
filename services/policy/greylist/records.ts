// What is known of triplets and of clients that have come again, in the counters table. Reading says what to expect; one conditional
// write decides, so that of two processes that are asked at once one is the first and the other hears of it. Times are seconds.
//
// Items: GREY#<triplet>, `triplet`: first, passed (from the first time on that it was let in), ttl.
//        GREY#client#<address>, `client`: passes, counted (when last), ttl.
//        GREY#message#<queue id>, `field`: its header field was given; ttl.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  type Condition,
  ConditionFailed,
  type Item,
  type Key,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'

export type GreylistTimes = {
  readonly delaySeconds: number
  readonly retryWindowSeconds: number
  readonly maxAgeSeconds: number
}

export type TripletState =
  /** Seen for the first time, or for the first time in a while. */
  | { readonly kind: 'new'; readonly waitSeconds: number }
  | { readonly kind: 'early'; readonly waitSeconds: number }
  /** Let in for the first time. One who asks hears of it, and nobody else. */
  | { readonly kind: 'passed'; readonly delayedSeconds: number }
  | { readonly kind: 'known' }

export type KnownClient = {
  /** How often triplets of it were let in for the first time. */
  readonly passes: number
  /** It was not counted within the hour: others need not write. */
  readonly isDue: boolean
}

export interface GreylistRecords {
  triplet(key: string, now: number): Promise<TripletState>
  client(client: string, now: number): Promise<KnownClient>
  /** At most once an hour. Resolves to the new number, undefined where it did not count. */
  countPass(client: string, now: number): Promise<number | undefined>
  /** Of a client that has passed often enough. */
  refreshClient(client: string, now: number): Promise<void>
  /** True for the first who asks about a message. */
  claimField(queueId: string, now: number): Promise<boolean>
}

const HOUR = 3_600
const DAY = 24 * HOUR
/** Of one decision; each needs somebody who decides about the same triplet at the same time. */
const ATTEMPTS_MAX = 5
/** Clocks of several machines differ by this much at most; a time beyond it was written by one that was wrong. */
const CLOCK_SKEW_SECONDS_MAX = 60

export function createGreylistRecords(
  table: Pick<Table, 'get' | 'write'>,
  times: GreylistTimes,
): GreylistRecords {
  const { delaySeconds, retryWindowSeconds, maxAgeSeconds } = times

  type Plan = { readonly state: TripletState; readonly write?: OneWrite }

  function plan(key: Key, item: Item | undefined, now: number): Plan {
    if (item === undefined) return begin(key, { absent: 'pk' }, now)
    const first = Number(item.first)
    const ttl = Number(item.ttl)
    const unchanged = { attribute: 'first', is: '=', value: first } as const
    if (item.passed !== undefined) {
      // The same, but for the time: whatever happened to the item meanwhile, the triplet is not lost.
      if (ttl < now) {
        return begin(key, { all: [unchanged, { attribute: 'ttl', is: '<', value: now }] }, now)
      }
      const refresh = {
        ...key,
        first,
        passed: Number(item.passed),
        ttl: ageTtl(now, maxAgeSeconds),
      }
      return {
        state: { kind: 'known' },
        ...(ttl < now + maxAgeSeconds && { write: { put: refresh } }),
      }
    }
    const unpassed: Condition = { all: [unchanged, { absent: 'passed' }] }
    const waited = now - first
    if (waited > retryWindowSeconds || waited < -CLOCK_SKEW_SECONDS_MAX) {
      return begin(key, unpassed, now)
    }
    if (waited < delaySeconds) {
      const waitSeconds = Math.min(delaySeconds, delaySeconds - waited)
      return { state: { kind: 'early', waitSeconds } }
    }
    return {
      state: { kind: 'passed', delayedSeconds: waited },
      write: {
        update: key,
        changes: { set: { passed: now, ttl: ageTtl(now, maxAgeSeconds) } },
        if: unpassed,
      },
    }
  }

  function begin(key: Key, condition: Condition, now: number): Plan {
    return {
      state: { kind: 'new', waitSeconds: delaySeconds },
      write: { put: { ...key, first: now, ttl: now + retryWindowSeconds }, if: condition },
    }
  }

  return {
    async triplet(text, now) {
      const key = tripletItemKey(text)
      let item = await table.get(key)
      for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
        const { state, write } = plan(key, item, now)
        if (write === undefined) return state
        try {
          await table.write(write)
          return state
        } catch (error) {
          if (!(error instanceof ConditionFailed)) throw error
          item = error.failed[0]?.item
        }
      }
      throw new TemporaryFailure('a triplet changes too often')
    },

    async client(client, now) {
      const item = await table.get(clientKey(client))
      const isLiving = item !== undefined && Number(item.ttl) >= now
      return {
        passes: isLiving ? Number(item.passes) : 0,
        isDue: isLiving && Number(item.counted) <= now - HOUR,
      }
    },

    async countPass(client, now) {
      const key = clientKey(client)
      const isLiving: Condition = { attribute: 'ttl', is: '>=', value: now }
      const counted =
        (await unlessFailed(
          table.write({
            update: key,
            changes: { add: { passes: 1 }, set: { counted: now, ttl: ageTtl(now, maxAgeSeconds) } },
            if: { any: [{ absent: 'pk' }, { all: [isLiving, anHourAgo(now)] }] },
          }),
        )) ??
        // Its time is over, and it is still stored.
        (await unlessFailed(
          table.write({
            put: { ...key, passes: 1, counted: now, ttl: ageTtl(now, maxAgeSeconds) },
            if: { attribute: 'ttl', is: '<', value: now },
          }),
        ))
      return counted && Number(counted.passes)
    },

    async refreshClient(client, now) {
      await unlessFailed(
        table.write({
          update: clientKey(client),
          changes: { set: { counted: now, ttl: ageTtl(now, maxAgeSeconds) } },
          if: anHourAgo(now),
        }),
      )
    },

    async claimField(queueId, now) {
      const key = { pk: `GREY#message#${queueId}`, sk: 'field' }
      const item = await unlessFailed(
        table.write({ put: { ...key, ttl: now + DAY }, if: { absent: 'pk' } }),
      )
      return item !== undefined
    },
  }
}

/** A day more than promised, so that what is in use is written once a day. */
export const ageTtl = (now: number, maxAgeSeconds: number) => now + maxAgeSeconds + DAY

export const tripletItemKey = (triplet: string): Key => ({ pk: `GREY#${triplet}`, sk: 'triplet' })

type OneWrite = Exclude<Write, { readonly check: Key }>

export const clientKey = (client: string): Key => ({ pk: `GREY#client#${client}`, sk: 'client' })

const anHourAgo = (now: number): Condition => ({
  attribute: 'counted',
  is: '<=',
  value: now - HOUR,
})

async function unlessFailed(write: Promise<Item | undefined>): Promise<Item | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined
    throw error
  }
}
