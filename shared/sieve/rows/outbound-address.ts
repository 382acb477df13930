// An address as a script writes it for mail to others (RFC 5228 §2.4.2.3).

import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'

/** sieve-address = addr-spec / phrase "<" addr-spec ">" */
export function outboundAddress(text: string): Address | undefined {
  const bare = parseAddress(text)
  if (bare !== undefined || text.length > CHARACTERS_MAX) return bare
  const [only, ...more] = parseAddressList(Buffer.from(text, 'utf8').toString('latin1'), 2)
  if (only === undefined || more.length > 0 || only.mailbox === null || !only.host) return undefined
  return parseParts(utf8(only.mailbox), utf8(only.host))
}

/** Of a local part without quotes, whatever characters are in it. */
export function parseParts(local: string, domain: string): Address | undefined {
  return (
    parseAddress(`${local}@${domain}`) ??
    parseAddress(`"${local.replace(/["\\]/g, '\\$&')}"@${domain}`)
  )
}

const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8')

/** With a name. */
const CHARACTERS_MAX = 2_000
