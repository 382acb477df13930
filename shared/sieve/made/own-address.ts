// Which addresses are the owner's: compared without their case and detail (RFC 5233), since mail for all of them is hers.

import { formatAddress, lookupKey, parseAddress, splitExtension } from '#shared/mail/address.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { NamedAddress } from '#shared/mail/header-text.ts'
import type { EnvelopeAddress } from '#shared/mail/message-index.ts'
import { parseParts } from '../rows/outbound-address.ts'
import type { ScriptOwner } from '../run/context.ts'

export type Owner = Pick<ScriptOwner, 'address' | 'name' | 'addresses' | 'recipientDelimiter'>

/** Whether an address is one of these, or one of them with a detail. */
export function ownAddresses(
  owner: Pick<Owner, 'address' | 'addresses' | 'recipientDelimiter'>,
  more: readonly string[] = [],
): (address: string) => boolean {
  const { address: first, addresses, recipientDelimiter } = owner
  const keys = new Set<string>()
  for (const each of [first, ...addresses, ...more]) {
    for (const key of keysOf(each, recipientDelimiter)) keys.add(key)
  }
  return (address) => keysOf(address, recipientDelimiter).some((key) => keys.has(key))
}

function keysOf(text: string, delimiter: string): readonly string[] {
  const address = parseAddress(text.trim())
  if (address === undefined) return []
  const { base } = splitExtension(address.local, delimiter)
  return [...new Set([address.local, base])].map(
    (local) => `${lookupKey(local)}@${address.domain.toLowerCase()}`,
  )
}

/** `:from` of an action, which may have a name; undefined for what is not one address. */
export function readAddress(text: string): NamedAddress | undefined {
  const [first, ...more] = parseAddressList(Buffer.from(text, 'utf8').toString('latin1'))
  return first === undefined || more.length > 0 ? undefined : namedAddress(first)
}

/** With a domain, as it may be sent to; undefined for groups and for what is no address. */
export function namedAddress({ name, mailbox, host }: EnvelopeAddress): NamedAddress | undefined {
  if (mailbox === null || !host) return undefined
  const address = parseParts(utf8(mailbox), utf8(host))
  if (address === undefined) return undefined
  return { name: name === null ? null : decodeHeaderText(name), address: formatAddress(address) }
}

const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8')

/**
 * Who a message is from: what the script says, where all of it is the owner's own, and else she herself. RFC 5435 §3.3: others' names are
 * passed over, and no error.
 */
export function authorOf(from: string | null, owner: Owner): NamedAddress {
  const said = from === null ? undefined : readAddress(from)
  if (said !== undefined && ownAddresses(owner)(said.address)) return said
  return { name: owner.name, address: owner.address }
}
