// Which addresses are no hosts of anybody else: this machine itself, and networks that mean something else to everybody. A stranger chooses
// them in the MX or address records of a domain, or in an address literal, to have us talk to ourselves or to what stands beside us; so may who
// names over the API where mail is brought from. The relay host is named by the administrator and may be anywhere.

import { networkInterfaces } from 'node:os'
import { createNetworkMatcher, parseIpAddress } from '#shared/settings/networks.ts'

/** `own`: this machine. `private`: nobody's, or everybody's. */
export type TargetKind = 'public' | 'own' | 'private'
export type Targets = (address: string) => TargetKind

/** RFC 6890 §2.2.2 and §2.2.3: loopback, and "this host on this network", which systems connect to themselves. */
const ownNetworks = ['127.0.0.0/8', '0.0.0.0/8', '::1', '::']

const privateNetworks = [
  // RFC 1918, RFC 4193
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  // RFC 6598: behind a provider's address translation
  '100.64.0.0/10',
  // RFC 3927, RFC 4291 §2.5.6; the cloud's metadata service is in the first
  '169.254.0.0/16',
  'fe80::/10',
  // RFC 3879: once "site-local"
  'fec0::/10',
  // RFC 6890: protocol assignments, RFC 2544: benchmarks
  '192.0.0.0/24',
  '198.18.0.0/15',
  // Multicast (RFC 5771, RFC 4291 §2.7), reserved (RFC 1112 §4) and broadcast
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
]

/** Networks of IPv6 that carry an IPv4 address, and where in it. RFC 4291 §2.5.5.1, RFC 6052, RFC 3056. */
const carriers = [
  { network: '::/96', at: 12 },
  { network: '64:ff9b::/96', at: 12 },
  { network: '2002::/16', at: 2 },
].map(({ network, at }) => ({ carries: createNetworkMatcher([network]), at }))

/** `allowed`: networks that may be targets all the same. */
export function createTargets(
  allowed: readonly string[],
  ownAddresses: () => ReadonlySet<string> = addressesOfThisMachine,
): Targets {
  const isAllowed = createNetworkMatcher(allowed)
  const isOwn = createNetworkMatcher(ownNetworks)
  const isPrivate = createNetworkMatcher(privateNetworks)

  function kindOf(address: string, own: ReadonlySet<string>): TargetKind {
    if (isAllowed(address)) return 'public'
    const key = addressKey(address)
    // An address with a zone, or none at all.
    if (key === undefined) return 'private'
    if (isOwn(address) || own.has(key)) return 'own'
    if (isPrivate(address)) return 'private'
    const carried = carriedIpv4(address)
    return carried === undefined ? 'public' : kindOf(carried, own)
  }
  return (address) => kindOf(address, ownAddresses())
}

function carriedIpv4(address: string): string | undefined {
  const carrier = carriers.find(({ carries }) => carries(address))
  const bytes = carrier && parseIpAddress(address)?.bytes
  return bytes?.subarray(carrier?.at, (carrier?.at ?? 0) + 4).join('.')
}

/** One text for one address, however it is written. */
function addressKey(address: string): string | undefined {
  const bytes = parseIpAddress(address)?.bytes
  return bytes && Buffer.from(bytes).toString('hex')
}

/** Asked anew each time: machines get and lose addresses while they run. */
function addressesOfThisMachine(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return new Set(all.flatMap(({ address }) => addressKey(address) ?? []))
}
