import { describe, expect, it } from 'vitest'
import { createFailureCounters, type Subject } from '#shared/auth/failure-counters.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const times = { windowMs: 15 * MINUTE, minimalMs: 30 * SECOND, maximalMs: 15 * MINUTE }
const tim: Subject = { name: 'account#tim@example.test', limit: 3 }

async function open() {
  const folder = await temporaryFolder()
  const hands = skippingClock()
  const store = await openEmbeddedStore({ directory: folder.path, clock: hands.clock })
  const counters = () => createFailureCounters(store.tables.counters, hands.clock, times)
  return {
    ...hands,
    counters,
    async fail(subject: Subject, failures: number) {
      for (let i = 0; i < failures; i += 1) await counters().record([subject])
    },
    async waitSeconds(subject: Subject) {
      const item = await store.tables.counters.get(counters().key(subject), { consistent: true })
      return counters().waitMs(subject, item) / SECOND
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('failure counters', () => {
  it('let nobody wait below the limit, and everybody from it on', async () => {
    await using world = await open()
    expect(await world.waitSeconds(tim)).toBe(0)
    await world.fail(tim, 2)
    expect(await world.waitSeconds(tim)).toBe(0)
    await world.fail(tim, 1)
    expect(await world.waitSeconds(tim)).toBe(30)
  })

  it('hold for every process, as they are kept in the table', async () => {
    await using world = await open()
    await world.counters().record([tim])
    await world.counters().record([tim])
    expect(await world.counters().record([tim])).toMatchObject([tim])
    expect(await world.waitSeconds(tim)).toBe(30)
  })

  it('count down and then let one more try', async () => {
    await using world = await open()
    await world.fail(tim, 3)
    world.advance(20 * SECOND)
    expect(await world.waitSeconds(tim)).toBe(10)
    world.advance(10 * SECOND)
    expect(await world.waitSeconds(tim)).toBe(0)
  })

  it('hold nobody back until a time to come, once the clock was set back', async () => {
    await using world = await open()
    world.advance(24 * 60 * MINUTE)
    await world.fail(tim, 4)
    world.advance(-24 * 60 * MINUTE)
    expect(await world.waitSeconds(tim)).toBe(0)
    await world.fail(tim, 1)
    expect(await world.waitSeconds(tim)).toBe(120)
  })

  it('double the wait with each further failure, up to the longest', async () => {
    await using world = await open()
    await world.fail(tim, 4)
    expect(await world.waitSeconds(tim)).toBe(60)
    await world.fail(tim, 1)
    expect(await world.waitSeconds(tim)).toBe(120)
    await world.fail(tim, 30)
    expect(await world.waitSeconds(tim)).toBe(15 * 60)
  })

  it('forget failures a window after the first of them, not after the last', async () => {
    await using world = await open()
    for (let i = 0; i < 12; i += 1) {
      // A forgotten device: never three failures within a quarter of an hour.
      await world.fail(tim, 1)
      world.advance(8 * MINUTE)
      expect(await world.waitSeconds(tim)).toBe(0)
    }
  })

  it('keep a wait that lasts longer than its window', async () => {
    await using world = await open()
    await world.fail(tim, 2)
    world.advance(14 * MINUTE)
    await world.fail(tim, 4)
    world.advance(2 * MINUTE)
    expect(await world.waitSeconds(tim)).toBe(2 * 60)
    world.advance(3 * MINUTE)
    await world.fail(tim, 2)
    expect(await world.waitSeconds(tim)).toBe(0)
  })

  it('count subjects apart', async () => {
    await using world = await open()
    const network: Subject = { name: 'address#192.0.2.1/32', limit: 1 }
    await world.counters().record([network, tim])
    expect(await world.waitSeconds(tim)).toBe(0)
    expect(await world.waitSeconds(network)).toBe(30)
  })

  it('miss no failure of many at the same time', async () => {
    await using world = await open()
    const many: Subject = { name: 'account#many', limit: 50 }
    await Promise.all(Array.from({ length: 49 }, () => world.counters().record([many])))
    expect(await world.waitSeconds(many)).toBe(0)
    await world.fail(many, 1)
    expect(await world.waitSeconds(many)).toBe(30)
  })
})
