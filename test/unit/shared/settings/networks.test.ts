import { describe, expect, it } from 'vitest'
import { createNetworkMatcher, networkName, parseIpAddress } from '#shared/settings/networks.ts'

describe('createNetworkMatcher', () => {
  const matches = createNetworkMatcher(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32', '::1'])

  it('knows members of its networks', () => {
    for (const address of ['192.0.2.0', '192.0.2.255', '198.51.100.7', '2001:db8:1::5', '::1'])
      expect(matches(address), address).toBe(true)
  })

  it('knows an IPv4 address that a dual-stack socket shows as IPv6', () => {
    expect(matches('::ffff:192.0.2.9')).toBe(true)
    expect(matches('::ffff:192.0.3.9')).toBe(false)
  })

  it('knows who is no member, and what is no address', () => {
    for (const address of [
      '192.0.3.0',
      '198.51.100.8',
      '2001:db9::',
      '::2',
      '',
      'localhost',
      '192.0.2.1 ',
    ])
      expect(matches(address), address).toBe(false)
  })

  it('matches nobody when there are no networks', () => {
    expect(createNetworkMatcher([])('127.0.0.1')).toBe(false)
  })

  it('is not made of what are no networks', () => {
    expect(() => createNetworkMatcher(['192.0.2.1/24'])).toThrow(TypeError)
  })
})

describe('networkName', () => {
  const named = (text: string, bits: number) => {
    const address = parseIpAddress(text)
    return address && networkName(address, bits)
  }

  it('gives every address of a network the same name', () => {
    expect(named('2001:db8:0:1:aaaa::1', 64)).toBe(named('2001:db8::1:bbbb:0:0:2', 64))
    expect(named('2001:db8:0:1::1', 64)).not.toBe(named('2001:db8:0:2::1', 64))
    expect(named('192.0.2.1', 20)).toBe('192.0.0.0/20')
    expect(named('::ffff:192.0.2.1', 32)).toBe('192.0.2.1/32')
  })
})
