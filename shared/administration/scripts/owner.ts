// Whose scripts are meant: an account by its address, or the administrator's for all, which the word `site` names.

import type { ScriptsOwner } from '#shared/directory/scripts.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import { findAccount } from '../found-account.ts'
import type { BadValue, NoSuchAccount } from '../refusals.ts'
import { SITE } from './site.ts'

export type FoundOwner = {
  readonly kind: 'found'
  readonly owner: ScriptsOwner
  /** Null: nobody's own. */
  readonly address: string | null
  readonly account: { readonly address: Address; readonly displayName: string } | null
  /** For whom it is gone in the next moment. */
  readonly gone: NoSuchAccount
}

export async function findOwner(
  { directory }: Pick<AdministrationDeps, 'directory'>,
  fields: Fields,
  text: string,
): Promise<FoundOwner | BadValue | NoSuchAccount> {
  if (text === SITE) {
    const gone = { kind: 'no-such-account', field: 'address', value: text } as const
    return { kind: 'found', owner: null, address: null, account: null, gone }
  }
  const found = await findAccount(directory, fields, text)
  if (found.kind !== 'found') return found
  const { account, gone } = found
  const address = formatAddress(account.address)
  return { kind: 'found', owner: account.id, address, account, gone }
}
