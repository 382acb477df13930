// Whether the DNS knows a name as one that mail comes from or goes to (Postfix's dns_lookup_l over MX, A and AAAA).

import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import { isHostName } from './host-name.ts'

export type Existence =
  | 'found'
  /** A null MX and no other (RFC 7505 §3). */
  | 'null MX'
  /** What there is cannot be used. */
  | 'malformed'
  | 'absent'
  /** Nobody can say now. */
  | 'unknown'

/** Where mail for a domain could be taken to. */
export async function findMailDomain(name: string, dns: Resolver): Promise<Existence> {
  if (!isHostName(name)) return 'absent'
  const mx = await dns.resolveMx(name)
  if (mx.kind === 'found') {
    return mx.records.every(({ exchange }) => exchange === '') ? 'null MX' : 'found'
  }
  if (existenceOf(mx) === 'malformed') return 'malformed'
  // RFC 5321 §5.1: without MX records the domain itself is its mail host.
  return summarise([mx, ...(await addresses(name, dns))])
}

/** A host that says its name: any of its records will do, and so will a null MX. */
export async function findHost(name: string, dns: Resolver): Promise<Existence> {
  if (!isHostName(name)) return 'absent'
  const found = await addresses(name, dns)
  const sum = summarise(found)
  return sum === 'found' ? sum : summarise([...found, await dns.resolveMx(name)])
}

const addresses = (name: string, dns: Resolver) =>
  Promise.all([dns.resolve4(name), dns.resolve6(name)])

type Answer = DnsAnswer<unknown>

/** One that was found is enough; that one failed matters more than that others are not there. */
function summarise(answers: readonly Answer[]): Existence {
  const kinds = answers.map(existenceOf)
  const order = ['found', 'malformed', 'unknown'] as const
  return order.find((kind) => kinds.includes(kind)) ?? 'absent'
}

function existenceOf(answer: Answer): Existence {
  switch (answer.kind) {
    case 'found':
      return 'found'
    case 'none':
    case 'nxdomain':
      return 'absent'
    case 'failure':
      return answer.isMalformed ? 'malformed' : 'unknown'
  }
}
