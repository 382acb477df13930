// Figures by the minute and the hour, as they are kept and read for plots.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFigureCounter, type FigureCounter } from '#shared/figures/counter.ts'
import { createFigureKeeper } from '#shared/figures/keeper.ts'
import { agesOf } from '#shared/figures/queue-ages.ts'
import { createStoredFigures, POINTS_MAX, stepOf } from '#shared/figures/series.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import type { Store } from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const start = Date.UTC(2026, 10, 30, 10)

let clock: ReturnType<typeof manualClock>
let store: Store
let close: () => Promise<void>
let counter: FigureCounter

beforeEach(async () => {
  clock = manualClock(start)
  const opened = await openEmbedded({ clock })
  store = opened.store
  close = opened.close
  counter = createFigureCounter()
})
afterEach(() => close())

const keeperOn = (table = store.tables.counters, of = counter) =>
  createFigureKeeper({
    table,
    counter: of,
    measure: async () => new Map([['queueAge/p50', 10]]),
    clock,
    log: silentLog,
  })

const count = (times: number, of = counter) => {
  const log = tappedLog(silentLog, of.tap)
  for (let n = 0; n < times; n++) log.info({}, 'message accepted')
}

async function read(
  fromMs: number,
  names: readonly ('accepted' | 'refused' | 'queueAge')[] = ['accepted'],
) {
  const figures = createStoredFigures(store.tables.counters, clock)
  const { stepMs, series } = await figures.read({ names, fromMs, toMs: clock.now() })
  return {
    stepMs,
    series: Object.fromEntries(series.map((one) => [`${one.name}/${one.label}`, one.values])),
  }
}

describe('figures', () => {
  it('are sums of a minute, with gaps where nobody counted', async () => {
    const keeper = keeperOn()
    count(3)
    await keeper.keep()
    clock.advance(20_000)
    count(2)
    await keeper.keep()
    clock.advance(2 * MINUTE)
    await keeper.keep()
    clock.advance(MINUTE)
    const told = await read(start, ['accepted', 'queueAge'])
    expect(told).toEqual({
      stepMs: MINUTE,
      series: { 'accepted/': [5, null, 0, null], 'queueAge/p50': [10, null, 10, null] },
    })
  })

  it('are kept when the store fails in between, once', async () => {
    let fails = true
    const faulty = withFaults(store, {
      plan: ({ operation }) => (operation === 'write' && fails ? 'throttled' : undefined),
    })
    const keeper = keeperOn(faulty.tables.counters)
    count(3)
    await keeper.keep()
    fails = false
    count(1)
    await keeper.keep()
    clock.advance(MINUTE)
    expect((await read(start)).series).toEqual({ 'accepted/': [4] })
  })

  it('of an hour are made of its minutes, also of one that a dead process left', async () => {
    const dead = keeperOn()
    count(6)
    await dead.keep()
    clock.advance(10 * MINUTE)
    count(4)
    await dead.keep()
    clock.advance(5 * HOUR)
    const next = createFigureCounter()
    await keeperOn(store.tables.counters, next).keep()
    clock.advance(4 * 24 * HOUR)
    const { stepMs, series } = await read(start, ['accepted', 'queueAge'])
    expect(stepMs).toBe(HOUR)
    expect(series['accepted/']?.slice(0, 7)).toEqual([10, null, null, null, null, null, null])
    expect(series['queueAge/p50']?.[0]).toBe(10)
  })

  it('have the greatest labels on their own, the rest together', async () => {
    const log = tappedLog(silentLog, counter.tap)
    for (let reason = 0; reason < 12; reason++) {
      for (let n = 0; n <= reason; n++)
        log.info({ restriction: `r${reason}` }, 'recipient rejected')
    }
    await keeperOn().keep()
    clock.advance(MINUTE)
    const { series } = await read(start, ['refused'])
    expect(Object.keys(series)).toHaveLength(9)
    expect(series['refused/r11']).toEqual([12])
    expect(series['refused/rest']).toEqual([1 + 2 + 3 + 4])
  })

  it.each([HOUR, 24 * HOUR, 7 * 24 * HOUR, 400 * 24 * HOUR])(
    'over %d ms have few points',
    (rangeMs) => {
      expect(rangeMs / stepOf(rangeMs)).toBeLessThanOrEqual(POINTS_MAX)
    },
  )

  it('of the queue are how much waits, and how long', async () => {
    const pipeline = createPipeline(store, clock, {})
    await pipeline.addAccount('ann@example.test')
    await pipeline.accept('Subject: a\r\n\r\na\r\n', ['ann@example.test'])
    clock.advance(10 * MINUTE)
    await pipeline.accept('Subject: b\r\n\r\nb\r\n', ['ann@example.test'])
    const ages = await agesOf(store.tables.queue, clock.now())
    expect(Object.fromEntries(ages)).toEqual({
      'queueMessages/incoming': 2,
      'queueMessages/waiting': 0,
      'queueMessages/held': 0,
      'queueAge/p50': 0,
      'queueAge/p95': 0,
      'queueAge/max': 600,
    })
  })
})
