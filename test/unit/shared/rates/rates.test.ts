import { describe, expect, it } from 'vitest'
import type { Rate } from '#shared/rates/rate.ts'
import { BUCKETS_KEPT_MAX, createRates, PORTIONS } from '#shared/rates/rates.ts'
import {
  bucketKey,
  createSharedBuckets,
  RATE_KEY_CHARACTERS_MAX,
  type SharedBuckets,
} from '#shared/rates/shared-buckets.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { sharedBuckets } from '#test/support/shared-buckets.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const MINUTE = 60_000
const perMinute = (capacity: number): Rate => ({ name: 'messages', capacity, perMs: MINUTE })

/** Processes that share buckets, and one clock. */
function open(given?: SharedBuckets) {
  const clock = new ManualClock(1_700_000_000_000)
  const shared = sharedBuckets(clock)
  const log = new MemoryLog()
  const rates = () => createRates({ shared: given ?? shared, clock, log })
  return { clock, shared, log, rates }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('Rates', () => {
  it('give what a bucket holds, and then as it is filled again', async () => {
    const { clock, rates } = open()
    const one = rates()
    const rate = perMinute(3)
    expect([1, 2, 3, 4].map(() => one.take(rate, 'a'))).toEqual([true, true, true, false])
    expect(one.isOver(rate, 'a')).toBe(true)
    expect(one.take(rate, 'b')).toBe(true)
    await clock.advance(MINUTE / 3 - 1)
    expect(one.take(rate, 'a')).toBe(false)
    await clock.advance(1)
    expect([one.take(rate, 'a'), one.take(rate, 'a')]).toEqual([true, false])
    await clock.advance(MINUTE)
    expect([1, 2, 3, 4].map(() => one.take(rate, 'a'))).toEqual([true, true, true, false])
  })

  it('that may be forgiven are soon, in every process, and cost a look every few seconds till then', async () => {
    const { clock, rates, shared } = open()
    const rate: Rate = { ...perMinute(10), mayBeForgiven: true }
    const processes = [rates(), rates()]
    for (const one of processes) {
      while (one.take(rate, 'a')) await turn()
      for (let i = 0; i < 50; i++) expect(one.isOver(rate, 'a')).toBe(true)
    }
    expect(shared.reads).toBe(2)
    shared.forget()
    await clock.advance(5_000)
    for (const one of processes) {
      expect(one.take(rate, 'a')).toBe(false)
      await turn()
      expect(one.take(rate, 'a', 5)).toBe(true)
    }
    // What may not be forgiven is not looked at.
    const [one] = processes
    while (one?.take(perMinute(3), 'b')) await turn()
    expect(one?.isOver(perMinute(3), 'b')).toBe(true)
    expect(shared.reads).toBe(4)
  })

  it('take several at once or none', () => {
    const one = open().rates()
    expect(one.take(perMinute(10), 'a', 6)).toBe(true)
    expect(one.take(perMinute(10), 'a', 5)).toBe(false)
    expect(one.take(perMinute(10), 'a', 4)).toBe(true)
  })

  it('note what has happened without owing more than a bucket', async () => {
    const { clock, rates } = open()
    const one = rates()
    one.note(perMinute(3), 'a', 1_000)
    expect(one.isOver(perMinute(3), 'a')).toBe(true)
    await clock.advance(MINUTE)
    expect([1, 2, 3, 4].map(() => one.take(perMinute(3), 'a'))).toEqual([true, true, true, false])
  })

  it('have no limit where it is 0, and count nothing', () => {
    const { rates, shared } = open()
    const one = rates()
    for (let i = 0; i < 100; i++) expect(one.take(perMinute(0), 'a')).toBe(true)
    one.note(perMinute(0), 'a', 100)
    expect(one.isOver(perMinute(0), 'a')).toBe(false)
    expect(shared.writes).toBe(0)
  })

  it('write once a portion, and give over all processes at most a portion each beyond the capacity', async () => {
    const { rates, shared } = open()
    const processes = Array.from({ length: 4 }, rates)
    const rate = perMinute(100)
    let given = 0
    for (let i = 0; i < 200; i++) {
      for (const one of processes) if (one.take(rate, 'a')) given++
      await turn()
    }
    expect(given).toBeGreaterThanOrEqual(100)
    expect(given).toBeLessThanOrEqual(100 + processes.length * (100 / PORTIONS))
    expect(shared.writes).toBeLessThanOrEqual(given / (100 / PORTIONS))
  })

  it('know after a portion what was taken elsewhere', async () => {
    const { rates } = open()
    const rate = perMinute(100)
    const [before, after] = [rates(), rates()]
    for (let i = 0; i < 100; i++) before.take(rate, 'a')
    await turn()
    let given = 0
    for (let i = 0; i < 100; i++) {
      if (after.take(rate, 'a')) given++
      await turn()
    }
    expect(given).toBe(100 / PORTIONS)
  })

  it('never write for a client that stays below what refills', async () => {
    const { clock, rates, shared } = open()
    const one = rates()
    for (let i = 0; i < 500; i++) {
      expect(one.take(perMinute(100), 'a')).toBe(true)
      await clock.advance(MINUTE / 100)
    }
    expect(shared.writes).toBe(0)
  })

  it('are not made to forget an offender by a flood of others', async () => {
    const { rates, shared } = open()
    const one = rates()
    const rate = perMinute(20)
    for (let i = 0; i < 20; i++) one.take(rate, 'offender')
    await turn()
    const before = shared.writes
    for (let i = 0; i <= 2 * BUCKETS_KEPT_MAX; i++) one.take(rate, `other ${i}`)
    expect(one.isOver(rate, 'offender')).toBe(true)
    expect(shared.writes).toBe(before)
  })

  it('find an offender again in the table when memory was full of others', async () => {
    const { rates } = open()
    const one = rates()
    const rate = perMinute(20)
    for (let i = 0; i < 20; i++) one.take(rate, 'offender')
    await turn()
    for (let i = 0; i <= BUCKETS_KEPT_MAX; i++) one.take(rate, `other ${i}`, 2)
    await turn()
    let given = 0
    for (let i = 0; i < 20; i++) {
      if (one.take(rate, 'offender')) given++
      await turn()
    }
    expect(given).toBe(20 / PORTIONS)
  })

  it('count alone while the table does not answer, and tell it when it does', async () => {
    const { clock, rates, log, shared } = open()
    shared.fails = true
    const one = rates()
    const rate = perMinute(10)
    for (let i = 0; i < 10; i++) {
      expect(one.take(rate, 'a')).toBe(true)
      await turn()
    }
    expect(one.take(rate, 'a')).toBe(false)
    expect(shared.writes).toBe(1)
    expect(log.lines).toHaveLength(1)
    shared.fails = false
    await clock.advance(MINUTE / 10)
    expect(one.take(rate, 'a')).toBe(true)
    await turn()
    expect(rates().isOver(rate, 'a')).toBe(false)
    expect(await rates().takeShared(rate, 'a')).toBe(false)
  })

  it('do not refuse for an hour whoever was here before a clock was set back by one', async () => {
    const hour = 60 * MINUTE
    const { clock, rates, shared } = open()
    const one = rates()
    const rate = perMinute(20)
    for (let i = 0; i < 20; i++) one.take(rate, 'a')
    await turn()
    expect(one.isOver(rate, 'a')).toBe(true)
    await clock.advance(-hour)
    expect(one.take(rate, 'a')).toBe(true)
    expect(shared.writes).toBeGreaterThan(0)
  })

  it('take from the shared bucket at once where it weighs', async () => {
    const { clock, rates } = open()
    const rate = perMinute(2)
    const taken = [
      await rates().takeShared(rate, 'a'),
      await rates().takeShared(rate, 'a'),
      await rates().takeShared(rate, 'a'),
    ]
    expect(taken).toEqual([true, true, false])
    await clock.advance(2 * MINUTE)
    expect(await rates().takeShared(rate, 'a')).toBe(true)
  })
})

describe('shared buckets', () => {
  async function store() {
    const folder = await temporaryFolder()
    const hands = skippingClock()
    const opened = await openEmbeddedStore({ directory: folder.path, clock: hands.clock })
    const { counters } = opened.tables
    return {
      ...hands,
      counters,
      buckets: createSharedBuckets(counters, hands.clock),
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]()
        await folder[Symbol.asyncDispose]()
      },
    }
  }

  it('add up what several take at once', async () => {
    await using world = await store()
    const { buckets, clock } = world
    const rate = perMinute(100)
    await Promise.all(Array.from({ length: 20 }, () => buckets.add(rate, 'a', 3)))
    const fullAtUs = await buckets.add(rate, 'a', 0)
    expect(fullAtUs - clock.now() * 1_000).toBe(60 * 600_000)
  })

  it('begin anew when they were full, and are gone some time after that', async () => {
    await using world = await store()
    const { buckets, clock, counters } = world
    const rate = perMinute(100)
    await buckets.add(rate, 'a', 50)
    world.advance(MINUTE)
    expect((await buckets.add(rate, 'a', 1)) - clock.now() * 1_000).toBe(600_000)
    world.advance(4 * MINUTE)
    expect(await counters.get(bucketKey(rate, 'a'))).toBeUndefined()
  })

  it('owe no more than twice what they hold, whatever is taken', async () => {
    await using world = await store()
    const { buckets, clock, advance } = world
    const rate = perMinute(100)
    for (let i = 0; i < 20; i++) await buckets.add(rate, 'a', 1_000)
    expect((await buckets.add(rate, 'a', 1)) - clock.now() * 1_000).toBe(101 * 600_000)
    advance(MINUTE / 100)
    for (let i = 0; i < 20; i++) await buckets.add(rate, 'a', 90)
    expect((await buckets.add(rate, 'a', 1)) - clock.now() * 1_000).toBe(190 * 600_000)
  })

  it('begin anew when a clock was set back', async () => {
    await using world = await store()
    const { buckets, clock, advance } = world
    const rate = perMinute(100)
    await buckets.add(rate, 'a', 100)
    advance(-60 * MINUTE)
    expect((await buckets.add(rate, 'a', 1)) - clock.now() * 1_000).toBe(600_000)
  })

  it('take keys of any length', () => {
    const long = 'x'.repeat(RATE_KEY_CHARACTERS_MAX + 1)
    expect(bucketKey(perMinute(1), long).pk.length).toBeLessThan(100)
    expect(bucketKey(perMinute(1), long.slice(1)).pk).toContain(long.slice(1))
  })

  it('say so when the table does not answer', async () => {
    const no = () => Promise.reject(new TemporaryFailure('no'))
    const failing = { add: no, fullAtUs: no }
    await expect(open(failing).rates().takeShared(perMinute(1), 'a')).rejects.toThrow('no')
  })
})
