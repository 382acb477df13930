import { expect, it } from 'vitest'
import { clientNetwork, clientSite } from '#shared/net/client-network.ts'

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2::3', '2001:0db8:0001:0002:0000:0000:0000:0000/64'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002:0000:0000:0000:0000/64'],
  ['2001:db8:1:3::3', '2001:0db8:0001:0003:0000:0000:0000:0000/64'],
  ['fe80::1%eth0', 'fe80:0000:0000:0000:0000:0000:0000:0000/64'],
  // RFC 4291 §2.5.5.2: an IPv4 address all the same.
  ['::ffff:192.0.2.1', '192.0.2.1'],
])('a client at %s is counted as %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

it('the site of an IPv6 client is the /48 around it; others have none', () => {
  expect(clientSite('2001:db8:1:2::3')).toBe('2001:0db8:0001:0000:0000:0000:0000:0000/48')
  expect(clientSite('192.0.2.1')).toBeUndefined()
  expect(clientSite('::ffff:192.0.2.1')).toBeUndefined()
})
