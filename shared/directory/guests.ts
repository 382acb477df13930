// Guests: addresses of a domain on an old server that have no account here. Their mail and their logins are passed there, and what we count
// and queue for them has to name somebody.

import { createHash } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { parseAccountId } from './account-id.ts'
import { canonical } from './records.ts'

const PREFIX = 'guest-'
const HASH_CHARACTERS = 32

/** Always the same of an address, and no account's. */
export function guestId(address: Address): AccountId {
  const hash = createHash('sha256')
    .update(formatAddress(canonical(address)))
    .digest('hex')
  const id = parseAccountId(`${PREFIX}${hash.slice(0, HASH_CHARACTERS)}`)
  // Cannot happen: it is made of letters that ids have.
  if (id === undefined) throw new Error('no id of a guest')
  return id
}

export const isGuest = (id: AccountId): boolean => id.startsWith(PREFIX)

/** Where hints come when the sessions of guests of a domain may have to end. */
export const guestTopic = (domain: Domain): string => `guests/${domain}`
