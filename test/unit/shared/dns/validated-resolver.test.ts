import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createValidatedResolver, KEPT_MS_MAX } from '#shared/dns/validated-resolver.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'

let server: DnsServer
beforeAll(async () => {
  server = await startDnsServer({
    'signed.test': { isSecure: true, mx: ['10 Mx.Signed.test'], a: ['192.0.2.1'] },
    'plain.test': { mx: ['10 mx.plain.test'] },
    'alias.test': { isSecure: true, cname: 'signed.test' },
    'crooked.test': { cname: 'signed.test' },
    'circle.test': { isSecure: true, cname: 'circle.test' },
    '_25._tcp.signed.test': {
      isSecure: true,
      tlsa: [`3 1 1 ${'ab'.repeat(32)}`, `2 0 2 ${'cd'.repeat(64)}`],
    },
    'large.test': { isSecure: true, txt: Array.from({ length: 20 }, (_, i) => `${i}`.repeat(200)) },
    'bogus.test': { rcode: 'SERVFAIL' },
    'refused.test': { rcode: 'REFUSED' },
    'short.test': { isSecure: true, a: ['192.0.2.2'], ttlSeconds: 1 },
    'long.test': { isSecure: true, a: ['192.0.2.3'], ttlSeconds: 86_400 },
    'garbage.test': { manner: 'garbage' },
    'stranger.test': { isSecure: true, a: ['192.0.2.4'], manner: 'wrong id' },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

let nowMs = 0
const open = (servers = [server.address]) =>
  createValidatedResolver({ servers, timeoutMs: 200, tries: 1, clock: { now: () => nowMs } })

const asked = (name: string) =>
  server.questions.filter((question) => question.endsWith(` ${name}`)).length

describe('an answer', () => {
  it('is secure where the server says so', async () => {
    const dns = open()
    expect(await dns.ask('Signed.test', 'MX')).toEqual({
      kind: 'found',
      records: [Buffer.from('\0\x0aMx.Signed.test')],
      isSecure: true,
      owner: 'signed.test',
    })
    expect(await dns.ask('plain.test', 'MX')).toMatchObject({ kind: 'found', isSecure: false })
  })

  it('behind an alias is as secure as the alias, and of another name', async () => {
    const dns = open()
    const behind = { kind: 'found', owner: 'signed.test' }
    expect(await dns.ask('alias.test', 'A')).toMatchObject({ ...behind, isSecure: true })
    expect(await dns.ask('crooked.test', 'A')).toMatchObject({ ...behind, isSecure: false })
    expect(await dns.ask('crooked.test', 'CNAME')).toMatchObject({
      kind: 'found',
      owner: 'crooked.test',
      records: [Buffer.from('signed.test')],
    })
  })

  it('of TLSA has the octets of each record', async () => {
    const answer = await open().ask('_25._tcp.signed.test', 'TLSA')
    expect(answer.kind === 'found' && answer.records.map((data) => data.toString('hex'))).toEqual([
      `030101${'ab'.repeat(32)}`,
      `020002${'cd'.repeat(64)}`,
    ])
  })

  it('that there is nothing is secure or not as well', async () => {
    const dns = open()
    expect(await dns.ask('signed.test', 'TLSA')).toEqual({ kind: 'none', isSecure: true })
    expect(await dns.ask('plain.test', 'TLSA')).toEqual({ kind: 'none', isSecure: false })
    expect(await dns.ask('not-there.test', 'A')).toEqual({ kind: 'none', isSecure: false })
    expect(await dns.ask('not a..name', 'A')).toEqual({ kind: 'none', isSecure: false })
  })

  it('that is longer comes over TCP', async () => {
    const answer = await open().ask('large.test', 'TXT')
    expect(answer.kind === 'found' && answer.records.length).toBe(20)
    expect(server.questions).toContain('TCP TXT large.test')
  })

  it.each([
    ['bogus.test', /SERVFAIL/],
    ['refused.test', /REFUSED/],
    ['garbage.test', /in time/],
    ['stranger.test', /in time/],
    ['circle.test', /aliases/],
  ])('of %s is none', async (name, reason) => {
    expect(await open().ask(name, 'A')).toMatchObject({
      kind: 'failure',
      reason: expect.stringMatching(reason),
    })
  })

  it('comes from the next server where the first has none', async () => {
    const dns = open(['127.0.0.1:1', server.address])
    expect(await dns.ask('signed.test', 'A')).toMatchObject({ kind: 'found' })
    expect(await open([]).ask('signed.test', 'A')).toMatchObject({ kind: 'failure' })
  })
})

describe('what is kept', () => {
  it.each([
    ['short.test', 1_000],
    ['long.test', KEPT_MS_MAX],
    ['not-kept.test', 60_000],
  ])('of %s holds for %i ms', async (name, lifeMs) => {
    const dns = open()
    await dns.ask(name, 'A')
    nowMs += lifeMs - 1
    await dns.ask(name, 'A')
    expect(asked(name)).toBe(1)
    nowMs += 1
    await dns.ask(name, 'A')
    expect(asked(name)).toBe(2)
  })

  it('are no failures', async () => {
    const dns = open()
    const before = asked('bogus.test')
    await dns.ask('bogus.test', 'A')
    await dns.ask('bogus.test', 'A')
    expect(asked('bogus.test')).toBe(before + 2)
  })
})
