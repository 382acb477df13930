import { describe, expect, it } from 'vitest'
import { whoNamed } from '#services/delivery/remote/named-by.ts'
import { hopOf } from '#test/support/next-hop.ts'

describe('whoNamed', () => {
  it.each([
    ['there.test', ['carol@there.test'], 'recipient'],
    ['xn--bcher-kva.test', ['carol@Bücher.test'], 'recipient'],
    ['[192.168.0.1]', ['carol@[192.168.0.1]'], 'recipient'],
    ['[2001:db8::1]', ['carol@[IPv6:2001:DB8::1]'], 'recipient'],
    // One is enough.
    ['there.test', ['carol@other.test', 'dave@there.test'], 'recipient'],
    // What cannot be read is nothing to trust.
    ['[10.0.0.1]', ['carol@'], 'recipient'],
    ['[10.0.0.1]', ['carol@there.test'], 'administrator'],
    ['[there.test]', ['carol@there.test'], 'administrator'],
    ['there.test:2525', ['carol@there.test'], 'administrator'],
    ['[192.168.0.1]:2525', ['carol@[192.168.0.1]'], 'administrator'],
  ])('%s for %j: %s', (hop, addresses, namedBy) => {
    expect(
      whoNamed(
        hopOf(hop),
        addresses.map((address) => ({ address })),
      ),
    ).toBe(namedBy)
  })
})
