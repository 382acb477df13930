// What of an address is compared: RFC 5228 §2.7.4, and :user and :detail of RFC 5233.

import { splitExtension } from '#shared/mail/address.ts'
import { choice } from '../definition.ts'
import type { Run } from '../run/run.ts'
import { parseParts } from './outbound-address.ts'

const plain = { extension: null, takes: null } as const
const subaddress = { extension: 'subaddress', takes: null } as const

export const addressPart = choice({
  all: plain,
  localpart: plain,
  domain: plain,
  user: subaddress,
  detail: subaddress,
})

type Chosen = ReturnType<typeof addressPart.read>

/** One value of each address that has the part. What is no address is compared as a whole only; the null sender is '' in every part. */
export function partsOf(run: Run, part: Chosen, addresses: readonly string[]): readonly string[] {
  const tag = part?.tag ?? 'all'
  if (tag === 'all') return addresses
  return addresses.flatMap((text) => {
    if (text === '') return ['']
    const at = text.lastIndexOf('@')
    const address = at < 0 ? undefined : parseParts(text.slice(0, at), text.slice(at + 1))
    if (address === undefined) return []
    if (tag === 'localpart') return [address.local]
    if (tag === 'domain') return [address.domain]
    const { base, extension } = splitExtension(address.local, run.context.owner.recipientDelimiter)
    // RFC 5233 §4: no detail is no value, an empty one is ''.
    if (tag === 'user') return [base]
    return extension === null ? [] : [extension]
  })
}
