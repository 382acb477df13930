// Usage of the month, of figures as they are kept and of mail as it is stored.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleUsage } from '#services/assembly/usage.ts'
import { ACCOUNTS_MAX, createUsageSource, KEPT_MS } from '#shared/administration/usage/usage.ts'
import { createFigureCounter } from '#shared/figures/counter.ts'
import { createFigureKeeper } from '#shared/figures/keeper.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { type LogFields, silentLog } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const startMs = Date.UTC(2026, 10)

let clock: ReturnType<typeof manualClock>
let store: Store
let close: () => Promise<void>
let happen: (...lines: readonly (readonly [string, LogFields])[]) => Promise<void>

beforeEach(async () => {
  clock = manualClock(startMs - DAY_MS)
  const opened = await openEmbedded({ clock })
  store = opened.store
  close = opened.close
  const counter = createFigureCounter()
  const keeper = createFigureKeeper({
    ...{ table: store.tables.counters, counter, clock, log: silentLog },
    measure: async () => new Map(),
  })
  happen = async (...lines) => {
    const log = tappedLog(silentLog, counter.tap)
    for (const [message, fields] of lines) log.info(fields, message)
    await keeper.keep()
  }
})
afterEach(() => close())

const usageWith = (set: readonly string[]) => {
  const { backend, ...pipeline } = createPipeline(store, clock, { set })
  const figures = createStoredFigures(store.tables.counters, clock)
  return { usage: assembleUsage(backend, figures), pipeline }
}

describe('the usage of a month', () => {
  it('is what was counted since it began, and nothing of the month before', async () => {
    await happen(['message accepted', { size: 99_000 }])
    clock.advance(2 * DAY_MS)
    await happen(
      ['message accepted', { size: 1_000 }],
      ['message accepted', { size: 500 }],
      ['delivered', { relay: 'local', to: 'ann@example.test' }],
      ['delivered', { relay: 'mx.remote.test', to: 'bob@remote.test' }],
      ['deferred', { to: 'bob@remote.test' }],
      ['recipient rejected', { restriction: 'reject_rbl_client' }],
      ['logged in', { service: 'imap' }],
      ['session ended', { service: 'imap', fetched: 7, appended: 1, expunged: 2 }],
      ['session ended', { service: 'pop3', retrieved: 2, topped: 1, deleted: 2, octets: 900 }],
    )
    clock.advance(30 * 60_000)
    const { usage } = usageWith(['monthlyCost=72 EUR', 'unitPrices=deliveredElsewhere=3'])
    const shown = await usage.read()
    expect(shown.counts).toEqual({
      ...{ accepted: 2, acceptedBytes: 1_500, deliveredHere: 1, deliveredElsewhere: 1 },
      ...{ deferred: 1, refused: 1, read: 10, changed: 5, logins: 1 },
    })
    expect(shown.sinceMs).toBe(startMs)
    // 24.5 of 720 hours.
    expect(shown.cost).toMatchObject({ currency: 'EUR', soFar: expect.closeTo(2.45 + 3) })
  })

  it('begins with what was counted first, where the system did', async () => {
    clock.advance(3 * DAY_MS)
    await happen(['message accepted', { size: 1 }])
    clock.advance(6 * HOUR_MS)
    await happen()
    const { sinceMs, nowMs } = await usageWith(['monthlyCost=72 EUR']).usage.read()
    expect(nowMs - sinceMs).toBeGreaterThanOrEqual(6 * HOUR_MS)
    expect(nowMs - sinceMs).toBeLessThan(10 * HOUR_MS)
  })

  it('sums up what mailboxes hold, and is kept for some minutes', async () => {
    const { usage, pipeline } = usageWith([])
    const text = `Subject: a\r\n\r\n${'a'.repeat(1_000)}\r\n`
    await pipeline.addAccount('ann@example.test')
    await pipeline.accept(text, ['ann@example.test'])
    await pipeline.settle()
    const { storedBytes, cost } = await usage.read()
    expect(storedBytes).toBeGreaterThan(text.length)
    expect(cost).toEqual({ kind: 'none', why: 'not-set' })
    await pipeline.accept(text, ['ann@example.test'])
    await pipeline.settle()
    expect((await usage.read()).storedBytes).toBe(storedBytes)
    clock.advance(KEPT_MS)
    expect((await usage.read()).storedBytes).toBeGreaterThan(storedBytes ?? 0)
  })

  it.each([
    [ACCOUNTS_MAX, ACCOUNTS_MAX * 5],
    [ACCOUNTS_MAX + 1, null],
  ])('of %d mailboxes is %s bytes', async (count, bytes) => {
    const ids = Array.from({ length: count }, (_, n) => ({ id: n }))
    const { backend } = createPipeline(store, clock, {})
    const source = createUsageSource({
      figures: createStoredFigures(store.tables.counters, clock),
      accounts: {
        async page({ limit, after }) {
          const from = Number(after ?? 0)
          const items = ids.slice(from, from + limit)
          const next = from + limit < count ? { next: String(from + limit) } : {}
          return Object.assign({ items }, next) as never
        },
      },
      mailbox: { usage: async () => ({ bytes: 5, messages: 1 }) },
      settings: () => backend.settings,
      ...{ listCosts: undefined, clock },
    })
    expect((await source.read()).storedBytes).toBe(bytes)
  })
})
