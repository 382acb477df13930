import { describe, expect, it } from 'vitest'
import { CLIENT_NAMES_MAX, createClient } from '#services/policy/client.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'

const nameless = { kind: 'none', reason: 'no name' }
const unconfirmed = { kind: 'none', reason: 'unconfirmed' }
const failed = { kind: 'failure', reason: 'ESERVFAIL' }
const found = (name: string) => ({ kind: 'found', name })

async function namesOf(address: string, zone: FakeZone) {
  const client = createClient(address, createFakeResolver(zone))
  const reverse = await client.reverseName()
  return { reverse, name: await client.name() }
}

describe('createClient', () => {
  it.each<[string, FakeZone, { reverse: object; name: object }]>([
    ['no PTR', {}, { reverse: nameless, name: nameless }],
    ['no name at its address', { '192.0.2.1': {} }, { reverse: nameless, name: nameless }],
    ['a PTR that fails', { '192.0.2.1': 'failure' }, { reverse: failed, name: failed }],
    [
      'a name that does not exist',
      { '192.0.2.1': { ptr: ['a.test'] } },
      { reverse: found('a.test'), name: unconfirmed },
    ],
    [
      'a name without address',
      { '192.0.2.1': { ptr: ['a.test'] }, 'a.test': { aaaa: ['2001:db8::1'] } },
      { reverse: found('a.test'), name: unconfirmed },
    ],
    [
      'a name of somebody else',
      { '192.0.2.1': { ptr: ['a.test'] }, 'a.test': { a: ['192.0.2.2'] } },
      { reverse: found('a.test'), name: unconfirmed },
    ],
    [
      'a name whose address fails',
      { '192.0.2.1': { ptr: ['a.test'] }, 'a.test': 'failure' },
      { reverse: found('a.test'), name: failed },
    ],
    [
      'a name that leads back',
      { '192.0.2.1': { ptr: ['a.test'] }, 'a.test': { a: ['192.0.2.2', '192.0.2.1'] } },
      { reverse: found('a.test'), name: found('a.test') },
    ],
    [
      'a number for a name',
      { '192.0.2.1': { ptr: ['192.0.2.1'] } },
      { reverse: nameless, name: nameless },
    ],
  ])('finds what an address has: %s', async (_, zone, expected) => {
    expect(await namesOf('192.0.2.1', zone)).toEqual(expected)
  })

  it('asks for the addresses of all names at once, so that dead ones take no time one after the other', async () => {
    const dns = createFakeResolver({ '192.0.2.1': { ptr: ['dead.test', 'live.test'] } })
    const dead = Promise.withResolvers<DnsAnswer<string>>()
    const asked: string[] = []
    const resolve4 = (name: string): Promise<DnsAnswer<string>> => {
      asked.push(name)
      return name === 'dead.test'
        ? dead.promise
        : Promise.resolve({ kind: 'found', records: ['192.0.2.1'] })
    }
    const name = createClient('192.0.2.1', { ...dns, resolve4 }).name()
    while (asked.length < 2) await new Promise(setImmediate)
    dead.resolve({ kind: 'failure', reason: 'ESERVFAIL' })
    expect(await name).toEqual(found('live.test'))
  })

  it('asks for an IPv6 address by IPv6, however it is written', async () => {
    const zone = {
      '2001:db8:0::1': { ptr: ['six.test'] },
      'six.test': { aaaa: ['2001:db8::1'], a: ['192.0.2.1'] },
    }
    expect((await namesOf('2001:db8:0::1', zone)).name).toEqual(found('six.test'))
  })

  it('takes an address that is mapped into IPv6 for what it is', async () => {
    const zone = { '192.0.2.1': { ptr: ['a.test'] }, 'a.test': { a: ['192.0.2.1'] } }
    expect((await namesOf('::ffff:192.0.2.1', zone)).name).toEqual(found('a.test'))
    expect(createClient('::ffff:192.0.2.1', createFakeResolver({})).address).toBe('192.0.2.1')
  })

  it('takes the first of several names that leads back, whatever order they come in', async () => {
    const zone = {
      '192.0.2.1': { ptr: ['c.test', 'b.test', 'a.test'] },
      'a.test': 'failure',
      'b.test': { a: ['192.0.2.1'] },
      'c.test': { a: ['192.0.2.1'] },
    } as const
    expect((await namesOf('192.0.2.1', zone)).name).toEqual(found('b.test'))
    expect((await namesOf('192.0.2.1', zone)).reverse).toEqual(found('a.test'))
  })

  it('fails where one of several names fails and none leads back', async () => {
    const zone = {
      '192.0.2.1': { ptr: ['a.test', 'b.test', 'c.test'] },
      'b.test': 'failure',
      'c.test': { a: ['192.0.2.9'] },
    } as const
    expect((await namesOf('192.0.2.1', zone)).name).toEqual(failed)
  })

  it('tries so many names and no more', async () => {
    const ptr = Array.from({ length: CLIENT_NAMES_MAX + 5 }, (_, i) => `n${i}.test`)
    const dns = createFakeResolver({ '192.0.2.1': { ptr } })
    expect(await createClient('192.0.2.1', dns).name()).toEqual(unconfirmed)
    expect(dns.questions).toHaveLength(1 + CLIENT_NAMES_MAX)
  })

  it('asks nothing until it is asked, and once', async () => {
    const dns = createFakeResolver({ '192.0.2.1': { ptr: ['a.test'] } })
    const client = createClient('192.0.2.1', dns)
    expect(dns.questions).toEqual([])
    await Promise.all([client.reverseName(), client.reverseName()])
    expect(dns.questions).toEqual(['PTR 192.0.2.1'])
    await Promise.all([client.name(), client.name()])
    expect(dns.questions).toEqual(['PTR 192.0.2.1', 'A a.test'])
  })

  it('knows no name of what is no address', async () => {
    const dns = createFakeResolver({})
    expect(await createClient('unix', dns).name()).toEqual(nameless)
    expect(dns.questions).toEqual([])
  })
})
