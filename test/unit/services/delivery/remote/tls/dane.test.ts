import { describe, expect, it } from 'vitest'
import { createDane } from '#services/delivery/remote/tls/dane.ts'
import { type TlsaRecord, usableRecords } from '#services/delivery/remote/tls/tlsa.ts'
import type { ValidatedAnswer } from '#shared/dns/validated-resolver.ts'
import { hopOf } from '#test/support/next-hop.ts'

const AB = 'ab'.repeat(32)
const mx = (host: string) => Buffer.concat([Buffer.of(0, 10), Buffer.from(host)])
const tlsa = (text: string) => {
  const [usage, selector, matching, hex = ''] = text.split(' ')
  return Buffer.concat([
    Buffer.of(Number(usage), Number(selector), Number(matching)),
    Buffer.from(hex, 'hex'),
  ])
}
const found = (
  owner: string,
  isSecure: boolean,
  ...records: readonly Buffer[]
): ValidatedAnswer => ({
  kind: 'found',
  records,
  isSecure,
  owner,
})
const servfail: ValidatedAnswer = { kind: 'failure', reason: 'SERVFAIL' }

/** Signed: domain, host and records. */
const signed: Zone = {
  'MX there.test': found('there.test', true, mx('Mx.there.test')),
  'A mx.there.test': found('mx.there.test', true, Buffer.of(192, 0, 2, 1)),
  'TLSA _25._tcp.mx.there.test': found('_25._tcp.mx.there.test', true, tlsa(`3 1 1 ${AB}`)),
}
type Zone = { readonly [question: string]: ValidatedAnswer }

async function find(zone: Zone, hop = 'there.test', host = 'mx.there.test') {
  const asked: string[] = []
  const dane = createDane({
    dns: {
      async ask(name, type) {
        asked.push(`${type} ${name}`)
        return zone[`${type} ${name}`] ?? { kind: 'none', isSecure: false }
      },
    },
  })
  return { found: await dane.findFor(hopOf(hop), host), asked }
}

describe('TLSA records of a host', () => {
  it('that is signed, as all the way to it', async () => {
    expect((await find(signed)).found).toEqual({
      kind: 'usable',
      records: [{ usage: 3, selector: 1, matching: 1, data: Buffer.from(AB, 'hex') }],
      base: 'mx.there.test',
      names: ['mx.there.test', 'there.test'],
      isMxSecure: true,
    })
  })

  it.each<[string, Zone, object]>([
    [
      'a way that is not signed',
      { 'MX there.test': found('there.test', false, mx('mx.there.test')) },
      { kind: 'usable', isMxSecure: false },
    ],
    [
      'records that are not signed',
      { 'TLSA _25._tcp.mx.there.test': found('x', false, tlsa(`3 1 1 ${AB}`)) },
      { kind: 'none', isMxSecure: true },
    ],
    [
      'records that nobody uses',
      { 'TLSA _25._tcp.mx.there.test': found('x', true, tlsa(`1 1 1 ${AB}`), Buffer.of(3)) },
      { kind: 'unusable', base: 'mx.there.test' },
    ],
    [
      'records that do not come',
      { 'TLSA _25._tcp.mx.there.test': servfail },
      { kind: 'failure', why: 'TLSA records of mx.there.test: SERVFAIL' },
    ],
    [
      'addresses that do not come',
      { 'A mx.there.test': servfail },
      { kind: 'failure', why: 'addresses of mx.there.test: SERVFAIL' },
    ],
    [
      'MX records that do not come',
      { 'MX there.test': servfail },
      { kind: 'failure', why: 'MX records of there.test: SERVFAIL' },
    ],
    [
      'another name in the signed MX records',
      { 'MX there.test': found('there.test', true, mx('other.test')) },
      { kind: 'failure', why: 'it is none of the signed MX hosts of there.test' },
    ],
    [
      'IPv6 alone',
      {
        'A mx.there.test': { kind: 'none', isSecure: true },
        'AAAA mx.there.test': found('mx.there.test', true, Buffer.alloc(16)),
      },
      { kind: 'usable' },
    ],
  ])('with %s', async (_, zone, expected) => {
    expect((await find({ ...signed, ...zone })).found).toMatchObject(expected)
  })

  it('are not asked for where the host is not signed', async () => {
    const zone = { ...signed, 'A mx.there.test': found('mx.there.test', false, Buffer.alloc(4)) }
    const { found: finding, asked } = await find(zone)
    expect(finding).toEqual({ kind: 'none', isMxSecure: true })
    expect(asked.filter((question) => question.startsWith('TLSA'))).toEqual([])
  })

  it('that is an alias are those of the name behind it, else its own', async () => {
    const alias = { ...signed, 'A mx.there.test': found('real.test', true, Buffer.alloc(4)) }
    expect((await find(alias)).found).toMatchObject({ kind: 'usable', base: 'mx.there.test' })
    const both = { ...alias, 'TLSA _25._tcp.real.test': found('x', true, tlsa(`2 0 1 ${AB}`)) }
    expect((await find(both)).found).toMatchObject({
      kind: 'usable',
      base: 'real.test',
      names: ['real.test', 'there.test'],
    })
  })

  it('that is a signed alias of a host that is not are its own', async () => {
    const alias = { ...signed, 'A mx.there.test': found('real.test', false, Buffer.alloc(4)) }
    expect((await find(alias)).found).toEqual({ kind: 'none', isMxSecure: true })
    const own = {
      ...alias,
      'CNAME mx.there.test': found('mx.there.test', true, Buffer.from('real.test')),
    }
    expect((await find(own)).found).toMatchObject({ kind: 'usable', base: 'mx.there.test' })
  })

  it('of a domain behind an alias may be for both names', async () => {
    const zone = { ...signed, 'MX there.test': found('behind.test', true, mx('mx.there.test')) }
    expect((await find(zone)).found).toMatchObject({
      names: ['mx.there.test', 'there.test', 'behind.test'],
    })
  })

  it('of a domain without MX records are those of the domain', async () => {
    const zone: Zone = {
      'MX there.test': { kind: 'none', isSecure: true },
      'A there.test': found('there.test', true, Buffer.alloc(4)),
      'TLSA _25._tcp.there.test': found('x', true, tlsa(`3 1 1 ${AB}`)),
    }
    expect((await find(zone, 'there.test', 'there.test')).found).toMatchObject({
      kind: 'usable',
      isMxSecure: true,
    })
  })

  it('that was named are at the port that was named', async () => {
    const zone = {
      ...signed,
      'TLSA _587._tcp.mx.there.test': found('x', true, tlsa(`3 1 1 ${AB}`)),
    }
    const { found: finding, asked } = await find(zone, '[mx.there.test]:587')
    expect(finding).toMatchObject({ kind: 'usable', isMxSecure: true })
    expect(asked).toEqual(['A mx.there.test', 'TLSA _587._tcp.mx.there.test'])
  })
})

describe('records that are used', () => {
  const of = (text: string): TlsaRecord => {
    const data = tlsa(text)
    const [usage = 255, selector = 255, matching = 255] = data
    return { usage, selector, matching, data: data.subarray(3) }
  }
  const CD = 'cd'.repeat(64)
  it.each([
    [
      'usages 2 and 3',
      [`0 0 1 ${AB}`, `1 0 1 ${AB}`, `2 0 1 ${AB}`, `3 0 1 ${AB}`, `4 0 1 ${AB}`],
      [2, 3],
    ],
    ['selectors 0 and 1', [`3 0 1 ${AB}`, `3 1 1 ${AB}`, `3 2 1 ${AB}`], [0, 1]],
    ['digests of their length', [`3 1 1 ${CD}`, `3 1 2 ${AB}`, `3 1 3 ${AB}`, '3 1 0 '], []],
    ['of two digests the better', [`3 1 1 ${AB}`, `3 1 2 ${CD}`], [1]],
    [
      'of two digests the better, for each usage and selector',
      [`3 1 1 ${AB}`, `3 0 2 ${CD}`, `2 1 1 ${AB}`],
      [0, 1, 2],
    ],
    [
      'what is given in full beside any digest',
      [`3 1 0 ${AB}`, `3 1 1 ${AB}`, `3 1 2 ${CD}`],
      [0, 2],
    ],
  ])('%s', (_, texts, used) => {
    const records = texts.map(of)
    expect(usableRecords(records).map((record) => records.indexOf(record))).toEqual(used)
  })
})
