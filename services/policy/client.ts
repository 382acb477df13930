// The names of a client's address, as Postfix knows them: what its PTR says, and the same confirmed by the name's own addresses.

import { isIP } from 'node:net'
import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'

export type ClientName =
  | { readonly kind: 'found'; readonly name: string }
  /** `unconfirmed`: the name has no address, or others. */
  | { readonly kind: 'none'; readonly reason: 'no name' | 'unconfirmed' }
  | { readonly kind: 'failure'; readonly reason: string }

/** As Postfix calls it where there is none. */
export const clientNameOf = (found: ClientName) => (found.kind === 'found' ? found.name : 'unknown')

export interface Client {
  readonly address: string
  /** By its PTR alone. */
  reverseName(): Promise<ClientName>
  /** Forward-confirmed. */
  name(): Promise<ClientName>
}

/** Looked up once, when asked for. */
export function createClient(address: string, dns: Resolver): Client {
  let reverse: Promise<ClientName> | undefined
  let confirmed: Promise<ClientName> | undefined

  async function lookUpReverse(): Promise<ClientName> {
    if (isIP(address) === 0) return { kind: 'none', reason: 'no name' }
    const answer = await dns.resolvePtr(address)
    if (answer.kind === 'failure') return answer
    const name = answer.kind === 'found' ? answer.records[0] : undefined
    return name === undefined ? { kind: 'none', reason: 'no name' } : { kind: 'found', name }
  }

  async function confirm(): Promise<ClientName> {
    const found = await client.reverseName()
    if (found.kind !== 'found') return found
    const answer = isIP(address) === 6 ? dns.resolve6(found.name) : dns.resolve4(found.name)
    return confirmedBy(address, found.name, await answer)
  }

  const client: Client = {
    address,
    reverseName: () => {
      reverse ??= lookUpReverse()
      return reverse
    },
    name: () => {
      confirmed ??= confirm()
      return confirmed
    },
  }
  return client
}

function confirmedBy(address: string, name: string, answer: DnsAnswer<string>): ClientName {
  if (answer.kind === 'failure') return answer
  const wanted = bytesOf(address)
  const isConfirmed = answer.kind === 'found' && answer.records.some((a) => bytesOf(a) === wanted)
  return isConfirmed ? { kind: 'found', name } : { kind: 'none', reason: 'unconfirmed' }
}

function bytesOf(address: string): string {
  return Buffer.from(parseIpAddress(address)?.bytes ?? []).toString('hex')
}
