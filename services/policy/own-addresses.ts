// This machine's own addresses (machines get and lose some while they run), and those under which it is reached.

import { networkInterfaces } from 'node:os'
import type { Clock } from '#shared/runtime/clock.ts'
import { createNetworkMatcher, parseIpAddress } from '#shared/settings/networks.ts'

/** What the machine said is believed for so long: lists ask of each recipient several times. */
const OWN_ADDRESSES_MS = 1_000

/** `proxied`: networks in which a proxy or an address translation has us (`proxyInterfaces`). */
export function createOwnAddresses(
  proxied: readonly string[],
  clock: Pick<Clock, 'now'>,
): (address: string) => boolean {
  const isProxied = createNetworkMatcher(proxied)
  let found: { readonly addresses: ReadonlySet<string>; readonly atMs: number } | undefined
  function ownAddresses(): ReadonlySet<string> {
    const atMs = clock.now()
    if (found === undefined || atMs < found.atMs || atMs - found.atMs >= OWN_ADDRESSES_MS) {
      const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
      found = { addresses: new Set(here.map(({ address }) => canonical(address))), atMs }
    }
    return found.addresses
  }
  return (address) => isProxied(address) || ownAddresses().has(canonical(address))
}

/** One text for one address, however it is written. */
function canonical(address: string): string {
  const { bytes } = parseIpAddress(address) ?? {}
  return bytes === undefined ? address : Buffer.from(bytes).toString('hex')
}
