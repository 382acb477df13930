// The names of a client's address, as Postfix knows them (smtpd_peer.c): what its PTR says, and the same confirmed by the name's own
// addresses. What DNS cannot say now is a failure, at whichever step.
//
// Deliberately unlike Postfix, which takes whichever of several names the name server says first: the order is the alphabet's, so that
// the same client is judged the same way, and the first that leads back is the client's (RFC 8601 §2.7.3).

import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'
import { isHostName } from './host-name.ts'

export type ClientName =
  | { readonly kind: 'found'; readonly name: string }
  /** `unconfirmed`: the name has no address, or others. */
  | { readonly kind: 'none'; readonly reason: 'no name' | 'unconfirmed' }
  | { readonly kind: 'failure'; readonly reason: string }

/** As Postfix calls it where there is none. */
export const clientNameOf = (found: ClientName) => (found.kind === 'found' ? found.name : 'unknown')

export interface Client {
  /** An IPv4 address mapped into IPv6 is the IPv4 address that it is. */
  readonly address: string
  /** By its PTR alone, the first of several. */
  reverseName(): Promise<ClientName>
  /** Forward-confirmed. */
  name(): Promise<ClientName>
}

/** Of one address, as SPF has it (RFC 7208 §4.6.4). */
export const CLIENT_NAMES_MAX = 10

const nameless: Unnamed = { kind: 'none', reason: 'no name' }
const unconfirmed: Unnamed = { kind: 'none', reason: 'unconfirmed' }

/** Looked up once, when asked for. */
export function createClient(remoteAddress: string, dns: Resolver): Client {
  const parsed = parseIpAddress(remoteAddress)
  const address = parsed?.family === 'ipv4' ? parsed.bytes.join('.') : remoteAddress
  let names: Promise<ClientNames> | undefined
  let confirmed: Promise<ClientName> | undefined

  function askNames(): Promise<ClientNames> {
    names ??= lookUp()
    return names
  }

  async function lookUp(): Promise<ClientNames> {
    return parsed === undefined ? nameless : namesIn(await dns.resolvePtr(address))
  }

  /**
   * The first that leads back; that DNS fails for one of them matters where no other does. All are asked at once: dead ones must not
   * take the time of a question one after the other.
   */
  async function confirm(): Promise<ClientName> {
    const found = await askNames()
    if (found.kind !== 'names') return found
    const ask = parsed?.family === 'ipv6' ? dns.resolve6 : dns.resolve4
    const wanted = bytesOf(address)
    const answers = await Promise.all(
      found.names.map(async (name) => [name, await ask(name)] as const),
    )
    let otherwise: Unnamed = unconfirmed
    for (const [name, answer] of answers) {
      if (answer.kind === 'found' && answer.records.some((a) => bytesOf(a) === wanted)) {
        return { kind: 'found', name }
      }
      if (answer.kind === 'failure' && otherwise.kind !== 'failure') {
        otherwise = { kind: 'failure', reason: answer.reason }
      }
    }
    return otherwise
  }

  return {
    address,
    async reverseName() {
      const found = await askNames()
      return found.kind === 'names' ? { kind: 'found', name: found.names[0] } : found
    },
    name() {
      confirmed ??= confirm()
      return confirmed
    },
  }
}

type Unnamed = Exclude<ClientName, { readonly kind: 'found' }>

type ClientNames =
  | { readonly kind: 'names'; readonly names: readonly [string, ...string[]] }
  | Unnamed

function namesIn(answer: DnsAnswer<string>): ClientNames {
  switch (answer.kind) {
    case 'found': {
      const [first, ...others] = answer.records.filter(isHostName).toSorted()
      if (first === undefined) return nameless
      return { kind: 'names', names: [first, ...others.slice(0, CLIENT_NAMES_MAX - 1)] }
    }
    case 'none':
    case 'nxdomain':
      return nameless
    case 'failure':
      // A PTR that names no host is as good as none.
      return answer.isMalformed ? nameless : { kind: 'failure', reason: answer.reason }
  }
}

function bytesOf(address: string): string {
  return Buffer.from(parseIpAddress(address)?.bytes ?? []).toString('hex')
}
