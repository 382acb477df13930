// Postfix's maps: tables of the directory, or written on the spot, that are asked one after the other. Which keys are asked for depends
// on what the map is for (transport(5), canonical(5), generic(5)).

import { lookupKey, splitExtension } from '#shared/mail/address.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import { domainKeys, NULL_SENDER_KEY } from './access-questions.ts'
import type { AccessHit, AccessTables } from './access-tables.ts'

export type Maps = Pick<AccessTables, 'lookup'>

/** The first key that any of the tables has; the keys are in the order in which they count, the tables come behind that. */
export async function lookUpMaps(
  maps: Maps,
  tables: readonly TableRef[],
  keys: readonly string[],
): Promise<AccessHit | undefined> {
  if (tables.length === 0) return undefined
  for (const key of keys) {
    for (const table of tables) {
      const hit = await maps.lookup(table, [key])
      if (hit !== undefined) return hit
    }
  }
  return undefined
}

/** transport(5): the address with and without its extension, its domain and those above it (`.example.net`), `*`. */
export function transportKeys(address: string, recipientDelimiter: string): readonly string[] {
  if (address === '') return [NULL_SENDER_KEY, '*']
  const { forms, domain } = formsOf(address, recipientDelimiter)
  const [own = domain, ...above] = domainKeys(domain)
  return [...forms, own, ...above.filter((key) => key.startsWith('.')), '*']
}

/**
 * canonical(5), generic(5), and maps of senders and recipients: the address with and without its extension, its local part alone where
 * the domain is ours, `@domain`.
 */
export function addressMapKeys(
  address: string,
  options: { readonly recipientDelimiter: string; readonly isOurs: (domain: string) => boolean },
): readonly string[] {
  if (address === '') return [NULL_SENDER_KEY]
  const { forms, domain } = formsOf(address, options.recipientDelimiter)
  const locals = options.isOurs(domain) ? forms.map((form) => localOf(form)) : []
  return [...forms, ...locals, `@${domain}`]
}

/**
 * postconf(5), sender_dependent_relayhost_maps: the sender with and without his extension, `@domain`; the domain alone means the same.
 */
export function senderKeys(sender: string, recipientDelimiter: string): readonly string[] {
  const keys = addressMapKeys(sender, { recipientDelimiter, isOurs: () => false })
  return sender === '' ? keys : [...keys, formsOf(sender, recipientDelimiter).domain]
}

const localOf = (address: string) => address.slice(0, address.lastIndexOf('@'))

function formsOf(text: string, recipientDelimiter: string) {
  const address = lookupKey(text)
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const local = localOf(address)
  const { base, extension } = splitExtension(local, recipientDelimiter)
  const isPlain = extension === null || local.startsWith('"')
  return { domain, forms: isPlain ? [address] : [address, `${base}@${domain}`] }
}
