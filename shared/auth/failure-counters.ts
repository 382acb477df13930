// Counts failed logins per subject (a network, an account, both together), and says how long the next one has to wait. Kept in
// the counters table, so that it holds for all processes and over a restart.
//
// Item AUTH#<subject>: failures, lastFailureMs, ttl. The first failure opens a window; within it failures add up, and from the
// limit on each one doubles the wait. Afterwards all is forgotten: a forgotten device with an old password that tries every
// few minutes does not lock its owner out for good.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'

/** Who failed, and how often it may. */
export type Subject = {
  readonly name: string
  readonly limit: number
  /** Of whom, and where from; for whoever looks who is held back. */
  readonly account?: string
  readonly network?: string
}

/** A subject that has to wait. */
export type HeldSubject = Subject & { readonly failures: number; readonly untilMs: number }

export type BackoffTimes = {
  readonly windowMs: number
  readonly minimalMs: number
  readonly maximalMs: number
}

export interface FailureCounters {
  /** Where the failures of a subject are kept: whoever reads more than them reads all in one batch. */
  key(subject: Subject): Key
  /** How long the subject has to wait by its item; 0: not at all. */
  waitMs(subject: Subject, item: Item | undefined): number
  /** Counts a failure for each; resolves to those that have to wait now. */
  record(subjects: readonly Subject[]): Promise<readonly HeldSubject[]>
}

/** Of machines that count together. */
const CLOCKS_DIFFER_MS = 60_000
/** Two processes can only hinder each other when a window has just ended. */
const ATTEMPTS_MAX = 5

export function createFailureCounters(
  table: Table,
  clock: Clock,
  times: BackoffTimes,
): FailureCounters {
  async function count(subject: Subject): Promise<Item | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const item = (await addFailure(subject)) ?? (await startAgain(subject))
      if (item !== undefined) return extend(item, subject)
    }
    throw new TemporaryFailure('failed logins could not be counted')
  }

  /** Undefined when the item has expired but is still stored. */
  function addFailure(subject: Subject): Promise<Item | undefined> {
    const now = clock.now()
    return writeUnless(
      table.write({
        update: failuresKey(subject),
        changes: {
          add: { failures: 1 },
          set: { lastFailureMs: now },
          setIfAbsent: { ttl: seconds(now + times.windowMs) },
        },
        if: { any: [{ absent: 'pk' }, { attribute: 'ttl', is: '>=', value: seconds(now) }] },
      }),
    )
  }

  function startAgain(subject: Subject): Promise<Item | undefined> {
    const now = clock.now()
    const ttl = seconds(now + times.windowMs)
    return writeUnless(
      table.write({
        put: { ...failuresKey(subject), failures: 1, lastFailureMs: now, ttl },
        if: { attribute: 'ttl', is: '<', value: seconds(now) },
      }),
    )
  }

  /** A wait may last longer than the window it began in. */
  async function extend(item: Item, subject: Subject): Promise<Item | undefined> {
    const ttl = seconds(waitEndMs(item, subject.limit, times))
    if (ttl <= Number(item.ttl)) return item
    return table.write({ update: failuresKey(subject), changes: { set: { ttl } } })
  }

  return {
    key: failuresKey,
    waitMs({ limit }, item) {
      const waitMs = waitEndMs(item, limit, times) - clock.now()
      // A failure of a time to come was before the clock was set back: nobody waits for that time.
      const isToCome = waitMs > backoffMs(item, limit, times) + CLOCKS_DIFFER_MS
      return isToCome ? 0 : Math.max(0, waitMs)
    },
    async record(subjects) {
      const items = await Promise.all(subjects.map(count))
      return subjects.flatMap((subject, i) => {
        const untilMs = waitEndMs(items[i], subject.limit, times)
        return untilMs > 0 ? [{ ...subject, failures: Number(items[i]?.failures), untilMs }] : []
      })
    },
  }
}

function waitEndMs(item: Item | undefined, limit: number, times: BackoffTimes): number {
  const waitMs = backoffMs(item, limit, times)
  return waitMs === 0 ? 0 : Number(item?.lastFailureMs ?? 0) + waitMs
}

function backoffMs(item: Item | undefined, limit: number, times: BackoffTimes): number {
  const excess = Number(item?.failures ?? 0) - limit
  // 2 ** 1024 is Infinity, which the maximum takes care of.
  return excess < 0 ? 0 : Math.min(times.minimalMs * 2 ** excess, times.maximalMs)
}

export const failuresKey = ({ name }: Pick<Subject, 'name'>): Key => ({
  pk: `AUTH#${name}`,
  sk: 'failures',
})

function seconds(ms: number): number {
  return Math.ceil(ms / 1_000)
}

async function writeUnless(write: Promise<Item | undefined>): Promise<Item | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined
    throw error
  }
}
