import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Resolver } from '#shared/dns/resolver.ts'
import {
  createSystemResolver,
  DNS_ANSWER_BYTES_MAX,
  DNS_CHANNELS_MAX,
  DNS_RECORDS_MAX,
} from '#shared/dns/system-resolver.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'

const addresses = (count: number) =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
const textOf = (bytes: number) => Array.from({ length: bytes / 128 }, () => 't'.repeat(128))

let server: DnsServer
let resolver: Resolver
beforeAll(async () => {
  server = await startDnsServer({
    'two.test': { mx: ['10 MX1.two.test', '300 mx2.two.test'] },
    'null.test': { mx: ['0 .'] },
    'numeric.test': { mx: ['10 192.0.2.1'] },
    'half.test': { mx: ['10 good.test', '20 bad$name.test'] },
    'malformed.test': { mx: ['10 bad$name.test'], ns: ['bad$name.test'] },
    'host.test': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'], ttlSeconds: 7 },
    'alias.test': { cname: 'host.test', ttlSeconds: 3 },
    'circle.test': { cname: 'circle.test' },
    'nowhere.test': { cname: 'absent.test' },
    'text.test': { txt: [['v=spf1 ', '-all'], 'b\xe4r'] },
    'served.test': { ns: ['NS1.served.test', 'ns2.served.test'] },
    'below.empty.test': { a: ['192.0.2.1'] },
    'odd/name*_.test': { txt: ['found'] },
    '192.0.2.1': { ptr: ['Host.test', 'other.test'] },
    '192.0.2.2': { ptr: ['no name.test', 'a'.repeat(63)] },
    '192.0.2.3': { ptr: ['bad"name.test'] },
    '2001:db8::1': { ptr: ['six.test'] },
    'most.test': { a: addresses(DNS_RECORDS_MAX) },
    'more.test': { a: addresses(DNS_RECORDS_MAX + 1) },
    'long.test': { txt: textOf(DNS_ANSWER_BYTES_MAX) },
    'longer.test': { txt: [...textOf(DNS_ANSWER_BYTES_MAX), 't'] },
    'cut.test': { a: ['192.0.2.9'], manner: 'truncated' },
    'broken.test': { rcode: 'SERVFAIL' },
    'closed.test': { rcode: 'REFUSED' },
    'unable.test': { rcode: 'NOTIMP' },
    'strict.test': { rcode: 'FORMERR' },
    'silent.test': { manner: 'silent' },
    'garbage.test': { manner: 'garbage' },
    'forged.test': { a: ['192.0.2.66'], manner: 'wrong id' },
    'elsewhere.test': { a: ['192.0.2.66'], manner: 'other name' },
    'lame.test': { a: ['192.0.2.66'], manner: 'lame' },
  })
  resolver = createSystemResolver({ servers: [server.address] })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('createSystemResolver', () => {
  it('finds MX records, and addresses with their TTL', async () => {
    const answer = await resolver.resolveMx('two.test')
    if (answer.kind !== 'found') throw new Error(answer.kind)
    expect(answer.records).toContainEqual({ exchange: 'mx1.two.test', preference: 10 })
    expect(answer.records).toContainEqual({ exchange: 'mx2.two.test', preference: 300 })
    expect(await resolver.resolve4('host.test')).toEqual({
      kind: 'found',
      records: ['192.0.2.1'],
      ttlSeconds: 7,
    })
    expect(await resolver.resolve6('host.test')).toEqual({
      kind: 'found',
      records: ['2001:db8::1'],
      ttlSeconds: 7,
    })
  })

  it('finds name servers, and texts with their strings joined, byte by byte', async () => {
    expect(await resolver.resolveNs('served.test')).toEqual({
      kind: 'found',
      records: ['ns1.served.test', 'ns2.served.test'],
    })
    expect(await resolver.resolveTxt('text.test')).toEqual({
      kind: 'found',
      records: ['v=spf1 -all', 'b\xe4r'],
    })
  })

  it('finds the names of an address, mapped ones as well', async () => {
    const names = { kind: 'found', records: ['host.test', 'other.test'] }
    expect(await resolver.resolvePtr('192.0.2.1')).toEqual(names)
    expect(await resolver.resolvePtr('::ffff:192.0.2.1')).toEqual(names)
    expect(await resolver.resolvePtr('2001:DB8:0::1')).toEqual({
      kind: 'found',
      records: ['six.test'],
    })
    expect(await resolver.resolvePtr('192.0.2.200')).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolvePtr('none')).toEqual({ kind: 'nxdomain' })
  })

  it('gives the root of a null MX as the empty name', async () => {
    expect(await resolver.resolveMx('null.test')).toEqual({
      kind: 'found',
      records: [{ exchange: '', preference: 0 }],
    })
  })

  it('follows aliases: one that leads nowhere has no records', async () => {
    expect(await resolver.resolve4('alias.test')).toMatchObject({ records: ['192.0.2.1'] })
    expect(await resolver.resolve4('circle.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolveMx('circle.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolve4('nowhere.test')).toEqual({ kind: 'nxdomain' })
  })

  it('asks over TCP for what is cut', async () => {
    expect(await resolver.resolve4('cut.test')).toMatchObject({ records: ['192.0.2.9'] })
    expect(server.questions).toContain('TCP A cut.test')
  })

  // One of them bounces mail, another one makes it wait.
  it('tells apart what is not there, what does not exist and what nobody knows', async () => {
    expect(await resolver.resolveMx('host.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolve4('two.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolve4('empty.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolve4('lame.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolveMx('absent.test')).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolve6('absent.test')).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolveMx('broken.test')).toEqual({
      kind: 'failure',
      reason: 'the name server failed (SERVFAIL)',
    })
  })

  it.each(['closed', 'unable', 'strict', 'silent', 'garbage', 'forged', 'elsewhere'])(
    'fails for %s.test',
    async (name) => {
      const hasty = createSystemResolver({ servers: [server.address], timeoutMs: 250, tries: 1 })
      const answer = await hasty.resolve4(`${name}.test`)
      expect(answer).toEqual({ kind: 'failure', reason: expect.stringContaining('name server') })
    },
  )

  it('asks each question from a port of its own, until there are many', async () => {
    await using slow = await startDnsServer({ '*.slow.test': { a: ['192.0.2.1'], delayMs: 300 } })
    const asking = createSystemResolver({ servers: [slow.address] })
    const ask = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, n) => asking.resolve4(`n${n}.slow.test`)))
    await ask(20)
    expect(new Set(slow.askingPorts).size).toBe(20)
    const answers = await ask(DNS_CHANNELS_MAX + 50)
    expect(answers.every(({ kind }) => kind === 'found')).toBe(true)
    const ports = new Set(slow.askingPorts.slice(20))
    expect(ports.size).toBeLessThanOrEqual(DNS_CHANNELS_MAX + 1)
    expect(ports.size).toBeGreaterThan(DNS_CHANNELS_MAX / 2)
  })

  it('leaves out names that no host has, and fails where there is no other', async () => {
    expect(await resolver.resolveMx('half.test')).toEqual({
      kind: 'found',
      records: [{ exchange: 'good.test', preference: 10 }],
    })
    const malformed = { kind: 'failure', isMalformed: true }
    expect(await resolver.resolveMx('malformed.test')).toMatchObject(malformed)
    expect(await resolver.resolveNs('malformed.test')).toMatchObject(malformed)
    expect(await resolver.resolvePtr('192.0.2.3')).toMatchObject(malformed)
    expect(await resolver.resolvePtr('192.0.2.2')).toMatchObject({ records: ['a'.repeat(63)] })
    // Some mailers take an address for a host, and so does Postfix.
    expect(await resolver.resolveMx('numeric.test')).toMatchObject({
      records: [{ exchange: '192.0.2.1', preference: 10 }],
    })
  })

  it('takes so many records and no more', async () => {
    const most = await resolver.resolve4('most.test')
    expect(most.kind === 'found' && most.records.length).toBe(DNS_RECORDS_MAX)
    expect(await resolver.resolve4('more.test')).toMatchObject({
      kind: 'failure',
      isMalformed: true,
    })
  })

  it('takes so many bytes and no more', async () => {
    expect(await resolver.resolveTxt('long.test')).toMatchObject({ kind: 'found' })
    expect(await resolver.resolveTxt('longer.test')).toMatchObject({
      kind: 'failure',
      isMalformed: true,
    })
  })

  it('asks nobody for what cannot be a name', async () => {
    const before = server.questions.length
    const label = 'a'.repeat(63)
    for (const name of [
      '',
      '.',
      'a..test',
      'host.test\0',
      'a b.test',
      'a\\.test',
      'a=b.test',
      'ä.test',
    ]) {
      expect(await resolver.resolve4(name), name).toEqual({ kind: 'nxdomain' })
    }
    expect(await resolver.resolve4(`${label}a.test`)).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolve4(`${label}.${label}.${label}.${'a'.repeat(62)}`)).toEqual({
      kind: 'nxdomain',
    })
    expect(server.questions.length).toBe(before)
    expect(await resolver.resolve4(`${label}.${label}.${label}.${'a'.repeat(61)}`)).toEqual({
      kind: 'nxdomain',
    })
    expect(server.questions.length).toBe(before + 1)
    expect(await resolver.resolveTxt('odd/name*_.test')).toMatchObject({ records: ['found'] })
  })

  it('fails where no name server listens', async () => {
    const nobody = createSocket('udp4')
    nobody.bind(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port } = nobody.address()
    await new Promise<void>((resolve) => nobody.close(() => resolve()))
    const lonely = createSystemResolver({ servers: [`127.0.0.1:${port}`] })
    expect(await lonely.resolveMx('two.test')).toMatchObject({ kind: 'failure' })
  })

  it('knows localhost by itself', async () => {
    const before = server.questions.length
    expect(await resolver.resolve4('localhost')).toEqual({ kind: 'found', records: ['127.0.0.1'] })
    expect(await resolver.resolve6('a.localhost')).toEqual({ kind: 'found', records: ['::1'] })
    expect(await resolver.resolvePtr('127.0.0.1')).toEqual({
      kind: 'found',
      records: ['localhost'],
    })
    expect(await resolver.resolvePtr('::1')).toEqual({ kind: 'found', records: ['localhost'] })
    expect(server.questions.length).toBe(before)
  })
})
