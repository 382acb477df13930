// Which hosts take mail for a next hop, in which order (RFC 5321 §5.1, RFC 7505), and at which addresses.

import { isIP } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { MxRecord, Resolver } from '#shared/dns/resolver.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { defer, fail } from './outcome.ts'
import type { Targets } from './targets.ts'

export type FoundHosts = { readonly kind: 'route'; readonly hosts: readonly string[] }

/** Names of the hosts to try, best first. */
export async function findHosts(
  hop: NextHop,
  deps: {
    readonly resolver: Resolver
    /** Our own name: a host we must not connect to. */
    readonly hostname: string
    readonly random: () => number
  },
): Promise<FoundHosts | Undelivered> {
  if (!hop.lookUpMx) return { kind: 'route', hosts: [hop.host] }
  const answer = await deps.resolver.resolveMx(hop.host)
  switch (answer.kind) {
    case 'found':
      return chooseHosts(hop.host, answer.records, deps)
    case 'none':
      // RFC 5321 §5.1: without MX records, and only then, the domain itself is its mail host.
      return { kind: 'route', hosts: [hop.host] }
    case 'nxdomain':
      return fail('5.1.2', `domain ${hop.host} does not exist`)
    case 'failure':
      return defer('4.4.3', `MX records of ${hop.host}: ${answer.reason}`)
  }
}

/** IP addresses of a host, IPv4 before IPv6: more senders have a good name for theirs (PTR). */
export async function findAddresses(
  host: string,
  resolver: Resolver,
): Promise<{ readonly kind: 'addresses'; readonly addresses: readonly string[] } | Undelivered> {
  if (isIP(host)) return { kind: 'addresses', addresses: [host] }
  const answers = await Promise.all([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
  if (addresses.length > 0) return { kind: 'addresses', addresses }
  for (const answer of answers) {
    if (answer.kind === 'failure') return defer('4.4.3', `addresses of ${host}: ${answer.reason}`)
  }
  return fail('5.4.4', `host ${host} has no address`)
}

/**
 * What of a host's addresses mail for a domain may be taken to. A host that is this machine ends the route: what comes behind it
 * is no better (RFC 5321 §5.1).
 */
export function permitAddresses(
  addresses: readonly string[],
  named: { readonly host: string; readonly domain: string },
  targets: Targets,
): {
  readonly addresses: readonly string[]
  readonly endsRoute: boolean
  readonly failure: Undelivered
} {
  const kinds = addresses.map(targets)
  const endsRoute = kinds.includes('own')
  const { host, domain } = named
  return {
    addresses: endsRoute ? [] : addresses.filter((_, i) => kinds[i] === 'public'),
    endsRoute,
    failure: endsRoute
      ? failAsLoop(domain)
      : fail('5.4.4', `host ${host} has no public address (${addresses.join(', ')})`),
  }
}

export function failAsLoop(domain: string): Undelivered {
  return fail('5.4.6', `mail for ${domain} loops back to myself`)
}

function chooseHosts(
  domain: string,
  records: readonly MxRecord[],
  { hostname, random }: { readonly hostname: string; readonly random: () => number },
): FoundHosts | Undelivered {
  const named = records.filter((record) => record.exchange !== '')
  // RFC 7505 §3: a lone MX record for the root says that the domain takes no mail.
  if (named.length === 0) return fail('5.1.10', `domain ${domain} takes no mail (null MX)`)
  const own = named.find((record) => record.exchange.toLowerCase() === hostname.toLowerCase())
  // RFC 5321 §5.1: being a mail host ourselves, we pass on only to better ones, or mail would go in circles.
  const better = own ? named.filter((record) => record.preference < own.preference) : named
  if (better.length === 0) return failAsLoop(domain)
  // Equal preferences share the load.
  const hosts = better
    .map(({ exchange, preference }) => ({ exchange, preference, draw: random() }))
    .sort((a, b) => a.preference - b.preference || a.draw - b.draw)
    .map(({ exchange }) => exchange)
  return { kind: 'route', hosts: [...new Set(hosts)] }
}
