import { describe, expect, it } from 'vitest'
import { reverseName, turnedAddress } from '#shared/dns/reverse-name.ts'

const zeros = (count: number) => '0.'.repeat(count)

describe('reverseName', () => {
  it.each([
    ['192.0.2.10', '10.2.0.192.in-addr.arpa'],
    ['::ffff:192.0.2.10', '10.2.0.192.in-addr.arpa'],
    ['::FFFF:c000:20a', '10.2.0.192.in-addr.arpa'],
    // RFC 3596 §2.5
    [
      '4321:0:1:2:3:4:567:89ab',
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
    ],
    ['2001:db8::', `${zeros(24)}8.b.d.0.1.0.0.2.ip6.arpa`],
    ['::1', `1.${zeros(31)}ip6.arpa`],
    ['::', `${zeros(32)}ip6.arpa`],
    ['64:ff9b::192.0.2.1', `1.0.2.0.0.0.0.c.${zeros(16)}b.9.f.f.4.6.0.0.ip6.arpa`],
  ])('of %s is %s', (address, name) => {
    expect(reverseName(address)).toBe(name)
  })

  it.each(['', 'host.test', '192.0.2', 'fe80::1%eth0', '[::1]'])('has none for %j', (text) => {
    expect(reverseName(text)).toBeUndefined()
    expect(turnedAddress(text)).toBeUndefined()
  })
})
