// The name a client gives itself in HELO and EHLO (RFC 5321 §4.1.1.1, §4.1.3). It goes into Received fields and logs,
// so nothing but a host name or an address literal passes.

import { isIP, isIPv4, isIPv6 } from 'node:net'
import { allowsUntaggedIpv6Literal, heloName } from './quirks.ts'

/** RFC 5321 §4.5.3.1.2 */
const DOMAIN_BYTES_MAX = 255

export function isHeloName(text: string): boolean {
  if (text.length > DOMAIN_BYTES_MAX) return false
  return text.startsWith('[') ? isLiteral(text) : heloName.test(text) && !text.includes('..')
}

function isLiteral(text: string): boolean {
  const inner = text.slice(1, -1)
  if (!text.endsWith(']') || inner.includes('%')) return false
  if (/^IPv6:/i.test(inner)) return isIPv6(inner.slice('IPv6:'.length))
  return allowsUntaggedIpv6Literal ? isIP(inner) !== 0 : isIPv4(inner)
}
