// Names as they stand in paths of the API. What is no name is refused here, in the words that administration has for it: in a path it would be
// another resource, or none.

import { parseOwnDomain } from '#shared/administration/fields.ts'
import { badValue, type Field } from '#shared/administration/refusals.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { RefusedByServer } from './client.ts'

/** `accounts/…` */
export function accountPath(address: string, field: Field = 'address'): string {
  return `/accounts/${encodeURIComponent(checked(address, field))}`
}

export function domainPath(domain: string): string {
  const parsed = parseOwnDomain(domain)
  if (parsed.kind !== 'ok') throw new RefusedByServer(parsed)
  return `/domains/${encodeURIComponent(domain)}`
}

export function aliasPath(alias: string): string {
  const name = alias.startsWith('@') ? parseOwnDomain(alias.slice(1)) : undefined
  if (name?.kind === 'bad-value') throw new RefusedByServer(name)
  return `/aliases/${encodeURIComponent(name === undefined ? checked(alias, 'alias') : alias)}`
}

/** Without a domain a path has the id of an account. */
function checked(text: string, field: Field): string {
  if (parseAddress(text) !== undefined) return text
  throw new RefusedByServer(
    badValue(field, text, { name: 'mail-address', lacksDomain: !text.includes('@') }),
  )
}

/** As the store has it: addresses here are in small letters. */
export const canonical = (address: string) => address.toLowerCase()
