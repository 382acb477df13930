// The account that is meant by an address as somebody wrote it.

import type { Directory } from '#shared/directory/directory.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Fields } from './fields.ts'
import type { BadValue, NoSuchAccount } from './refusals.ts'

export type FoundAccount = {
  readonly kind: 'found'
  readonly account: AccountRecord
  /** For whom it is gone in the next moment. */
  readonly gone: NoSuchAccount
}

export async function findAccount(
  { accounts }: Pick<Directory, 'accounts'>,
  fields: Fields,
  text: string,
): Promise<FoundAccount | BadValue | NoSuchAccount> {
  const address = fields.address(text)
  if (address.kind !== 'ok') return address
  const gone: NoSuchAccount = { kind: 'no-such-account', field: 'address', value: text }
  const account = await accounts.get(address.value)
  return account === undefined ? gone : { kind: 'found', account, gone }
}
