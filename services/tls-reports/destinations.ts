// Where a domain wants its reports: `_smtp._tls` of it (RFC 8460 §3). Asked with every session, so that it is remembered for an hour.

import type { Resolver } from '#shared/dns/resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'

export type Destination =
  | { readonly kind: 'mail'; readonly address: string }
  | { readonly kind: 'https'; readonly url: URL }

export interface Destinations {
  /** None where it wants none, or that cannot be found out. */
  of(domain: string): Promise<readonly Destination[]>
}

export const DESTINATIONS_MAX = 5
const KEPT_MS = 3_600_000
const KEPT_MAX = 10_000

export function createDestinations(deps: {
  readonly resolver: Pick<Resolver, 'resolveTxt'>
  readonly clock: Pick<Clock, 'now'>
}): Destinations {
  const { resolver, clock } = deps
  type Kept = { readonly destinations: readonly Destination[]; readonly untilMs: number }
  const kept = new Map<string, Kept>()
  return {
    async of(domain) {
      const known = kept.get(domain)
      if (known !== undefined && clock.now() < known.untilMs) return known.destinations
      const answer = await resolver.resolveTxt(`_smtp._tls.${domain}`)
      const destinations = answer.kind === 'found' ? destinationsIn(answer.records) : []
      kept.delete(domain)
      kept.set(domain, { destinations, untilMs: clock.now() + KEPT_MS })
      takeOldest(kept, KEPT_MAX)
      return destinations
    },
  }
}

/** Of the one record there may be; what is no `mailto:` and no `https:` is passed over. */
export function destinationsIn(records: readonly string[]): readonly Destination[] {
  const [record, ...more] = records.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text))
  if (record === undefined || more.length > 0) return []
  const field = record.split(';').find((one) => /^\s*rua\s*=/.test(one)) ?? ''
  return field
    .slice(field.indexOf('=') + 1)
    .split(',')
    .flatMap((uri) => destinationOf(uri.trim()) ?? [])
    .slice(0, DESTINATIONS_MAX)
}

function destinationOf(uri: string): Destination | undefined {
  if (!URL.canParse(uri)) return undefined
  const url = new URL(uri)
  if (url.protocol === 'https:') return { kind: 'https', url }
  if (url.protocol !== 'mailto:') return undefined
  try {
    return { kind: 'mail', address: decodeURIComponent(url.pathname) }
  } catch {
    return undefined
  }
}
