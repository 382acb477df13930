import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createVerification,
  PROBE_LIFE_MS,
  PROBES_MAX,
  UNKNOWN_REFRESH_MS,
  type VerificationOptions,
} from '#services/policy/verification.ts'
import type { ProbeResult } from '#shared/contracts/verify.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const usual: VerificationOptions = {
  addressVerifyPollCount: 3,
  addressVerifyPollDelay: 3_000,
  addressVerifyPositiveExpireTime: 31 * DAY,
  addressVerifyPositiveRefreshTime: 7 * DAY,
  addressVerifyNegativeExpireTime: 3 * DAY,
  addressVerifyNegativeRefreshTime: 3 * HOUR,
  addressVerifyNegativeCache: true,
}

const good: ProbeResult = { kind: 'deliverable' }
const bad: ProbeResult = { kind: 'undeliverable', reply: 'host mx said: 550 no such user' }
const unsure: ProbeResult = { kind: 'unknown', reply: 'host mx said: 450 later' }
const pending = { kind: 'pending' }

async function world(changes: Partial<VerificationOptions> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 10, 30))
  const { store, close } = await openEmbedded({ clock })
  onTestFinished(close)
  const asked: string[] = []
  const log = new MemoryLog()
  let answer: (address: string) => Promise<ProbeResult> = async () => good
  const process = () =>
    createVerification({
      counters: store.tables.counters,
      probe(address) {
        asked.push(address)
        return answer(address)
      },
      clock,
      log,
      options: { ...usual, ...changes },
    })
  return {
    clock,
    log,
    asked,
    process,
    counters: store.tables.counters,
    answers(result: ProbeResult | Promise<ProbeResult>) {
      answer = async () => result
    },
    ...process(),
  }
}

/** Until what was begun and nobody waits for is done. */
async function settled(log: MemoryLog, probes: number): Promise<void> {
  while (log.lines.length < probes) await turn()
}

describe('createVerification', () => {
  it.each([good, bad, unsure])('asks once and remembers: $kind', async (result) => {
    const { verify, answers, asked } = await world()
    answers(result)
    expect(await verify('Carol@THERE.test')).toMatchObject(result)
    expect(await verify('Carol@there.test')).toMatchObject(result)
    expect(asked).toEqual(['Carol@there.test'])
  })

  it('lets a client wait so long for a probe, which goes on', async () => {
    const { verify, answers, asked, clock, log } = await world()
    const { promise, resolve } = Promise.withResolvers<ProbeResult>()
    answers(promise)
    const verifying = verify('a@there.test')
    expect(await clock.asleep()).toBe(9_000)
    await clock.advance(9_000)
    expect(await verifying).toEqual(pending)
    resolve(bad)
    await settled(log, 1)
    expect(await verify('a@there.test')).toMatchObject(bad)
    expect(asked).toHaveLength(1)
  })

  it('asks once for several who ask, in one process and in others', async () => {
    const { verify, process, answers, asked, clock } = await world()
    const { promise, resolve } = Promise.withResolvers<ProbeResult>()
    answers(promise)
    const here = [verify('a@there.test'), verify('a@there.test')]
    await clock.asleep()
    // So that its claim stands.
    while (asked.length === 0) await turn()
    const elsewhere = process().verify('a@there.test')
    while ((await clock.asleep()) !== usual.addressVerifyPollDelay) await turn()
    resolve(good)
    expect(await Promise.all(here)).toEqual([good, good])
    await clock.advance(usual.addressVerifyPollDelay)
    expect(await elsewhere).toMatchObject(good)
    expect(asked).toHaveLength(1)
  })

  it('asks anew when the process that asked is gone', async () => {
    const { verify, counters, asked, clock } = await world()
    const probedMs = clock.now()
    const ttl = Math.ceil((probedMs + 10 * DAY) / 1_000)
    await counters.write({ put: { pk: 'VERIFY#a@there.test', sk: 'probe', probedMs, ttl } })
    await clock.advance(PROBE_LIFE_MS)
    expect(await verify('a@there.test')).toMatchObject(good)
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['that exists', good, 7 * DAY],
    ['that does not', bad, 3 * HOUR],
    ['that nobody could be asked about', unsure, UNKNOWN_REFRESH_MS],
  ])('asks again about an address %s and gives the old result meanwhile', async (_, result, ms) => {
    const { verify, answers, asked, clock, log } = await world()
    answers(result)
    await verify('a@there.test')
    await clock.advance(ms - 1)
    await verify('a@there.test')
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    answers(good)
    expect(await verify('a@there.test')).toMatchObject(result)
    await settled(log, 2)
    expect(await verify('a@there.test')).toMatchObject(good)
    expect(asked).toHaveLength(2)
  })

  it.each([
    ['exists', good, 31 * DAY],
    ['does not', bad, 3 * DAY],
  ])('forgets that an address %s', async (_, result, ms) => {
    const { verify, answers, clock } = await world()
    answers(result)
    await verify('a@there.test')
    await clock.advance(ms)
    answers(unsure)
    expect(await verify('a@there.test')).toMatchObject(unsure)
  })

  it('does not forget one that exists because a later probe fails', async () => {
    const { verify, answers, asked, clock, log } = await world()
    await verify('a@there.test')
    await clock.advance(7 * DAY)
    answers(bad)
    await verify('a@there.test')
    await settled(log, 2)
    expect(await verify('a@there.test')).toMatchObject(good)
    // Nor is it asked less often.
    await settled(log, 3)
    expect(asked).toHaveLength(3)
  })

  it('keeps nothing of probes that failed where the settings say so', async () => {
    const { verify, answers, asked } = await world({ addressVerifyNegativeCache: false })
    answers(bad)
    expect(await verify('a@there.test')).toMatchObject(bad)
    answers(good)
    expect(await verify('a@there.test')).toMatchObject(good)
    expect(asked).toHaveLength(2)
  })

  it('leaves nothing without a time to live, however long a probe took', async () => {
    const { verify, answers, counters, clock, log } = await world({
      addressVerifyNegativeCache: false,
    })
    const { promise, resolve } = Promise.withResolvers<ProbeResult>()
    answers(promise)
    const asked = verify('a@there.test')
    const key = { pk: 'VERIFY#a@there.test', sk: 'probe' }
    while ((await counters.get(key)) === undefined) await turn()
    await counters.write({ delete: key })
    resolve(bad)
    await clock.advance(20_000)
    await asked
    await settled(log, 1)
    expect(await counters.get(key, { consistent: true })).toBeUndefined()
  })

  it('asks about so many at a time and no more', async () => {
    const { verify, answers, asked, clock } = await world()
    answers(new Promise(() => {}))
    const all = Array.from({ length: PROBES_MAX + 1 }, (_, i) => verify(`n${i}@there.test`))
    while (asked.length < PROBES_MAX) await turn()
    await clock.advance(20_000)
    expect(await Promise.all(all)).toEqual(all.map(() => pending))
    expect(asked).toHaveLength(PROBES_MAX)
  })

  it('says so where the store fails', async () => {
    const { clock, log } = await world()
    const { verify } = createVerification({
      counters: { get: () => Promise.reject(new Error('down')), write: async () => undefined },
      probe: async () => good,
      clock,
      log,
      options: usual,
    })
    await expect(verify('a@there.test')).rejects.toThrow('down')
  })
})
