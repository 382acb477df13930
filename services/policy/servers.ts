// Servers of a domain, held against an access table (Postfix's check_server_access): its addresses, its mail servers or its name
// servers, each by its name and then by its addresses. Where DNS fails the table says nothing.

import { isIP } from 'node:net'
import type { DnsAnswer, MxRecord, Resolver } from '#shared/dns/resolver.ts'
import { literalAddress, parseDomain } from '#shared/mail/domain.ts'
import { isHostName } from './host-name.ts'

export type ServerKind = 'a' | 'mx' | 'ns'

/** What a table has for a name of a server and its parents, and for an address and the networks around it. */
export interface ServerTable<Hit> {
  name(host: string): Promise<Hit | undefined>
  address(address: string): Promise<Hit | undefined>
}

export type ServerEntry<Hit> =
  | { readonly kind: 'hit'; readonly hit: Hit }
  | { readonly kind: 'none' }
  /** The servers are not known; `host`: of which name. */
  | { readonly kind: 'failure'; readonly host: string; readonly reason: string }

/** Of all servers of a domain together, as Postfix. */
export const SERVER_ADDRESSES_MAX = 100
/** Names of servers of one domain whose addresses are looked up. */
export const SERVERS_MAX = 50
/** Labels that are taken off a name to find the name servers of the zone that it is in. */
export const PARENT_ZONES_MAX = 10

const none = { kind: 'none' } as const

/** The first entry that is there. `domain`: a name, or an address literal, which is its own server. */
export async function findServerEntry<Hit>(
  domain: string,
  kind: ServerKind,
  dns: Resolver,
  table: ServerTable<Hit>,
): Promise<ServerEntry<Hit>> {
  const servers = await findServers(domain, kind, dns)
  if (servers.kind === 'failure') return { ...servers, host: domain }
  let addressesLeft = SERVER_ADDRESSES_MAX
  let failed: ServerEntry<Hit> = none
  let serversLeft = SERVERS_MAX
  for (const host of servers.hosts) {
    if (serversLeft-- === 0) return { kind: 'failure', host, reason: 'too many servers' }
    const isAddress = isIP(host) !== 0
    const byName = isAddress || kind === 'a' ? undefined : await table.name(host)
    if (byName !== undefined) return { kind: 'hit', hit: byName }
    const found = isAddress ? { addresses: [host] } : await findAddresses(host, dns)
    if (found.reason !== undefined) failed = { kind: 'failure', host, reason: found.reason }
    for (const address of found.addresses) {
      if (addressesLeft-- === 0) return { kind: 'failure', host, reason: 'too many addresses' }
      const byAddress = await table.address(address)
      if (byAddress !== undefined) return { kind: 'hit', hit: byAddress }
    }
  }
  return failed
}

type Servers =
  | { readonly kind: 'servers'; readonly hosts: readonly string[] }
  | { readonly kind: 'failure'; readonly reason: string }

const serversAre = (hosts: readonly string[]): Servers => ({ kind: 'servers', hosts })

async function findServers(domain: string, kind: ServerKind, dns: Resolver): Promise<Servers> {
  if (domain.startsWith('[')) {
    const literal = parseDomain(domain)
    const address = literal && literalAddress(literal)
    return serversAre(address === undefined || kind === 'ns' ? [] : [address])
  }
  if (!isHostName(domain)) return serversAre([])
  switch (kind) {
    case 'a':
      return serversAre([domain])
    case 'mx':
      return mailServers(domain, await dns.resolveMx(domain))
    case 'ns':
      return nameServers(domain, dns)
  }
}

function mailServers(domain: string, answer: DnsAnswer<MxRecord>): Servers {
  switch (answer.kind) {
    case 'found':
      return serversAre(
        answer.records
          .toSorted((one, other) => one.preference - other.preference)
          .map(({ exchange }) => exchange)
          // A null MX has no server.
          .filter((exchange) => exchange !== ''),
      )
    case 'none':
    // Some name servers say so of names that have other records.
    case 'nxdomain':
      return serversAre([domain])
    case 'failure':
      return answer
  }
}

/** Those of the zone that a name is in, which may begin above it. */
async function nameServers(domain: string, dns: Resolver): Promise<Servers> {
  const labels = domain.split('.')
  const zones = labels.map((_, from) => labels.slice(from).join('.'))
  for (const zone of zones.slice(0, PARENT_ZONES_MAX)) {
    const answer = await dns.resolveNs(zone)
    if (answer.kind === 'failure') return answer
    if (answer.kind === 'found') return serversAre(answer.records.toSorted())
  }
  return serversAre([])
}

async function findAddresses(
  host: string,
  dns: Resolver,
): Promise<{ readonly addresses: readonly string[]; readonly reason?: string }> {
  const answers = await Promise.all([dns.resolve4(host), dns.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
  const failed = answers.find((answer) => answer.kind === 'failure')
  return failed === undefined ? { addresses } : { addresses, reason: failed.reason }
}
