// The cut-over of a domain from WorkMail to here, with a clock that is turned and name servers that are changed, by hand and through Route 53.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openHostedZone } from '#services/aws/workmail/route53-zone.ts'
import {
  type CutOverDeps,
  createCutOver,
  TTL_ASSUMED_SECONDS,
} from '#shared/administration/moving/cut-over/cut-over.ts'
import { cutOverStates } from '#shared/administration/moving/cut-over/state.ts'
import {
  LOW_TTL_SECONDS,
  stepIds,
  TWO_DAYS_MS,
} from '#shared/administration/moving/cut-over/steps.ts'
import { createAuthority } from '#shared/dns/authority.ts'
import { createRecordReader } from '#shared/dns/record-reader.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { startRoute53Zone } from '#test/support/aws/route53-server.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'

const OLD_TTL = 7_200
const workMail = {
  mx: '10 inbound-smtp.eu-west-1.amazonaws.com',
  spf: 'v=spf1 include:amazonses.com -all',
  autodiscover: 'autodiscover.mail.eu-west-1.awsapps.com',
}
const old = [{ name: 't1._domainkey.moving.test', type: 'CNAME' }] as const

let resources: AsyncDisposableStack
let world: Administered
let dns: DnsServer

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  world = resources.use(await openAdministration(['hostname=mx.here.test']))
  await world.administration.domains.add({ domain: 'moving.test' })
  dns = resources.use(
    await startDnsServer({
      'moving.test': {
        ...{ ns: ['ns.moving.test'], mx: [workMail.mx], ttlSeconds: OLD_TTL },
        txt: ['site-verification=1', workMail.spf],
      },
      'ns.moving.test': { a: ['127.0.0.1'] },
      'autodiscover.moving.test': { cname: workMail.autodiscover, ttlSeconds: OLD_TTL },
      't1._domainkey.moving.test': { cname: 't1.dkim.amazonses.com' },
      [workMail.autodiscover]: { a: ['192.0.2.9'] },
    }),
  )
})
afterEach(() => resources.disposeAsync())

function open(more: Partial<CutOverDeps> = {}, port = dns.port) {
  const readRecords = createRecordReader({ servers: [dns.address], timeoutMs: 2_000, tries: 1 })
  const askAuthority = createAuthority({ readRecords, timeoutMs: 2_000, port })
  return createCutOver({
    dns: world.administration.dns,
    states: cutOverStates(world.pipeline.backend.store.tables.counters, world.clock),
    clock: world.clock,
    sendsBySes: false,
    sources: () => ({ readRecords, askAuthority, zone: undefined }),
    apply: undefined,
    ...more,
  })
}

const request = { domain: 'moving.test', zoneId: null, ttlSeconds: undefined, old }

/** What `domain dns` wants, published. */
async function publish(purpose: string): Promise<void> {
  const found = await world.administration.dns.records({ domain: 'moving.test', check: false })
  if (found.kind !== 'records') throw new Error(found.kind)
  for (const { name, type, value } of found.records.filter((one) => one.purpose === purpose)) {
    if (type === 'TXT') dns.set(name, { txt: [value.match(/.{1,200}/g) ?? []] })
    if (type === 'CNAME') dns.set(name, { cname: value })
  }
  dns.set('mx.here.test', { a: ['192.0.2.1'] })
}

const apex = (mx: string, spf: string, ttlSeconds: number) =>
  dns.set('moving.test', {
    ...{ ns: ['ns.moving.test'], mx: [mx], ttlSeconds },
    txt: ['site-verification=1', spf],
  })

const merged = 'v=spf1 include:amazonses.com a:mx.here.test mx -all'

/** Up to the step, which is the one to do then. */
async function advanceTo(step: (typeof stepIds)[number], cutOver: ReturnType<typeof open>) {
  await cutOver.begin(request)
  const ways: { readonly [id in (typeof stepIds)[number]]: () => unknown } = {
    prepare: () => undefined,
    async trust() {
      await publish('dkim')
      apex(workMail.mx, merged, OLD_TTL)
    },
    'lower-ttl'() {
      apex(workMail.mx, merged, LOW_TTL_SECONDS)
      dns.set('autodiscover.moving.test', { cname: workMail.autodiscover, ttlSeconds: 60 })
    },
    'switch-mx'() {
      world.clock.advance(OLD_TTL * 1_000)
      apex('10 mx.here.test', merged, LOW_TTL_SECONDS)
    },
    'first-pass': () => world.clock.advance(LOW_TTL_SECONDS * 1_000),
    async clients() {
      await publish('clients')
    },
    'last-pass': () => world.clock.advance(TWO_DAYS_MS),
    withdraw() {
      apex('10 mx.here.test', 'v=spf1 a:mx.here.test mx -all', LOW_TTL_SECONDS)
      dns.delete('t1._domainkey.moving.test')
    },
    dmarc: () => dns.set('_dmarc.moving.test', { txt: ['v=DMARC1; p=none'] }),
    'raise-ttl': () => apex('10 mx.here.test', 'v=spf1 a:mx.here.test mx -all', 3_600),
  }
  for (const id of stepIds) {
    if (id === step) return
    await ways[id]()
    const done = await cutOver.next('moving.test', { confirmed: true })
    expect({ id, ...done }).toMatchObject({ id, kind: 'done', step: id })
  }
}

describe('a cut-over by hand', () => {
  it('is begun once, for a domain that is here, with the time that others keep its records', async () => {
    const cutOver = open()
    expect(await cutOver.begin({ ...request, domain: 'strange.test' })).toMatchObject({
      kind: 'no-such-domain',
    })
    expect(await cutOver.status('moving.test')).toMatchObject({ kind: 'no-cut-over' })
    const begun = await cutOver.begin(request)
    expect(begun).toMatchObject({ oldTtlSeconds: OLD_TTL, isTtlMeasured: true })
    world.clock.advance(60_000)
    expect(await cutOver.begin({ ...request, ttlSeconds: 5 })).toEqual(begun)
  })

  it('is of a domain however that is written, and of one that another version began refused', async () => {
    const cutOver = open()
    await cutOver.begin(request)
    expect(await cutOver.status('Moving.TEST')).toMatchObject({ kind: 'cut-over' })
    expect(await cutOver.next('no domain')).toMatchObject({ kind: 'bad-value' })
    const { counters } = world.pipeline.backend.store.tables
    await counters.write({
      update: { pk: 'MOVING#cut-over', sk: 'moving.test' },
      changes: { set: { version: 2 } },
    })
    await expect(cutOver.status('moving.test')).rejects.toThrow('newer version')
  })

  it('goes from beginning to end', async () => {
    const cutOver = open()
    await advanceTo('raise-ttl', cutOver)
    apex('10 mx.here.test', 'v=spf1 a:mx.here.test mx -all', 3_600)
    const autodiscover = { cname: 'mx.here.test', ttlSeconds: 3_600 }
    dns.set('autodiscover.moving.test', autodiscover)
    expect(await cutOver.next('moving.test')).toMatchObject({ kind: 'done', step: 'raise-ttl' })
    expect(await cutOver.next('moving.test')).toEqual({ kind: 'finished', domain: 'moving.test' })
    const status = await cutOver.status('moving.test')
    expect(status.kind === 'cut-over' && status.steps.map(({ state }) => state)).toEqual(
      stepIds.map(() => 'done'),
    )
  })

  it('asks a person for what only a person knows', async () => {
    const cutOver = open()
    await cutOver.begin(request)
    const next = await cutOver.next('moving.test')
    expect(next).toMatchObject({ kind: 'to-confirm', step: 'prepare' })
    expect(await cutOver.next('moving.test', { confirmed: true })).toMatchObject({ kind: 'done' })
  })

  it('keeps what stands beside SPF, and has both systems send while both do', async () => {
    const cutOver = open()
    await advanceTo('trust', cutOver)
    const next = await cutOver.next('moving.test')
    expect(next).toMatchObject({ kind: 'not-yet', step: 'trust' })
    const texts = next.kind === 'not-yet' ? next.lacking.map(({ to }) => to) : []
    expect(texts.find(({ name }) => name === 'moving.test')?.data).toEqual([
      '"site-verification=1"',
      `"${merged}"`,
    ])
  })

  it('does not go on before the old records are forgotten, even where the new ones are there', async () => {
    const cutOver = open()
    await advanceTo('switch-mx', cutOver)
    const seenMs = world.clock.now()
    apex('10 mx.here.test', merged, LOW_TTL_SECONDS)
    const untilMs = seenMs + OLD_TTL * 1_000
    world.clock.advance(OLD_TTL * 1_000 - 1)
    expect(await cutOver.next('moving.test', { confirmed: true })).toEqual({
      ...{ kind: 'too-early', step: 'switch-mx', untilMs },
    })
    world.clock.advance(1)
    expect(await cutOver.next('moving.test')).toMatchObject({ kind: 'done', step: 'switch-mx' })
    expect(await cutOver.next('moving.test', { confirmed: true })).toMatchObject({
      ...{ kind: 'too-early', untilMs: world.clock.now() + LOW_TTL_SECONDS * 1_000 },
    })
  })

  it('does not take a TTL that is still long for a short one', async () => {
    const cutOver = open()
    await advanceTo('lower-ttl', cutOver)
    apex(workMail.mx, merged, LOW_TTL_SECONDS + 1)
    dns.set('autodiscover.moving.test', { cname: workMail.autodiscover, ttlSeconds: 60 })
    const next = await cutOver.next('moving.test', { confirmed: true })
    expect(next).toMatchObject({
      kind: 'not-yet',
      lacking: [{ to: { type: 'MX', ttlSeconds: 300 } }],
    })
  })

  it('takes two MX for no switch', async () => {
    const cutOver = open()
    await advanceTo('switch-mx', cutOver)
    world.clock.advance(OLD_TTL * 1_000)
    dns.set('moving.test', {
      ...{ ns: ['ns.moving.test'], mx: [workMail.mx, '20 mx.here.test'], ttlSeconds: 300 },
      txt: [merged],
    })
    expect(await cutOver.next('moving.test')).toMatchObject({
      kind: 'not-yet',
      lacking: [{ to: { type: 'MX', data: ['10 mx.here.test.'] } }],
    })
  })

  it('does not take the way to WorkMail for a way here, though it leads somewhere', async () => {
    const cutOver = open()
    await advanceTo('clients', cutOver)
    await publish('clients')
    dns.set('autodiscover.moving.test', { cname: workMail.autodiscover, ttlSeconds: 60 })
    const next = await cutOver.next('moving.test')
    expect(next.kind === 'not-yet' && next.lacking.map(({ to }) => to.name)).toEqual([
      'autodiscover.moving.test',
    ])
  })

  it('waits for whatever was said where nobody can be asked how long', async () => {
    // Nobody answers there.
    const cutOver = open({}, 9)
    const begun = await cutOver.begin(request)
    expect(begun).toMatchObject({ oldTtlSeconds: TTL_ASSUMED_SECONDS, isTtlMeasured: false })
    await cutOver.remove('moving.test')
    expect(await cutOver.begin({ ...request, ttlSeconds: 600 })).toMatchObject({
      oldTtlSeconds: 600,
    })
    await cutOver.next('moving.test', { confirmed: true })
    await publish('dkim')
    apex(workMail.mx, merged, 300)
    await cutOver.next('moving.test')
    expect(await cutOver.next('moving.test')).toMatchObject({ kind: 'unsure', step: 'lower-ttl' })
    expect(await cutOver.next('moving.test', { confirmed: true })).toMatchObject({ kind: 'done' })
  })

  it('goes back once what was there is there again', async () => {
    const cutOver = open()
    await advanceTo('first-pass', cutOver)
    const back = await cutOver.back('moving.test')
    expect(back).toMatchObject({
      ...{ kind: 'to-restore', step: 'switch-mx' },
      changes: [{ to: { type: 'MX', data: [`${workMail.mx}.`] } }],
    })
    apex(workMail.mx, merged, LOW_TTL_SECONDS)
    expect(await cutOver.back('moving.test')).toMatchObject({ kind: 'undone', step: 'switch-mx' })
    const status = await cutOver.status('moving.test')
    expect(
      status.kind === 'cut-over' && status.steps.find(({ state }) => state === 'now')?.id,
    ).toBe('switch-mx')
    // The TTL of before was longer, and is again.
    expect(await cutOver.back('moving.test')).toMatchObject({
      kind: 'to-restore',
      step: 'lower-ttl',
    })
    apex(workMail.mx, merged, OLD_TTL)
    dns.set('autodiscover.moving.test', { cname: workMail.autodiscover, ttlSeconds: OLD_TTL })
    expect(await cutOver.back('moving.test')).toMatchObject({ kind: 'undone', step: 'lower-ttl' })
  })

  it('goes back from a step that is begun and not done', async () => {
    const cutOver = open()
    await advanceTo('trust', cutOver)
    apex(workMail.mx, 'v=spf1 mx -all', OLD_TTL)
    expect(await cutOver.back('moving.test')).toMatchObject({
      ...{ kind: 'to-restore', step: 'trust' },
      changes: [{ to: { data: ['"site-verification=1"', `"${workMail.spf}"`] } }],
    })
    apex(workMail.mx, workMail.spf, OLD_TTL)
    expect(await cutOver.back('moving.test')).toMatchObject({ kind: 'undone', step: 'prepare' })
    expect(await cutOver.back('moving.test')).toMatchObject({ kind: 'at-beginning' })
  })
})

describe('a cut-over through Route 53', () => {
  async function openZone() {
    const publishSet = (
      key: string,
      set: { ttl: number; values: readonly string[] } | undefined,
    ) => {
      const [, type = ''] = key.split(' ')
      if (set === undefined || type !== 'MX') return
      apex(set.values.join().replace(/\.$/, ''), merged, set.ttl)
    }
    const server = resources.use(
      await startRoute53Zone(
        'Z1',
        {
          'moving.test MX': { ttl: OLD_TTL, values: [`${workMail.mx}.`] },
          'moving.test TXT': {
            ...{ ttl: 900, values: ['"site-verification=1"', `"${workMail.spf}"`] },
          },
          'autodiscover.moving.test CNAME': { ttl: OLD_TTL, values: [`${workMail.autodiscover}.`] },
          't1._domainkey.moving.test CNAME': { ttl: 1_800, values: ['t1.dkim.amazonses.com.'] },
        },
        publishSet,
      ),
    )
    const { endpoint } = server
    const zone = openHostedZone({
      ...{ id: 'Z1', endpoint, credentials: testCredentials },
      clock: { now: world.clock.now, sleep: async () => undefined },
    })
    const readRecords = createRecordReader({ servers: [dns.address], timeoutMs: 2_000, tries: 1 })
    const askAuthority = createAuthority({ readRecords, timeoutMs: 2_000, port: dns.port })
    const cutOver = open({
      sources: () => ({ readRecords, askAuthority, zone }),
      apply: (_, batch) => zone.apply(batch),
    })
    return { server, cutOver }
  }

  it('changes nothing unless told to, and then all of a step, with what was there kept for the way back', async () => {
    const { server, cutOver } = await openZone()
    const zoneOf = () => JSON.stringify([...server.sets].sort())
    const before = zoneOf()
    expect(await cutOver.begin({ ...request, zoneId: 'Z1' })).toMatchObject({
      oldTtlSeconds: OLD_TTL,
    })
    await cutOver.next('moving.test', { confirmed: true })
    expect(await cutOver.next('moving.test')).toMatchObject({ kind: 'not-yet', step: 'trust' })
    expect(server.changes).toEqual([])

    const apply = { apply: true, confirmed: true }
    expect(await cutOver.next('moving.test', apply)).toMatchObject({ kind: 'done', step: 'trust' })
    expect(server.sets.get('moving.test TXT')?.values).toEqual([
      '"site-verification=1"',
      `"${merged}"`,
    ])
    expect(await cutOver.next('moving.test', apply)).toMatchObject({
      step: 'lower-ttl',
      kind: 'done',
    })
    expect(server.sets.get('moving.test MX')).toEqual({ ttl: 300, values: [`${workMail.mx}.`] })
    const count = server.changes.length
    expect(await cutOver.next('moving.test', apply)).toMatchObject({ kind: 'too-early' })
    expect(server.changes).toHaveLength(count)
    world.clock.advance(OLD_TTL * 1_000)
    expect(await cutOver.next('moving.test', apply)).toMatchObject({
      kind: 'done',
      step: 'switch-mx',
    })
    expect(server.sets.get('moving.test MX')).toEqual({ ttl: 300, values: ['10 mx.here.test.'] })
    world.clock.advance(TWO_DAYS_MS)
    for (const step of ['first-pass', 'clients', 'last-pass', 'withdraw', 'dmarc', 'raise-ttl']) {
      expect(await cutOver.next('moving.test', apply)).toMatchObject({ kind: 'done', step })
    }
    expect(server.sets.has('t1._domainkey.moving.test CNAME')).toBe(false)
    expect(server.sets.get('moving.test TXT')?.values.at(-1)).toBe(
      '"v=spf1 a:mx.here.test mx -all"',
    )
    expect(server.sets.get('moving.test MX')?.ttl).toBe(3_600)

    for (const _ of stepIds) {
      expect(await cutOver.back('moving.test', { apply: true })).toMatchObject({ kind: 'undone' })
    }
    expect(await cutOver.back('moving.test', { apply: true })).toEqual({ kind: 'at-beginning' })
    expect(zoneOf()).toBe(before)
  })

  it('says what Route 53 refuses, and is where it was', async () => {
    const { server, cutOver } = await openZone()
    await cutOver.begin({ ...request, zoneId: 'Z1' })
    await cutOver.next('moving.test', { confirmed: true })
    server.refusal = 'AccessDenied'
    await expect(cutOver.next('moving.test', { apply: true })).rejects.toThrow(/AccessDenied/)
    server.refusal = undefined
    expect(await cutOver.next('moving.test', { apply: true })).toMatchObject({ kind: 'done' })
  })
})
