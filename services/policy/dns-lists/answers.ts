// What the answer of a DNS list means. Each is an address in 127/8 (RFC 5782 §2.1): what lies outside comes from a name server that
// answers everything, as those do who bought the name of a list that was given up. Lists that do not want to answer say so with
// an address, too: whoever takes that for "listed" refuses everybody.

import { type AnswerFilter, passesFilter } from '#shared/settings/restrictions/dns-list-filter.ts'

export type Meaning = 'listed' | 'unlisted' | 'outside 127/8' | 'refused'

/** `addresses`: of one answer, as text. */
export function meaningOf(addresses: readonly string[], filter: AnswerFilter | undefined): Meaning {
  if (!addresses.every((address) => address.startsWith('127.'))) return 'outside 127/8'
  // Spamhaus: a wrong name, an open resolver, too many questions.
  if (addresses.some((address) => address.startsWith('127.255.255.'))) return 'refused'
  const counts = (address: string) =>
    filter === undefined ? !NOT_LISTED.has(address) : passesFilter(filter, address)
  if (addresses.some(counts)) return 'listed'
  return addresses.some((address) => REFUSALS.has(address)) ? 'refused' : 'unlisted'
}

/** SURBL and URIBL; DNSWL. Where a filter names them they are what it says. */
const REFUSALS: ReadonlySet<string> = new Set(['127.0.0.1', '127.0.0.255'])
/** Of Spamhaus's DBL: not asked about a domain. */
const NOT_LISTED: ReadonlySet<string> = new Set([...REFUSALS, '127.0.1.255'])
