// Which hosts take mail for a next hop, best first (RFC 5321 §5.1, RFC 7505): the names. Their addresses are asked for when it comes to them.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { MxRecord, Resolver } from '#shared/dns/resolver.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { defer, fail } from './outcome.ts'
import { shuffle } from './shuffle.ts'

export type MailHosts = {
  readonly kind: 'hosts'
  /** Hosts of one preference share the load. */
  readonly levels: readonly (readonly string[])[]
  /** We are one of them: what is no better than us was left out (RFC 5321 §5.1). */
  readonly weAreOne: boolean
}

export type MailHostsDeps = {
  readonly resolver: Resolver
  /** Our own names, in lower case: hosts that we must not connect to. */
  readonly ownNames: ReadonlySet<string>
  readonly random: () => number
  /** As Postfix's ignore_mx_lookup_error. */
  readonly ignoreMxLookupError: boolean
}

export async function findMailHosts(
  hop: NextHop,
  deps: MailHostsDeps,
): Promise<MailHosts | Undelivered> {
  const itself: MailHosts = { kind: 'hosts', levels: [[hop.host]], weAreOne: false }
  if (!hop.lookUpMx) return itself
  const answer = await deps.resolver.resolveMx(hop.host)
  switch (answer.kind) {
    case 'found':
      return byPreference(hop.host, answer.records, deps)
    case 'none':
      // RFC 5321 §5.1: without MX records, and only then, the domain itself is its mail host.
      return itself
    case 'nxdomain':
      return notFound(hop.host, 'MX')
    case 'failure':
      if (deps.ignoreMxLookupError) return itself
      return lookupFailure(hop.host, 'MX', answer)
  }
}

type RecordKind = 'MX' | 'A' | 'AAAA'

export function notFound(name: string, type: RecordKind): Undelivered {
  return fail('5.4.4', `${lookupError(name, type)}: Host not found`)
}

export function lookupFailure(
  name: string,
  type: RecordKind,
  { reason, isMalformed }: { readonly reason: string; readonly isMalformed?: true },
): Undelivered {
  const text = `${lookupError(name, type)}: ${reason}`
  return isMalformed ? fail('5.4.4', text) : defer('4.4.3', text)
}

/** Postfix's words, which those who read logs look for. */
const lookupError = (name: string, type: RecordKind) =>
  `Host or domain name not found. Name service error for name=${name} type=${type}`

export function failAsLoop(domain: string): Undelivered {
  return fail('5.4.6', `mail for ${domain} loops back to myself`)
}

function byPreference(
  domain: string,
  records: readonly MxRecord[],
  { ownNames, random }: MailHostsDeps,
): MailHosts | Undelivered {
  const named = records.filter((record) => record.exchange !== '')
  // RFC 7505 §3: a lone MX record for the root says that the domain takes no mail.
  if (named.length === 0) return fail('5.1.10', `Domain ${domain} does not accept mail (nullMX)`)
  const own = named.filter(({ exchange }) => ownNames.has(exchange.toLowerCase()))
  // RFC 5321 §5.1: being a mail host ourselves, we pass on only to better ones, or mail would go in circles.
  const ownPreference = Math.min(...own.map(({ preference }) => preference))
  const better = named.filter(({ preference }) => preference < ownPreference)
  if (better.length === 0) return failAsLoop(domain)
  const preferences = [...new Set(better.map(({ preference }) => preference))]
  const seen = new Set<string>()
  const levels = preferences
    .sort((a, b) => a - b)
    .map((level) => {
      const hosts = better.filter(({ preference }) => preference === level)
      const names = shuffle([...new Set(hosts.map(({ exchange }) => exchange))], random)
      const fresh = names.filter((name) => !seen.has(name))
      for (const name of fresh) seen.add(name)
      return fresh
    })
  return { kind: 'hosts', levels, weAreOne: own.length > 0 }
}
