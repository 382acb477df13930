// What words look up in DNS lists.

import type { ClientName } from '../client.ts'
import type { Known } from '../known.ts'
import type { ListedItem } from './query-name.ts'

/** Undefined where it is not known. */
export type Looks = (known: Known) => Promise<Looked | undefined> | Looked | undefined

export type Looked = {
  readonly item: ListedItem
  /** As replies name it. */
  readonly name: string
  readonly what: string
}

export const clientAddress: Looks = ({ client: { address } }) => ({
  item: { kind: 'address', text: address },
  name: address,
  what: 'Client host',
})

export const clientName: Looks = async ({ client }) => ofName(await client.name(), 'Client host')

export const reverseClientName: Looks = async ({ client }) =>
  ofName(await client.reverseName(), 'Unverified Client host')

export const heloName: Looks = ({ origin: { helo } }) => looked(helo, helo, 'Helo command')

export const senderDomain: Looks = ({ sender = '' }) => ofAddress(sender, 'Sender address')

export const recipientDomain: Looks = ({ recipient }) =>
  ofAddress(recipient?.text ?? '', 'Recipient address')

function ofName(found: ClientName, what: string): Looked | undefined {
  return found.kind === 'found' ? looked(found.name, found.name, what) : undefined
}

/** Replies name the whole address. */
function ofAddress(address: string, what: string): Looked | undefined {
  const at = address.lastIndexOf('@')
  return at < 0 ? undefined : looked(address.slice(at + 1), address, what)
}

function looked(domain: string, name: string, what: string): Looked | undefined {
  return domain === '' ? undefined : { item: { kind: 'domain', text: domain }, name, what }
}
