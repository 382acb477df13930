// Mail domains in one canonical form, so that equal domains are equal strings: lower-case A-labels (RFC 5890), or an
// address literal (RFC 5321 §4.1.3).

import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII, domainToUnicode } from 'node:url'

export type Domain = string & { readonly __brand: 'Domain' }

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters of text. */
export const DOMAIN_BYTES_MAX = 253

/** RFC 1035 §2.3.4 */
const LABEL_BYTES_MAX = 63
// RFC 5321 §4.1.2: sub-domain = Let-dig [Ldh-str]. Deliberately with underscores, which the DNS allows and senders have.
const label = /^[a-z0-9_][a-z0-9_-]*$/
const number = /^[0-9]+$/
const asciiOutsideHostname = /[\x00-\x2c/\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]/
const ipv6Tag = 'ipv6:'

/** A domain name (U-labels and capitals allowed) or an address literal in brackets; undefined when it is neither. */
export function parseDomain(text: string): Domain | undefined {
  if (text.length > DOMAIN_BYTES_MAX) return undefined
  const lower = text.toLowerCase()
  return brandHostname(lower) ?? (lower.startsWith('[') ? parseLiteral(lower) : parseUnicode(lower))
}

/** Whether a domain may be one of ours: others look it up as a host name, which has no underscores. */
export function isOwnDomain(domain: Domain): boolean {
  return !domain.includes('_')
}

/** The IP address of `[192.0.2.1]` or `[IPv6:2001:db8::1]`, undefined for a name. */
export function literalAddress(domain: Domain): string | undefined {
  if (!domain.startsWith('[')) return undefined
  const inner = domain.slice(1, -1)
  return inner.startsWith('IPv6:') ? inner.slice('IPv6:'.length) : inner
}

/** For people: U-labels. */
export function displayDomain(domain: Domain): string {
  return domain.includes('xn--') ? domainToUnicode(domain) || domain : domain
}

function brandHostname(lower: string): Domain | undefined {
  if (lower.length > DOMAIN_BYTES_MAX) return undefined
  const labels = lower.split('.')
  // A name whose last label is a number reads as an IPv4 address somewhere down the road.
  return labels.every(isLabel) && !number.test(labels.at(-1) ?? '') ? (lower as Domain) : undefined
}

function isLabel(text: string): boolean {
  return text.length <= LABEL_BYTES_MAX && label.test(text) && !text.endsWith('-')
}

function parseUnicode(lower: string): Domain | undefined {
  // domainToASCII parses a URL host: it decodes %41 and stops at `/`, so ASCII outside of a hostname must not reach it.
  if (asciiOutsideHostname.test(lower)) return undefined
  return brandHostname(domainToASCII(lower))
}

function parseLiteral(lower: string): Domain | undefined {
  if (!lower.endsWith(']')) return undefined
  const inner = lower.slice(1, -1)
  if (isIPv4(inner)) return `[${inner}]` as Domain
  if (!inner.startsWith(ipv6Tag)) return undefined
  const address = inner.slice(ipv6Tag.length)
  if (!isIPv6(address) || address.includes('%')) return undefined
  // The URL parser writes an IPv6 address in its one shortest form (RFC 5952).
  return `[IPv6:${new URL(`http://[${address}]`).hostname.slice(1, -1)}]` as Domain
}
