import { networkName, parseIpAddress } from '#shared/runtime/settings/networks.ts'
import { plainAddress } from './plain-address.ts'

/** An IPv6 customer has at least so many bits to choose addresses in (RFC 6177 §2). */
const IPV6_NETWORK_BITS = 64

/** Whom limits count as one client: an IPv4 address, or the network that an IPv6 address is taken from. */
export function clientNetwork(address: string): string {
  const [plain = address] = plainAddress(address).split('%')
  const parsed = parseIpAddress(plain)
  return parsed?.family === 'ipv6' ? networkName(parsed, IPV6_NETWORK_BITS) : plain
}
