// Postfix's concurrency arithmetic, rule by rule (qmgr(8), postconf(5), SCHEDULER_README).

import { describe, expect, it } from 'vitest'
import {
  Concurrency,
  type DestinationLimits,
} from '#services/delivery/queue-manager/concurrency.ts'

const one = { base: 1, per: 'one' } as const
const limits: DestinationLimits = {
  initial: 5,
  concurrency: 20,
  positiveFeedback: one,
  negativeFeedback: one,
  failedCohortLimit: 1,
  rateDelayMs: 0,
  deadMs: 300_000,
}
const REASON = 'connect to mx.a.test[192.0.2.1]:25: refused'

/** All that may go at the same time is under way, and each time one ends another begins. */
function busy(changes: Partial<DestinationLimits> = {}) {
  const concurrency = new Concurrency({ ...limits, ...changes })
  let nowMs = 0
  const fill = () => {
    while (!concurrency.isFull && concurrency.dead === undefined) concurrency.start()
  }
  fill()
  return {
    concurrency,
    succeed(times = 1) {
      for (let n = 0; n < times; n++) {
        concurrency.succeed()
        concurrency.end(nowMs)
        fill()
      }
    },
    /** Says after which of them it was dead. */
    fail(times = 1): number | undefined {
      for (let n = 1; n <= times; n++) {
        const died = concurrency.fail(REASON, nowMs)
        concurrency.end(nowMs)
        if (died) return n
        fill()
      }
      return undefined
    },
    advance: (ms: number) => void (nowMs += ms),
    now: () => nowMs,
    fill,
  }
}

describe('how many go to a destination at the same time', () => {
  it('begins with the initial number, or the limit where that is less', () => {
    expect(new Concurrency(limits).window).toBe(5)
    expect(new Concurrency({ ...limits, concurrency: 2 }).window).toBe(2)
    expect(new Concurrency({ ...limits, concurrency: 0 }).window).toBe(5)
  })

  it.each([
    ['each', one, 1],
    ['at the end of five', { base: 1 / 5, per: 'one' }, 5],
    ['at the end of two', { base: 0.5, per: 'one' }, 2],
    ['at the end of as many as go', { base: 1, per: 'concurrency' }, 5],
    ['after the square root of them', { base: 1, per: 'sqrt_concurrency' }, 3],
  ] as const)('grows by one with %s that got through', (_, positiveFeedback, needed) => {
    const { concurrency, succeed } = busy({ positiveFeedback })
    succeed(needed - 1)
    expect(concurrency.window).toBe(5)
    succeed()
    expect(concurrency.window).toBe(6)
  })

  it('grows to the limit, and without one as long as there is mail', () => {
    const limited = busy()
    limited.succeed(100)
    expect(limited.concurrency.window).toBe(20)
    const unlimited = busy({ concurrency: 0 })
    unlimited.succeed(100)
    expect(unlimited.concurrency.window).toBe(105)
  })

  it('does not grow where few are under way', () => {
    const concurrency = new Concurrency(limits)
    for (let n = 0; n < 10; n++) {
      concurrency.start()
      concurrency.succeed()
      concurrency.end(0)
    }
    // While the window is below one under way and the first five.
    expect(concurrency.window).toBe(6)
  })

  it.each([
    ['each', one, [19, 18, 17, 16]],
    ['the first of two', { base: 0.5, per: 'one' }, [19, 19, 18, 18]],
    ['the first of five', { base: 1 / 5, per: 'one' }, [19, 19, 19, 19, 19, 18]],
    ['the first of as many as go', { base: 1, per: 'concurrency' }, [19, 19, 19, 19]],
  ] as const)('shrinks by one with %s that did not get through', (_, negativeFeedback, windows) => {
    const { concurrency, succeed, fail } = busy({ negativeFeedback, failedCohortLimit: 0 })
    succeed(100)
    const seen = windows.map(() => {
      fail()
      return concurrency.window
    })
    expect(seen).toEqual(windows)
  })

  it('never shrinks below one', () => {
    const { concurrency, fail } = busy({ failedCohortLimit: 0 })
    expect(fail(50)).toBeUndefined()
    expect(concurrency.window).toBe(1)
  })
})

describe('a destination is dead', () => {
  it.each([
    [5, 1, 4],
    [20, 1, 13],
    [1, 1, 1],
    [1, 3, 3],
    [5, 2, 5],
  ])(
    'from a window of %d, with a limit of %d cohorts, with failure %d in a row',
    (window, failedCohortLimit, dead) => {
      const { concurrency, fail } = busy({ initial: window, failedCohortLimit })
      expect(fail(100)).toBe(dead)
      expect(concurrency.dead).toEqual({ untilMs: 300_000, reason: REASON })
    },
  )

  it('not where one got through in between', () => {
    const { fail, succeed } = busy()
    for (let n = 0; n < 10; n++) {
      expect(fail(3)).toBeUndefined()
      succeed(4)
    }
  })

  it('never with a limit of 0', () => {
    expect(busy({ failedCohortLimit: 0 }).fail(1_000)).toBeUndefined()
  })

  it('with a rate delay only after ten cohorts', () => {
    expect(busy({ rateDelayMs: 1_000 }).fail(100)).toBe(10)
    expect(busy({ rateDelayMs: 1_000, failedCohortLimit: 12 }).fail(100)).toBe(12)
  })

  it('until its time is over, and then begins as at first', () => {
    const { concurrency, fail } = busy()
    fail(4)
    // Some of the cohort are still under way, and fail like the others.
    while (concurrency.busy > 0) fail()
    expect(concurrency.wake(299_999)).toBe(false)
    expect(concurrency.dead?.untilMs).toBe(300_000)
    expect(concurrency.wake(300_000)).toBe(true)
    expect(concurrency.dead).toBeUndefined()
    expect(concurrency.window).toBe(5)
  })

  it('until one that was under way gets through, and then has as many as are', () => {
    const { concurrency, succeed, fail } = busy()
    succeed(4)
    expect(concurrency.window).toBe(9)
    while (concurrency.dead === undefined) fail()
    const { busy: left } = concurrency
    concurrency.succeed()
    expect(concurrency.dead).toBeUndefined()
    expect(concurrency.window).toBe(left)
  })

  it('until an operator says otherwise', () => {
    const { concurrency, fail } = busy()
    fail(4)
    expect(concurrency.wake(1, { now: true })).toBe(true)
    expect(concurrency.dead).toBeUndefined()
  })
})

it('with a rate delay deliveries go one by one, each so long after the end of the one before', () => {
  const concurrency = new Concurrency({ ...limits, rateDelayMs: 1_000 })
  expect(concurrency.window).toBe(1)
  concurrency.start()
  concurrency.succeed()
  concurrency.end(500)
  expect(concurrency.readyMs).toBe(1_500)
  expect(concurrency.window).toBe(1)
})
