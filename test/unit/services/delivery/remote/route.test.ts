import { describe, expect, it } from 'vitest'
import { findHosts } from '#services/delivery/remote/route.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

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
