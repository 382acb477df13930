import { Resolver } from 'node:dns/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'

let server: DnsServer
let dns: Resolver
/** For answers that never come. */
let hasty: Resolver
beforeAll(async () => {
  server = await startDnsServer({
    'host.test': {
      a: ['192.0.2.1'],
      aaaa: ['2001:db8::1'],
      mx: ['10 mx.test'],
      txt: ['a', ['b', 'c']],
    },
    'alias.test': { cname: 'host.test' },
    'circle.test': { cname: 'other.circle.test' },
    'other.circle.test': { cname: 'circle.test' },
    '192.0.2.1': { ptr: ['host.test'] },
    '2001:db8::1': { ptr: ['host.test'] },
    'cut.test': { a: ['192.0.2.2'], manner: 'truncated' },
    'big.test': { txt: Array.from({ length: 20 }, (_, i) => 'x'.repeat(200) + i) },
    'failing.test': { rcode: 'SERVFAIL' },
    'refusing.test': { rcode: 'REFUSED' },
    'silent.test': { manner: 'silent' },
    'lame.test': { a: ['192.0.2.3'], manner: 'lame' },
    'garbage.test': { manner: 'garbage' },
    'forged.test': { a: ['192.0.2.4'], manner: 'wrong id' },
    'elsewhere.test': { a: ['192.0.2.4'], manner: 'other name' },
    'slow.test': { a: ['192.0.2.5'], delayMs: 20 },
    'below.empty.test': { a: ['192.0.2.6'] },
    '*.list.test': { a: ['127.0.0.2'] },
    '1.0.0.127.list.test': {},
  })
  dns = new Resolver()
  dns.setServers([server.address])
  hasty = new Resolver({ timeout: 250, tries: 1 })
  hasty.setServers([server.address])
})
afterAll(() => server[Symbol.asyncDispose]())

const codeOf = (asked: Promise<unknown>) => asked.then(String, (error) => error.code)

describe('startDnsServer', () => {
  it('has records of every type, and names of addresses', async () => {
    expect(await dns.resolve4('host.test')).toEqual(['192.0.2.1'])
    expect(await dns.resolve6('host.test')).toEqual(['2001:db8::1'])
    expect(await dns.resolveMx('host.test')).toEqual([
      { exchange: 'mx.test', priority: 10, type: 'MX' },
    ])
    expect(await dns.resolveTxt('host.test')).toEqual([['a'], ['b', 'c']])
    expect(await dns.reverse('192.0.2.1')).toEqual(['host.test'])
    expect(await dns.reverse('2001:db8::1')).toEqual(['host.test'])
  })

  it('follows aliases, and not for ever', async () => {
    expect(await dns.resolve4('alias.test')).toEqual(['192.0.2.1'])
    expect(await dns.resolve4('circle.test')).toEqual([])
  })

  it('tells what is not there from what does not exist', async () => {
    expect(await codeOf(dns.resolveNs('host.test'))).toBe('ENODATA')
    expect(await codeOf(dns.resolve4('empty.test'))).toBe('ENODATA')
    expect(await codeOf(dns.resolve4('absent.test'))).toBe('ENOTFOUND')
    expect(await codeOf(dns.resolve4('lame.test'))).toBe('ENODATA')
  })

  it('answers over TCP what is cut or too long', async () => {
    expect(await dns.resolve4('cut.test')).toEqual(['192.0.2.2'])
    expect(await dns.resolveTxt('big.test')).toHaveLength(20)
    expect(server.questions).toContain('UDP A cut.test')
    expect(server.questions).toContain('TCP A cut.test')
  })

  it('fails, refuses, keeps silent, forges', async () => {
    expect(await codeOf(dns.resolve4('failing.test'))).toBe('ESERVFAIL')
    expect(await codeOf(dns.resolve4('refusing.test'))).toBe('EREFUSED')
    expect(await codeOf(hasty.resolve4('silent.test'))).toBe('ETIMEOUT')
    expect(await codeOf(hasty.resolve4('forged.test'))).toBe('ETIMEOUT')
    expect(await codeOf(hasty.resolve4('elsewhere.test'))).toBe('ETIMEOUT')
    expect(await codeOf(hasty.resolve4('garbage.test'))).toMatch(/^E(TIMEOUT|BADRESP)$/)
    expect(await dns.resolve4('slow.test')).toEqual(['192.0.2.5'])
  })

  it('answers everything below a wildcard but what is there itself', async () => {
    expect(await dns.resolve4('9.9.9.9.list.test')).toEqual(['127.0.0.2'])
    expect(await codeOf(dns.resolve4('1.0.0.127.list.test'))).toBe('ENODATA')
  })

  it('takes new names while it runs', async () => {
    server.set('late.test', { a: ['192.0.2.9'] })
    expect(await dns.resolve4('late.test')).toEqual(['192.0.2.9'])
    server.delete('late.test')
    expect(await codeOf(dns.resolve4('late.test'))).toBe('ENOTFOUND')
  })
})
