import { networkName, parseIpAddress } from '#shared/settings/networks.ts'
import { plainAddress } from './plain-address.ts'

/** An IPv6 customer has at least so many bits to choose addresses in (RFC 6177 §2). */
export const IPV6_NETWORK_BITS = 64

/** What a site may get of it (RFC 6177 §2), and a tunnel broker gives to whoever asks. */
export const IPV6_SITE_BITS = 48

/** What a provider gives to one customer at most as a rule, and what senders of many addresses have. */
export const IPV4_NEIGHBOURHOOD_BITS = 24

/** Whom limits count as one client: an IPv4 address, or the network that an IPv6 address is taken from. */
export function clientNetwork(address: string): string {
  return ipv6Network(address, IPV6_NETWORK_BITS) ?? plain(address)
}

/** Around the network of an IPv6 client: one hand may have 65,536 networks there. */
export function clientSite(address: string): string | undefined {
  return ipv6Network(address, IPV6_SITE_BITS)
}

/** Who may be one hand besides: what is given to a customer of IPv4 now and then, and a site of IPv6. */
export function clientNeighbourhood(address: string): string {
  const parsed = parseIpAddress(plain(address))
  if (parsed === undefined) return plain(address)
  return networkName(parsed, parsed.family === 'ipv4' ? IPV4_NEIGHBOURHOOD_BITS : IPV6_SITE_BITS)
}

function ipv6Network(address: string, bits: number): string | undefined {
  const parsed = parseIpAddress(plain(address))
  return parsed?.family === 'ipv6' ? networkName(parsed, bits) : undefined
}

function plain(address: string): string {
  const [withoutZone = address] = plainAddress(address).split('%')
  return withoutZone
}
