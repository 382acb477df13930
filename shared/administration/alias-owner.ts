// Whose mail an alias takes: an address of an account, with an extension or without, may be an alias too, and then its mail goes where that
// leads, and those it leads to may send as it. So whoever may not act on the account may not act on such an alias.

import type { Directory } from '#shared/directory/directory.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Address } from '#shared/mail/address.ts'

/** Undefined: nobody's, as far as accounts go. */
export async function ownerOfAlias(
  {
    accounts,
    resolve,
  }: Pick<Directory, 'resolve'> & { accounts: Pick<Directory['accounts'], 'byId' | 'get'> },
  address: Address,
): Promise<AccountRecord | undefined> {
  const own = await accounts.get(address)
  if (own !== undefined) return own
  // Its mail without this alias.
  const found = await resolve(address)
  switch (found.kind) {
    case 'account':
    case 'disabled':
      return await accounts.byId(found.accountId)
    case 'alias': {
      const { local, domain } = found.name
      return local === null ? undefined : await accounts.get({ local, domain })
    }
    default:
      return undefined
  }
}
