import { describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'
import { manualClock } from '#test/support/pipeline.ts'

const options = {
  minimalBackoffMs: 1_000,
  maximalBackoffMs: 10_000,
  maximalQueueLifetimeMs: 100_000,
  bounceQueueLifetimeMs: 20_000,
}
const refused = { kind: 'deferred', status: '4.4.1', reply: 'refused' } as const
const unknown = { kind: 'failed', status: '5.1.1', reply: 'unknown' } as const
const MIDDLE = 0.5

/** Of a message that arrived so long ago. */
function scheduleAfter(ageMs: number, random: number = MIDDLE) {
  const clock = manualClock(1_000_000)
  return {
    ...createRetrySchedule(options, clock, () => random),
    arrivedMs: clock.now() - ageMs,
    nowMs: clock.now(),
  }
}

describe('the retry schedule', () => {
  it.each([
    ['as long as it has waited', 5_000, 5_000],
    ['at least the shortest pause', 0, 1_000],
    ['at most the longest pause', 60_000, 10_000],
  ])('pauses %s', (_, ageMs, pauseMs) => {
    const { nextAttemptMs, arrivedMs, nowMs } = scheduleAfter(ageMs)
    expect(nextAttemptMs(arrivedMs)).toBe(nowMs + pauseMs)
  })

  it.each([
    [0, 4_000],
    [1, 6_000],
  ])('spreads pauses by a fifth in both directions: chance %d', (random, pauseMs) => {
    const { nextAttemptMs, arrivedMs, nowMs } = scheduleAfter(5_000, random)
    expect(nextAttemptMs(arrivedMs)).toBe(nowMs + pauseMs)
  })

  it.each([
    ['of a sender', 'ann@here.test', 100_000],
    ['without a sender', '', 20_000],
  ])(
    'takes mail %s as failed, with the last reason, once its lifetime is over',
    (_, sender, ms) => {
      const at = (ageMs: number) => {
        const { expire, arrivedMs } = scheduleAfter(ageMs)
        return expire({ arrivedMs, envelope: { sender } }, refused)
      }
      expect(at(ms - 1)).toEqual(refused)
      expect(at(ms)).toEqual({
        kind: 'failed',
        status: '5.4.7',
        reply: 'delivery time expired: refused',
      })
    },
  )

  it.each([
    ['of a sender', 'ann@here.test'],
    ['without a sender', ''],
  ])('tries mail %s once where the lifetime is 0', (_, sender) => {
    const clock = manualClock(1_000_000)
    const none = { ...options, maximalQueueLifetimeMs: 0 }
    const { expire } = createRetrySchedule(none, clock, () => MIDDLE)
    const message = { arrivedMs: clock.now(), envelope: { sender } }
    expect(expire(message, refused).kind).toBe('failed')
  })

  it.each<DeliveryResult>([unknown, { kind: 'delivered', reply: '250 ok' }])(
    'leaves alone what is decided: %j',
    (result) => {
      const { expire, arrivedMs } = scheduleAfter(options.maximalQueueLifetimeMs + 1)
      expect(expire({ arrivedMs, envelope: { sender: 'a@b.test' } }, result)).toEqual(result)
    },
  )

  it('defers a new group until its next attempt, and has what failed told of at once', () => {
    const young = scheduleAfter(5_000)
    expect(young.afterAttempt(young.arrivedMs, 'deferred')).toEqual({
      kind: 'deferred',
      dueMs: young.nowMs + 5_000,
    })
    expect(young.afterAttempt(young.arrivedMs, 'failed')).toEqual({ kind: 'waiting' })
  })
})
