// How often somebody may ask: an actor, and a network whoever asks from it. What is over its limit says when to come again.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createApi } from '#services/api/app.ts'
import { createAuthenticate } from '#services/api/authenticate.ts'
import { operations } from '#services/api/operations/index.ts'
import type { Identities } from '#shared/identity/identities.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { apiDeps, owner } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

const limits = { apiRequestsPerMinute: 5, apiRequestsPerMinutePerNetwork: 40 }
let world: Administered
let ask: (token: string | undefined, address: string) => Promise<Response>

beforeAll(async () => {
  world = await openAdministration()
  const { backend } = world.pipeline
  // Whatever token is shown is that of an account that is called so.
  const identities: Pick<Identities, 'ofCookie' | 'ofToken'> = {
    ofCookie: async () => undefined,
    ofToken: async (text) =>
      text === 'none'
        ? undefined
        : { actor: { ...owner, name: text }, account: null, session: null, token: null },
  }
  const authenticate = createAuthenticate({
    identities,
    rates: backend.rates,
    settings: () => limits,
  })
  const api = createApi(apiDeps(backend, { authenticate }), operations)
  ask = async (token, address) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const request = new Request('https://mx.example.test/api/v1/session', { headers })
    return must(await api(request, { address, isSecure: true }))
  }
})
afterAll(() => world[Symbol.asyncDispose]())
// All buckets are full again.
beforeEach(() => world.clock.advance(60_000))

async function statuses(count: number, token: (n: number) => string | undefined, address: string) {
  const all: number[] = []
  for (let n = 0; n < count; n++) all.push((await ask(token(n), address)).status)
  return all
}
const times = (count: number, status: number) => Array.from({ length: count }, () => status)

it('an actor asks as often as the limit says, wherever it asks from, and is told how often yet', async () => {
  const first = await ask('ann', '192.0.2.1')
  expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=5;w=60')
  expect(first.headers.get('ratelimit')).toBe('"requests";r=4;t=12')
  expect(await statuses(4, () => 'ann', '198.51.100.1')).toEqual(times(4, 200))
  const over = await ask('ann', '203.0.113.1')
  expect(over.status).toBe(429)
  expect(over.headers.get('retry-after')).toBe('12')
  expect(over.headers.get('ratelimit')).toMatch(/;r=0;/)
  expect(await over.json()).toMatchObject({ code: 'too-many-requests', status: 429 })
  expect((await ask('bob', '192.0.2.1')).status).toBe(200)
  await world.clock.advance(12_000)
  expect((await ask('ann', '192.0.2.1')).status).toBe(200)
})

it('a network asks as often as its limit says, whoever asks from it', async () => {
  const told = await statuses(41, (n) => `user${n}`, '192.0.2.7')
  expect(told).toEqual([...times(40, 200), 429])
  expect((await ask('ann', '198.51.100.7')).status).toBe(200)
})

it('strangers have a tenth of it, and guess no more tokens than that', async () => {
  const told = await statuses(6, (n) => (n % 2 ? 'none' : undefined), '192.0.2.8')
  expect(told).toEqual([...times(4, 401), 429, 429])
  expect((await ask('ann', '192.0.2.8')).status).toBe(200)
})
