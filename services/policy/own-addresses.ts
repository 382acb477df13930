// This machine's own addresses, as they are now (machines get and lose some while they run), and those under which it is reached.

import { networkInterfaces } from 'node:os'
import { createNetworkMatcher, parseIpAddress } from '#shared/settings/networks.ts'

/** `proxied`: networks in which a proxy or an address translation has us (`proxyInterfaces`). */
export function createOwnAddresses(proxied: readonly string[]): (address: string) => boolean {
  const isProxied = createNetworkMatcher(proxied)
  return (address) => {
    if (isProxied(address)) return true
    const wanted = canonical(address)
    const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    return here.some((one) => canonical(one.address) === wanted)
  }
}

/** One text for one address, however it is written. */
function canonical(address: string): string {
  const { bytes } = parseIpAddress(address) ?? {}
  return bytes === undefined ? address : Buffer.from(bytes).toString('hex')
}
