// iprev (RFC 8601 §3): whether a name of the client's address has that address.

import { isIP } from 'node:net'
import type { Resolver } from '#shared/dns/resolver.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'

/** Names of one address that are asked about (RFC 7208 §5.5 has the same for its own). */
export const IPREV_NAMES_MAX = 10

export type IprevResult = {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror'
  readonly address: string
  /** The one that has it. */
  readonly name?: string
}

export async function checkIprev(address: string, dns: Resolver): Promise<IprevResult> {
  if (isIP(address) === 0) return { result: 'permerror', address }
  const reverse = await dns.resolvePtr(address)
  if (reverse.kind === 'failure') return { result: 'temperror', address }
  // §2.7.3: permerror, no name.
  if (reverse.kind !== 'found') return { result: 'permerror', address }
  const wanted = bytesOf(address)
  const ask = parseIpAddress(address)?.family === 'ipv4' ? dns.resolve4 : dns.resolve6
  let failed = false
  for (const name of reverse.records.slice(0, IPREV_NAMES_MAX)) {
    const answer = await ask(name)
    failed ||= answer.kind === 'failure'
    const has = answer.kind === 'found' && answer.records.some((one) => bytesOf(one) === wanted)
    if (has) return { result: 'pass', address, name }
  }
  return { result: failed ? 'temperror' : 'fail', address }
}

function bytesOf(address: string): string {
  return Buffer.from(parseIpAddress(address)?.bytes ?? []).toString('hex')
}
