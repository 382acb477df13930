// What a month costs, computed from known counts.

import { describe, expect, it } from 'vitest'
import { type CostModel, estimateCost, modelInForce } from '#shared/administration/usage/cost.ts'
import { noCounts, type UsageCounts } from '#shared/administration/usage/counts.ts'

const HOUR_MS = 3_600_000
const startMs = Date.UTC(2026, 10)
const endMs = Date.UTC(2026, 11)
const month = (hours: number, since = 0) => ({
  ...{ startMs, endMs, sinceMs: startMs + since * HOUR_MS, nowMs: startMs + hours * HOUR_MS },
})
const step = (hour: number, counts: Partial<UsageCounts> | null) => ({
  atMs: startMs + hour * HOUR_MS,
  counts: counts && { ...noCounts, ...counts },
})
const model: CostModel = {
  currency: 'USD',
  atRest: { amount: 0.1, per: 'hour' },
  prices: { accepted: 0.001, deliveredElsewhere: 0.01, storedGB: 0.72 },
  origin: { kind: 'setting' },
  notCounted: ['kept-logs'],
}
const used = (steps: readonly ReturnType<typeof step>[], storedBytes: number | null = 0) => ({
  ...{ steps, stepMs: HOUR_MS, storedBytes },
})

describe('the cost of a month', () => {
  it('is what it costs at rest by the hour, and what was counted by its prices', () => {
    const steps = [
      step(0, { accepted: 30, deliveredElsewhere: 2 }),
      step(1, null),
      step(2, { accepted: 10, refused: 900 }),
    ]
    const cost = estimateCost(model, used(steps, 10e9), month(72))
    // 10 GB for 72 of the 720 hours that November has.
    expect(cost.lines).toEqual([
      { what: 'atRest', quantity: 72, amount: expect.closeTo(7.2) },
      { what: 'accepted', quantity: 40, amount: expect.closeTo(0.04) },
      { what: 'deliveredElsewhere', quantity: 2, amount: expect.closeTo(0.02) },
      { what: 'storedGB', quantity: 10, amount: expect.closeTo(0.72) },
    ])
    expect(cost.soFar).toBeCloseTo(7.98)
    expect(cost.projected).toBeCloseTo(79.8)
    expect(cost.notCounted).toEqual(['kept-logs'])
  })

  it('grows step by step, up to now', () => {
    const steps = [step(0, { accepted: 100 }), step(1, null), step(2, { accepted: 100 })]
    const { points, soFar } = estimateCost(model, used(steps), month(2.5))
    const at = (hours: number) => startMs + hours * HOUR_MS
    expect(points).toEqual([
      { atMs: at(1), soFar: expect.closeTo(0.2) },
      { atMs: at(2), soFar: expect.closeTo(0.3) },
      { atMs: at(2.5), soFar: expect.closeTo(0.45) },
    ])
    expect(points.at(-1)?.soFar).toBeCloseTo(soFar)
  })

  it('begins when the system did', () => {
    const cost = estimateCost(model, used([step(700, { accepted: 10 })]), month(710, 700))
    expect(cost.lines[0]).toEqual({ what: 'atRest', quantity: 10, amount: expect.closeTo(1) })
    // Twenty hours of it, with twice the messages of ten.
    expect(cost.projected).toBeCloseTo(2.02)
  })

  it('says nothing of a month from what it saw in a minute', () => {
    const cost = estimateCost(model, used([step(0, { accepted: 10 })]), month(1 / 60))
    expect(cost.projected).toBeCloseTo(72.01)
  })

  it('has a gap where mail could not be summed up, and says so', () => {
    const cost = estimateCost(model, used([], null), month(72))
    expect(cost.lines.map(({ what }) => what)).toEqual(['atRest', 'accepted', 'deliveredElsewhere'])
    expect(cost.notCounted).toEqual(['kept-logs', 'stored-mail'])
  })

  it('of a machine is the amount that is set, spread over the month', () => {
    const monthlyCost = { kind: 'amount', amount: 30, currency: 'EUR' } as const
    const set = modelInForce({ monthlyCost, unitPrices: { deliveredElsewhere: 0.5 } }, model)
    if ('kind' in set) throw new Error(set.kind)
    const cost = estimateCost(set, used([step(0, { deliveredElsewhere: 4 })], 10e9), month(180))
    expect(cost).toMatchObject({ currency: 'EUR', origin: { kind: 'setting' } })
    expect(cost.soFar).toBeCloseTo(30 / 4 + 2)
    expect(cost.projected).toBeCloseTo(30 + 8)
  })
})

describe('what is set', () => {
  const unset = { kind: 'unset' } as const

  it('overrides prices of the list one by one', () => {
    expect(modelInForce({ monthlyCost: unset, unitPrices: { accepted: 2 } }, model)).toEqual({
      ...model,
      prices: { ...model.prices, accepted: 2 },
    })
  })

  it('turns it off, and is missed where there is no list', () => {
    expect(modelInForce({ monthlyCost: { kind: 'off' }, unitPrices: {} }, model)).toEqual({
      kind: 'none',
      why: 'off',
    })
    expect(modelInForce({ monthlyCost: unset, unitPrices: {} }, undefined)).toEqual({
      kind: 'none',
      why: 'not-set',
    })
  })
})
