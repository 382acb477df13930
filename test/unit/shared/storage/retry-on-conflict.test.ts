import { describe, expect, it } from 'vitest'
import { optimistic } from '#shared/directory/optimistic.ts'
import { CONTENDED_AFTER_MS, retrying } from '#shared/mailbox/retry.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict } from '#shared/storage/ports.ts'
import { Contended, type Patience, retryOnConflict } from '#shared/storage/retry-on-conflict.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

/** A step that another writer comes before so many times; `runs` counts. */
function beatenBy(others: number, by: () => Error = () => new ConditionFailed([])) {
  const step = {
    runs: 0,
    async run() {
      step.runs += 1
      if (step.runs <= others) throw by()
      return 'written'
    },
  }
  return step
}

const attempts: Patience = { kind: 'attempts', max: 3 }

describe('retryOnConflict', () => {
  it.each([
    ['a condition', () => new ConditionFailed([])],
    ['a transaction of others', () => new Conflict('held')],
  ])('runs a step again that %s stood against', async (_, by) => {
    const step = beatenBy(2, by)
    expect(await retryOnConflict(attempts, 'contended', step.run)).toBe('written')
    expect(step.runs).toBe(3)
  })

  it('does not repeat any other failure', async () => {
    const failure = new TemporaryFailure('away')
    const step = beatenBy(1, () => failure)
    await expect(retryOnConflict(attempts, 'contended', step.run)).rejects.toBe(failure)
    expect(step.runs).toBe(1)
  })

  it('is a temporary failure, with its cause, after the last attempt', async () => {
    const cause = new Conflict('held')
    const step = beatenBy(3, () => cause)
    const end = await retryOnConflict(attempts, 'contended', step.run).catch((error) => error)
    expect(end).toBeInstanceOf(Contended)
    expect(end).toBeInstanceOf(TemporaryFailure)
    expect(end).toMatchObject({ message: 'contended', cause })
    expect(step.runs).toBe(3)
  })

  it('pauses for a part of the longest pause, in whole milliseconds', async () => {
    const { clock, sleptMs } = skippingClock()
    const parts = [0, 0.5, 0.999]
    const random = () => parts.shift() ?? 0
    const pauseMsMax = (attempt: number) => 10 * attempt
    const patience: Patience = { kind: 'time', clock, random, ms: 1_000, pauseMsMax }
    const step = beatenBy(3)
    expect(await retryOnConflict(patience, 'contended', step.run)).toBe('written')
    expect(sleptMs).toEqual([0, 10, 30])
  })

  it('gives up with the first attempt that fails when the time is over', async () => {
    const { clock, sleptMs } = skippingClock()
    const patience: Patience = {
      kind: 'time',
      clock,
      random: () => 1,
      ms: 100,
      pauseMsMax: () => 50,
    }
    const step = beatenBy(3)
    await expect(retryOnConflict(patience, 'contended', step.run)).rejects.toThrow(Contended)
    expect(step.runs).toBe(3)
    expect(sleptMs).toEqual([50, 50])
    expect(await retryOnConflict(patience, 'contended', beatenBy(2).run)).toBe('written')
  })
})

describe('a step of a mailbox', () => {
  it('is repeated for some seconds, with pauses up to a quarter of one', async () => {
    const { clock, sleptMs } = skippingClock()
    const startMs = clock.now()
    const step = beatenBy(Number.POSITIVE_INFINITY)
    await expect(retrying(clock, step.run)).rejects.toThrow('too many writers at once')
    const afterMs = clock.now() - startMs
    expect(afterMs).toBeGreaterThanOrEqual(CONTENDED_AFTER_MS)
    expect(afterMs).toBeLessThan(CONTENDED_AFTER_MS + 250)
    expect(sleptMs[0]).toBeLessThanOrEqual(4)
    expect(Math.max(...sleptMs)).toBeLessThanOrEqual(250)
    expect(step.runs).toBe(sleptMs.length + 1)
  })
})

describe('a change of the directory', () => {
  it('is attempted ten times', async () => {
    expect(await optimistic(beatenBy(9).run)).toBe('written')
    const step = beatenBy(10)
    await expect(optimistic(step.run)).rejects.toThrow(TemporaryFailure)
    expect(step.runs).toBe(10)
  })
})
