// What is asked of a DNS list: an address as its octets or nibbles the other way round (RFC 5782 §2.1, §2.4), a domain as it is (§3).

import { DOMAIN_BYTES_MAX, parseDomain } from '#shared/mail/domain.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'

export type ListedItem = { readonly kind: 'address' | 'domain'; readonly text: string }

/** Without the zone; undefined for what is never asked: no address, literals, names that end in a number, `unknown`, nothing. */
export function queryLabels({ kind, text }: ListedItem): string | undefined {
  return kind === 'address' ? addressLabels(text) : domainLabels(text)
}

/** Undefined where the whole is longer than a name may be. */
export function queryName(labels: string, zone: string): string | undefined {
  const name = `${labels}.${zone}`
  return name.length <= DOMAIN_BYTES_MAX ? name : undefined
}

function addressLabels(text: string): string | undefined {
  const address = parseIpAddress(text)
  if (address === undefined) return undefined
  const { family, bytes } = address
  const parts = family === 'ipv4' ? [...bytes].map(String) : [...Buffer.from(bytes).toString('hex')]
  return parts.reverse().join('.')
}

function domainLabels(text: string): string | undefined {
  const name = text.replace(/\.$/, '')
  const domain = parseDomain(name)
  return domain === undefined || domain.startsWith('[') || domain === 'unknown' ? undefined : domain
}
