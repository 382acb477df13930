import { describe, expect, it } from 'vitest'
import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
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

describe('HeldBytes', () => {
  it('are given back as a whole, however they were taken', async () => {
    const { budget, clock } = start(10)
    {
      using held = new HeldBytes(budget)
      expect(held.take(3)).toBe(true)
      expect(await held.wait(4, { clock, waitMs: 1_000 })).toBe(true)
      expect(held.taken).toBe(7)
      expect(budget.taken).toBe(7)
      held.give()
      held.give()
      expect(budget.taken).toBe(0)
      held.take(10)
    }
    expect(budget.taken).toBe(0)
  })

  it('are no more than one holder may have, and no more than there is', async () => {
    const { budget, clock } = start(10)
    const held = new HeldBytes(budget, 5)
    expect(held.take(6)).toBe(false)
    expect(await held.wait(6, { clock, waitMs: 1_000 })).toBe(false)
    expect(held.take(5)).toBe(true)
    expect(held.take(1)).toBe(false)
    const other = new HeldBytes(budget)
    expect(other.take(6)).toBe(false)
    expect(other.taken).toBe(0)
    expect(budget.taken).toBe(5)
  })

  it('make room for who waits when some of them are given back', async () => {
    const { budget, clock } = start(10)
    const held = new HeldBytes(budget)
    held.take(10)
    const other = new HeldBytes(budget)
    const waiting = other.wait(4, { clock, waitMs: 1_000 })
    held.keep(6)
    expect(await waiting).toBe(true)
    expect([held.taken, other.taken, budget.taken]).toEqual([6, 4, 10])
    held.keep(8)
    expect(held.taken).toBe(6)
  })

  it('are none where the time was over', async () => {
    const { budget, clock } = start(10)
    budget.tryTake(10)
    const held = new HeldBytes(budget)
    const waiting = held.wait(1, { clock, waitMs: 1_000 })
    await clock.advance(1_000)
    expect(await waiting).toBe(false)
    held.give()
    expect(budget.taken).toBe(10)
  })
})
