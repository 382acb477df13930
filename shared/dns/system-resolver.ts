// The Resolver port on node:dns, which asks the name servers of the machine.

import { Resolver as DnsResolver } from 'node:dns/promises'
import type { DnsAnswer, Resolver } from './resolver.ts'

export const DNS_TRY_TIMEOUT_MS = 5_000
export const DNS_TRIES = 3

export function createSystemResolver(
  options: { readonly servers?: readonly string[] } = {},
): Resolver {
  const dns = new DnsResolver({ timeout: DNS_TRY_TIMEOUT_MS, tries: DNS_TRIES })
  if (options.servers !== undefined) dns.setServers(options.servers)
  return {
    resolveMx: (name) =>
      answer(async () =>
        (await dns.resolveMx(name)).map(({ exchange, priority }) => ({
          exchange: canonical(exchange),
          preference: priority,
        })),
      ),
    // RFC 6761 §6.3: localhost is not a question for name servers.
    resolve4: (name) =>
      answer(() => (name === 'localhost' ? Promise.resolve(['127.0.0.1']) : dns.resolve4(name))),
    resolve6: (name) =>
      answer(() => (name === 'localhost' ? Promise.resolve(['::1']) : dns.resolve6(name))),
    resolveTxt: (name) =>
      answer(async () => (await dns.resolveTxt(name)).map((strings) => strings.join(''))),
    resolveNs: (name) => answer(async () => (await dns.resolveNs(name)).map(canonical)),
    resolvePtr: (address) => answer(async () => (await dns.reverse(address)).map(canonical)),
  }
}

const canonical = (name: string) => name.toLowerCase().replace(/\.$/, '')

async function answer<T>(ask: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
  try {
    const records = await ask()
    return records.length === 0 ? { kind: 'none' } : { kind: 'found', records }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENODATA') return { kind: 'none' }
    if (code === 'ENOTFOUND' || code === 'EBADNAME') return { kind: 'nxdomain' }
    return { kind: 'failure', reason: reasons.get(code) ?? code }
  }
}

/** In words for who reads them in the queue. */
const reasons = new Map([
  ['ESERVFAIL', 'the name server failed (SERVFAIL)'],
  ['EREFUSED', 'the name server refused (REFUSED)'],
  ['ETIMEOUT', 'no name server answered in time'],
  ['ECONNREFUSED', 'no name server to be reached (connection refused)'],
])
