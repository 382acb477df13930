// Where a server is that somebody has named over the API: its name is looked up, and one address of it is given that imports may go to, so that
// nobody has this system talk to itself or to what stands beside it. Asked anew for each connection: names are led elsewhere meanwhile.

import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createTargets, type Targets } from '#shared/net/targets.ts'
import type { Unreached } from '#shared/net/unreached.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { SourceAway } from '../source.ts'

/** SourceAway where nobody knows now. */
export type Reach = (server: {
  readonly host: string
  readonly tls: 'implicit' | 'starttls' | 'none'
}) => Promise<Reached>

export type Reached = { readonly kind: 'address'; readonly address: string } | Unreached
/** RFC 3501 §2.1, RFC 8314 §3.2; below 1024 everything else is another service, which is not to be talked to from here. */
const imapPorts: readonly number[] = [143, 993]
const PORT_FREE = 1_024
export const isImapPort = (port: number) => port >= PORT_FREE || imapPorts.includes(port)

/** Addresses of one name that are looked at. */
const ADDRESSES_MAX = 32

export function createReach({
  resolver,
  networks,
  targets = createTargets(networks),
}: {
  readonly resolver: Pick<Resolver, 'resolve4' | 'resolve6'>
  /** Those that may be reached besides public addresses, and that passwords may go to in clear. */
  readonly networks: readonly string[]
  readonly targets?: Targets
}): Reach {
  const isNamed = createNetworkMatcher(networks)

  async function addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host]
    const name = domainToASCII(host).replace(/\.$/, '')
    if (name === '') return []
    const answers = await Promise.all([resolver.resolve4(name), resolver.resolve6(name)])
    const found = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
    const failure = answers.find((answer) => answer.kind === 'failure')
    if (found.length === 0 && failure !== undefined) {
      throw new SourceAway(`${host} is not to be looked up now: ${failure.reason}`)
    }
    return found.slice(0, ADDRESSES_MAX)
  }

  return async ({ host, tls }) => {
    const addresses = await addressesOf(host)
    if (addresses.length === 0) return { kind: 'no-such-host' }
    const allowed = addresses.filter((address) => targets(address) === 'public')
    if (allowed.length === 0) return { kind: 'not-public' }
    const address = allowed.find((one) => tls !== 'none' || isNamed(one))
    return address === undefined ? { kind: 'clear-text' } : { kind: 'address', address }
  }
}
