// Greylisting, points, and what an account has sent, as administration tells and changes them: what a client hears is policy's, which asks
// the same store.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { accountRates } from '#shared/rates/account-rates.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'
import { origin } from '#test/support/origin.ts'

let world: Administered
let api: TestApi
let policy: ReturnType<typeof assemblePolicy>
let recorder: ReturnType<typeof assembleRecorder>

beforeAll(async () => {
  world = await openAdministration([
    'policyPreset=open',
    'mynetworks=203.0.113.1',
    'smtpdRecipientRestrictions=check_policy_service postgrey',
    'postgreyShippedLists=no',
    'postgreySpfDomains=no',
    'postgreyAutoWhitelistClients=2',
    'accountMessageLimitPerDay=5',
  ])
  const { backend } = world.pipeline
  for (const domain of ['ours.test', 'other.test']) {
    await world.administration.domains.add({ domain })
    await world.administration.accounts.add({ address: `ann@${domain}`, secret: hashOfA })
  }
  api = openApi(backend)
  recorder = assembleRecorder(backend)
  policy = assemblePolicy(backend, { recorder })
})
afterAll(() => world[Symbol.asyncDispose]())

/** What RCPT is answered. */
async function rcpt(remoteAddress: string, recipient: string, sender = 'bob@far.test') {
  const request: RecipientRequest = {
    queueId: newQueueId(world.clock.now()),
    origin: { ...origin(null), remoteAddress },
    sender,
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient,
  }
  const { kind } = await policy.recipient(request)
  await recorder.settle()
  return kind
}

const get = async (path: string, as: Actor = owner) => {
  const { status, body } = await api.ask(`GET ${path}`, undefined, { as })
  return { status, body }
}
const admin = (): Actor => ({
  ...owner,
  role: 'domain-admin',
  domains: [must(parseDomain('ours.test'))],
})

describe('greylisted mail', () => {
  it('is found by client, sender and recipient, with when it is let in', async () => {
    expect(await rcpt('198.51.100.7', 'ann@ours.test')).toBe('reject')
    expect(await rcpt('198.51.100.7', 'ann@ours.test')).toBe('reject')
    expect(await rcpt('198.51.100.8', 'ann@other.test', 'eve@far.test')).toBe('reject')
    for (const about of ['198.51.100.7', 'bob@far.test', 'ann@ours.test', 'Ann@Ours.Test']) {
      const { body } = await get(`/greylist?about=${about}`)
      expect(body.data, about).toMatchObject([
        {
          ...{ client: '198.51.100.7', sender: 'bob@far.test', recipient: 'ann@ours.test' },
          places: [{ place: '198.51.100.0/24', state: 'waiting' }],
        },
      ])
      const [{ places }] = body.data
      expect(Date.parse(places[0].from)).toBeGreaterThan(world.clock.now())
    }
    expect((await get('/greylist?about=nobody@far.test')).body.data).toEqual([])
    expect((await get('/greylist?about=eve@far.test')).body.data).toHaveLength(1)
    expect((await get('/greylist?about=eve@far.test', admin())).body.data).toEqual([])
    expect((await get('/greylist?about=bob@far.test', admin())).body.data).toHaveLength(1)
    expect((await get('/greylist?about=nonsense')).status).toBe(400)
  })

  it('is let in when somebody says so, and begins anew when it is forgotten', async () => {
    const triplet = { client: '198.51.100.7', sender: 'bob@far.test', recipient: 'ann@ours.test' }
    expect((await api.ask('POST /greylist:allow', triplet, { as: admin() })).status).toBe(403)
    const tried = await api.ask('POST /greylist:allow?dryRun=true', triplet)
    expect(tried.status).toBe(200)
    expect(await rcpt('198.51.100.7', 'ann@ours.test')).toBe('reject')
    const { body } = await api.ask('POST /greylist:allow', triplet)
    expect(body.places).toMatchObject([{ state: 'passed', from: null }])
    expect(api.audited.at(-1)).toMatchObject({
      operation: 'greylist.allow',
      changes: [
        {
          what: 'greylist',
          before: { state: ['198.51.100.0/24 waiting'] },
          after: { state: ['198.51.100.0/24 passed'] },
        },
      ],
    })
    // Of the network that it is in.
    expect(await rcpt('198.51.100.200', 'ann@ours.test')).toBe('permit')
    const query = new URLSearchParams(triplet)
    expect((await get(`/greylist:show?${query}`)).body.places).toMatchObject([{ state: 'passed' }])
    const forgotten = await api.ask('POST /greylist:forget', triplet)
    expect(forgotten.body.places).toMatchObject([{ state: 'unknown', endsAt: null }])
    expect(await rcpt('198.51.100.7', 'ann@ours.test')).toBe('reject')
    for (const wrong of [{ client: 'x' }, { sender: 'x' }, { recipient: 'x' }]) {
      const { status, body } = await api.ask('POST /greylist:allow', { ...triplet, ...wrong })
      expect(status).toBe(422)
      expect(body.errors[0].pointer).toBe(`/${Object.keys(wrong)[0]}`)
    }
    const bounce = await api.ask('POST /greylist:allow', { ...triplet, sender: '<>' })
    expect(bounce.status).toBe(200)
    expect(await rcpt('198.51.100.7', 'ann@ours.test', '')).toBe('permit')
  })

  it('of a client may be over for good', async () => {
    const client = '/greylist/clients/198.51.100.30'
    expect((await get(client)).body).toMatchObject({ passes: 0, passesEnough: 2, endsAt: null })
    expect(await rcpt('198.51.100.30', 'ann@other.test', 'a@far.test')).toBe('reject')
    expect((await api.ask(`POST ${client}:allow`)).body).toMatchObject({ passes: 2 })
    expect(await rcpt('198.51.100.30', 'ann@other.test', 'c@far.test')).toBe('permit')
    expect((await api.ask(`POST ${client}:forget`)).body).toMatchObject({ passes: 0 })
    expect(await rcpt('198.51.100.30', 'ann@other.test', 'd@far.test')).toBe('reject')
    expect((await get('/greylist/clients/nonsense')).status).toBe(422)
  })
})

describe('points', () => {
  it('are told of refused mail, to whoever sees its recipient', async () => {
    const { backend } = world.pipeline
    const scored = newQueueId(world.clock.now())
    const request = {
      ...{ queueId: scored, origin: { ...origin(null), remoteAddress: '198.51.100.66' } },
      ...{ sender: 'spam@far.test', declaredBytes: 0, recipientsSoFar: 0 },
      ...{ finalRecipientsSoFar: 0, recipient: 'ann@ours.test' },
    }
    const score = (points: number, why?: string) =>
      ({ kind: 'score', points, ...(why && { why }) }) as const
    recorder.note({
      ask: 'recipient',
      request,
      lookups: {},
      trail: [
        {
          stage: 'recipient',
          steps: [
            {
              restriction: 'check_policy_service policyd-weight',
              decision: score(3.5, 'IN_ZEN 3.5'),
            },
            { restriction: 'check_policy_service policyd-weight', decision: score(1) },
          ],
        },
      ],
      verdict: {
        kind: 'reject',
        reply: { code: 550, status: '5.7.1', text: 'no' },
        restriction: 'check_policy_service policyd-weight',
      },
    } as never)
    await recorder.settle()
    expect(backend.settings.policyRecordLifetime).toBeGreaterThan(0)
    const { body } = await get('/scores?about=198.51.100.66', admin())
    expect(body.data).toMatchObject([
      { queueId: scored, sender: 'spam@far.test', score: 4.5, why: ['IN_ZEN 3.5'] },
    ])
    expect(body.data[0].outcome).toContain('550 5.7.1')
    expect((await get('/scores?about=198.51.100.7')).body.data).toEqual([])
  })
})

describe('what an account has sent', () => {
  it('is told with its limits, and forgotten by whoever sets policy alone', async () => {
    const { backend } = world.pipeline
    const ann = must(await backend.directory.accounts.get(must(parseAddress('ann@ours.test'))))
    const suspect = { id: ann.id, login: 'ann@ours.test' }
    const [messages] = accountRates(backend.settings)
    await backend.rates.takeShared(must(messages), 'ann@ours.test', 7)
    await backend.store.tables.counters.write({
      update: { pk: `SENT#${ann.id}`, sk: new Date(world.clock.now()).toISOString().slice(0, 10) },
      changes: { add: { messages: 4, recipients: 9, bytes: 1_000 } },
    })
    await backend.suspicion.noteRecipients(suspect, ['a@one.test', 'b@two.test', 'c@two.test'])
    await backend.suspicion.noteBounces(suspect, 3)
    await backend.suspicion.noteCountry(suspect, 'DE')
    const path = '/accounts/ann@ours.test/sending'
    const { body } = await get(path, admin())
    expect(body).toMatchObject({
      address: 'ann@ours.test',
      frozen: null,
      day: [
        { what: 'messages', used: 4, limit: 5, windowSeconds: 86_400 },
        { what: 'recipients', used: 9 },
        { what: 'bytes', used: 1_000 },
      ],
      rates: [
        { what: 'messages', used: 7 },
        { what: 'recipients', used: 0 },
      ],
      suspicion: {
        newDestinations: { used: 2 },
        bounces: { used: 3 },
        countries: { used: 1, seen: [{ country: 'DE' }] },
      },
    })
    expect((await api.ask(`POST ${path}:forget`, undefined, { as: admin() })).status).toBe(403)
    expect((await api.ask(`POST ${path}:forget`)).status).toBe(204)
    const after = (await get(path)).body
    const { newDestinations, bounces, countries } = after.suspicion
    const counts = [...after.day, ...after.rates, newDestinations, bounces, countries]
    const used = counts.map((one) => one.used)
    expect(used).toEqual(Array(8).fill(0))
  })
})
