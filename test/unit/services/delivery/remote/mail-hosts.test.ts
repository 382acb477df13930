import { describe, expect, it } from 'vitest'
import { findMailHosts } from '#services/delivery/remote/mail-hosts.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { hopOf } from '#test/support/next-hop.ts'

const find = (zone: FakeZone, options: { random?: () => number; ignores?: true } = {}) =>
  findMailHosts(hopOf('there.test'), {
    resolver: createFakeResolver(zone),
    ownNames: new Set(['me.test', 'helo.me.test']),
    random: options.random ?? (() => 0.5),
    ignoreMxLookupError: options.ignores === true,
  })

describe('findMailHosts', () => {
  it('draws lots among hosts of equal preference', async () => {
    const zone = {
      'there.test': { mx: ['20 last.test', '10 a.test', '10 b.test', '10 c.test', '10 a.test'] },
    }
    const order = async (...lots: readonly number[]) => {
      const drawn = lots.values()
      return await find(zone, { random: () => drawn.next().value ?? 0 })
    }
    expect(await order(0, 0.1, 0.2, 0.3)).toEqual({
      kind: 'hosts',
      levels: [['a.test', 'b.test', 'c.test'], ['last.test']],
      weAreOne: false,
    })
    expect(await order(0.3, 0.2, 0.1, 0)).toMatchObject({
      levels: [['c.test', 'b.test', 'a.test'], ['last.test']],
    })
  })

  it('leaves out what is no better than we are (RFC 5321 §5.1)', async () => {
    const mx = ['5 better.test', '10 Helo.Me.test', '10 equal.test', '20 worse.test']
    expect(await find({ 'there.test': { mx } })).toEqual({
      kind: 'hosts',
      levels: [['better.test']],
      weAreOne: true,
    })
    expect(await find({ 'there.test': { mx: ['10 equal.test', '10 me.test'] } })).toMatchObject({
      kind: 'failed',
      status: '5.4.6',
    })
  })

  it('takes the domain itself where its MX records cannot be looked up, if it is told to', async () => {
    const zone = { 'there.test': 'failure' } as const
    expect(await find(zone)).toEqual({
      kind: 'deferred',
      status: '4.4.3',
      reply:
        'Host or domain name not found. Name service error for name=there.test type=MX: ESERVFAIL',
    })
    expect(await find(zone, { ignores: true })).toMatchObject({ levels: [['there.test']] })
  })
})
