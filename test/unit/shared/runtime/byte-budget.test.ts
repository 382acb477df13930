import { describe, expect, it } from 'vitest'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const start = (bytesMax: number) => ({ budget: new ByteBudget(bytesMax), clock: new ManualClock() })

describe('ByteBudget', () => {
  it('gives what fits, to the last byte', () => {
    const { budget } = start(10)
    expect(budget.tryTake(10)).toBe(true)
    expect(budget.tryTake(1)).toBe(false)
    budget.give(10)
    expect(budget.taken).toBe(0)
  })

  it('serves who waits in order, so that large requests are not overtaken for ever', async () => {
    const { budget, clock } = start(10)
    budget.tryTake(8)
    const large = budget.take(9, { clock, waitMs: 1_000 })
    const small = budget.take(1, { clock, waitMs: 1_000 })
    expect(budget.tryTake(1)).toBe(false)
    budget.give(8)
    expect(await large).toBe(true)
    expect(await small).toBe(true)
    expect(budget.taken).toBe(10)
  })

  it('tells after the wait that there was no room, and takes nothing', async () => {
    const { budget, clock } = start(10)
    budget.tryTake(10)
    const late = budget.take(5, { clock, waitMs: 1_000 })
    const next = budget.take(1, { clock, waitMs: 2_000 })
    await clock.advance(1_000)
    expect(await late).toBe(false)
    budget.give(1)
    expect(await next).toBe(true)
    expect(budget.taken).toBe(10)
  })

  it('refuses at once what can never fit, and whoever is gone', async () => {
    const { budget, clock } = start(10)
    expect(await budget.take(11, { clock, waitMs: 1_000 })).toBe(false)
    budget.tryTake(10)
    const gone = new AbortController()
    const waiting = budget.take(1, { clock, waitMs: 1_000, signal: gone.signal })
    gone.abort()
    expect(await waiting).toBe(false)
    expect(budget.taken).toBe(10)
  })
})
