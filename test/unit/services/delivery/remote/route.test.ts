import { describe, expect, it } from 'vitest'
import { findHosts } from '#services/delivery/remote/route.ts'
import { parseNextHop } from '#shared/mail/next-hop.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

describe('parseNextHop', () => {
  it.each([
    ['example.test', { host: 'example.test', port: 25, lookUpMx: true }],
    ['Example.test:2525', { host: 'example.test', port: 2525, lookUpMx: true }],
    ['bücher.example', { host: 'xn--bcher-kva.example', port: 25, lookUpMx: true }],
    ['[mail.example.test]', { host: 'mail.example.test', port: 25, lookUpMx: false }],
    ['[mail.example.test]:587', { host: 'mail.example.test', port: 587, lookUpMx: false }],
    ['[192.0.2.1]:26', { host: '192.0.2.1', port: 26, lookUpMx: false }],
    ['[2001:db8::1]', { host: '2001:db8::1', port: 25, lookUpMx: false }],
    ['[IPv6:2001:db8::1]:26', { host: '2001:db8::1', port: 26, lookUpMx: false }],
  ])('reads %s', (text, hop) => {
    expect(parseNextHop(text)).toEqual(hop)
  })

  it.each([[''], ['a b'], ['[]'], ['[a'], ['a:0'], ['a:65536'], ['a:x'], ['192.0.2.1']])(
    'refuses %j',
    (text) => {
      expect(parseNextHop(text)).toBeUndefined()
    },
  )
})

describe('findHosts', () => {
  it('draws lots among hosts of equal preference', async () => {
    const resolver = createFakeResolver({
      'there.test': { mx: ['20 last.test', '10 a.test', '10 b.test', '10 c.test', '10 a.test'] },
    })
    const order = async (...lots: readonly number[]) => {
      const drawn = lots.values()
      const random = () => drawn.next().value ?? 0
      const hop = { host: 'there.test', port: 25, lookUpMx: true }
      return await findHosts(hop, { resolver, hostname: 'me.test', random })
    }
    expect(await order(0, 0.1, 0.2, 0.3, 0.4)).toEqual({
      kind: 'route',
      hosts: ['a.test', 'b.test', 'c.test', 'last.test'],
    })
    expect(await order(0, 0.3, 0.2, 0.1, 0.4)).toEqual({
      kind: 'route',
      hosts: ['c.test', 'b.test', 'a.test', 'last.test'],
    })
  })
})
