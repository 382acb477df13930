import { describe, expect, it } from 'vitest'
import { RefusedClients, TakenClients } from '#services/policy/weight/remembered-verdicts.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

describe('a client that was refused', () => {
  const options = { size: 2, sizeMax: 4, retries: 1, waitMs: 30 * SECOND }

  it('stays so while it comes back within the time, and each time begins it anew', async () => {
    const clock = new ManualClock()
    const refused = new RefusedClients(options, clock)
    refused.add('192.0.2.1', 5)
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(30 * SECOND)
      expect(refused.ask(['192.0.2.1'])).toEqual({ points: 5, retriesLeft: 1 })
    }
  })

  it('is free when it has come back late so many times, and then once more', async () => {
    const clock = new ManualClock()
    const refused = new RefusedClients(options, clock)
    refused.add('192.0.2.1', 5)
    await clock.advance(30 * SECOND + 1)
    expect(refused.ask(['192.0.2.1'])).toEqual({ points: 5, retriesLeft: 0 })
    await clock.advance(30 * SECOND)
    expect(refused.ask(['192.0.2.1'])).toEqual({ points: 5, retriesLeft: 0 })
    await clock.advance(30 * SECOND + 1)
    expect(refused.ask(['192.0.2.1'])).toBeUndefined()
  })

  it('is known by its address, or by address and sender', () => {
    const refused = new RefusedClients(options, new ManualClock())
    refused.add('192.0.2.1-a@b.test', 3)
    expect(refused.ask(['192.0.2.1', '192.0.2.1-a@b.test'])?.points).toBe(3)
    expect(refused.ask(['192.0.2.1', '192.0.2.1-c@b.test'])).toBeUndefined()
  })

  it('is forgotten when there are too many: the one that was not seen for the longest time', () => {
    const refused = new RefusedClients(options, new ManualClock())
    for (const key of ['a', 'b', 'c', 'd']) refused.add(key, 1)
    refused.ask(['a'])
    expect(refused.size).toBe(4)
    refused.add('e', 1)
    expect(refused.size).toBe(2)
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => refused.ask([key]))).toEqual(['a', 'e'])
  })

  it('is not remembered where the size is 0', () => {
    const refused = new RefusedClients({ ...options, size: 0, sizeMax: 0 }, new ManualClock())
    refused.add('a', 1)
    expect(refused.ask(['a'])).toBeUndefined()
  })
})

describe('a client that was taken', () => {
  const options = { size: 2, sizeMax: 4, trialMs: DAY, uses: 2, usesWithinMs: 3 * HOUR }

  it('is asked about lists for a day, then taken unasked so many times in so many hours', async () => {
    const clock = new ManualClock()
    const taken = new TakenClients(options, clock)
    const ask = () => taken.ask('192.0.2.1-b.test')
    taken.add('192.0.2.1-b.test', -4)
    await clock.advance(DAY)
    expect(ask()).toEqual({ points: -4, isTrusted: false })
    await clock.advance(1)
    // The first time begins the hours.
    expect(ask()?.isTrusted).toBe(false)
    expect([ask(), ask(), ask()].map((one) => one?.isTrusted)).toEqual([true, true, false])
    await clock.advance(3 * HOUR)
    expect([ask(), ask()].map((one) => one?.isTrusted)).toEqual([false, true])
  })

  it('is nobody else', () => {
    const taken = new TakenClients(options, new ManualClock())
    taken.add('192.0.2.1-b.test', -4)
    expect(taken.ask('192.0.2.1-c.test')).toBeUndefined()
  })
})
