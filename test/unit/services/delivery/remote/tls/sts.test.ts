import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStsStore } from '#services/assembly/sts-store.ts'
import { createSts, STS_CHECK_MS, STS_REFRESH_MS } from '#services/delivery/remote/tls/sts.ts'
import type { FetchedPolicy } from '#services/delivery/remote/tls/sts-fetch.ts'
import type { StsMode } from '#services/delivery/remote/tls/sts-policy.ts'
import type { TlsOutcome } from '#shared/contracts/tls-report.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const DAY_MS = 86_400_000
const unreachable: FetchedPolicy = {
  kind: 'failure',
  type: 'sts-policy-fetch-error',
  why: 'HTTP status 404',
}
const policyOf = (mode: StsMode, mx = ['mx.there.test']): FetchedPolicy => ({
  kind: 'policy',
  policy: { mode, mx, maxAgeSeconds: (3 * DAY_MS) / 1_000 },
})

let opened: OpenedEmbedded
beforeAll(async () => {
  opened = await openEmbedded()
})
afterAll(() => opened.close())

let domains = 0

/** A domain that nobody knows yet, and processes that send to it, one after the other on the same store. */
function world() {
  const domain = `there${++domains}.test`
  const state = {
    // The store forgets by its own clock.
    nowMs: Date.now(),
    zone: {} as { [name: string]: FakeZone[string] },
    fetched: unreachable as FetchedPolicy,
    fetches: 0,
    told: [] as TlsOutcome[],
  }
  const clock = { now: () => state.nowMs }
  const startProcess = () => {
    const sts = createSts({
      resolver: { resolveTxt: (name) => createFakeResolver(state.zone).resolveTxt(name) },
      fetchPolicy: async () => {
        state.fetches++
        return state.fetched
      },
      store: createStsStore(opened.store.tables.counters, clock),
      reports: { note: (outcome) => void state.told.push(outcome) },
      clock,
      log: silentLog,
    })
    return async () => (await sts.policyOf(domain))?.mode
  }
  return {
    state,
    startProcess,
    publish(id: string) {
      state.zone = { [`_mta-sts.${domain}`]: { txt: [`v=STSv1; id=${id};`] } }
    },
    withdraw() {
      state.zone = {}
    },
    breakDns() {
      state.zone = { [`_mta-sts.${domain}`]: 'failure' }
    },
  }
}

/** Of what nobody waits for. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await turn()
}

describe('the policy of a domain', () => {
  it('is fetched where a record says that there is one', async () => {
    const { state, startProcess, publish } = world()
    const ask = startProcess()
    expect(await ask()).toBeUndefined()
    expect(state.fetches).toBe(0)
    publish('1')
    state.nowMs += STS_CHECK_MS
    state.fetched = policyOf('enforce')
    expect(await ask()).toBe('enforce')
    expect(await ask()).toBe('enforce')
    expect(state.fetches).toBe(1)
  })

  it('is fetched once by all who ask at once', async () => {
    const { state, startProcess, publish } = world()
    publish('1')
    state.fetched = policyOf('enforce')
    const ask = startProcess()
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['enforce', 'enforce', 'enforce'])
    expect(state.fetches).toBe(1)
  })

  it('of mode none is none', async () => {
    const { state, startProcess, publish } = world()
    publish('1')
    state.fetched = policyOf('none', [])
    expect(await startProcess()()).toBeUndefined()
  })

  it('is fetched anew where the id is another one', async () => {
    const { state, startProcess, publish } = world()
    const ask = startProcess()
    publish('1')
    state.fetched = policyOf('enforce')
    await ask()
    publish('2')
    state.fetched = policyOf('testing')
    expect(await ask()).toBe('enforce')
    state.nowMs += STS_CHECK_MS
    expect(await ask()).toBe('testing')
  })

  it.each(['withdraw', 'breakDns', 'break the host'] as const)(
    'holds in spite of %s, until it ends',
    async (how) => {
      const { state, startProcess, ...dns } = world()
      dns.publish('1')
      state.fetched = policyOf('enforce')
      await startProcess()()
      if (how === 'break the host') dns.publish('2')
      else dns[how]()
      state.fetched = unreachable
      // Also in a process that has never seen it.
      for (const ask of [startProcess(), startProcess()]) {
        state.nowMs += DAY_MS
        expect(await ask()).toBe('enforce')
      }
      state.nowMs += DAY_MS - 1
      expect(await startProcess()()).toBe('enforce')
      state.nowMs += 1
      expect(await startProcess()()).toBeUndefined()
    },
  )

  it('is fetched again once a day, while nobody waits for it', async () => {
    const { state, startProcess, publish } = world()
    publish('1')
    state.fetched = policyOf('enforce')
    const ask = startProcess()
    await ask()
    state.nowMs += STS_REFRESH_MS - 1
    await ask()
    await settle()
    expect(state.fetches).toBe(1)
    state.nowMs += STS_CHECK_MS
    state.fetched = policyOf('testing')
    expect(await ask()).toBe('enforce')
    await expect.poll(ask).toBe('testing')
    expect(state.fetches).toBe(2)
  })

  it('that cannot be fetched is tried five minutes later, and told to the domain', async () => {
    const { state, startProcess, publish } = world()
    publish('1')
    const ask = startProcess()
    expect([await ask(), await ask(), state.fetches]).toEqual([undefined, undefined, 1])
    expect(state.told).toMatchObject([
      { result: 'sts-policy-fetch-error', reason: 'HTTP status 404', policy: { type: 'sts' } },
      { result: 'sts-policy-fetch-error' },
    ])
    state.nowMs += STS_CHECK_MS
    state.fetched = policyOf('enforce')
    expect(await ask()).toBe('enforce')
  })
})
