// Logins on the accounts of the directory.

import type { Accounts } from '#shared/directory/accounts.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { CredentialStore } from './credential-store.ts'

export function accountCredentials(accounts: Accounts): CredentialStore {
  return {
    async find(address) {
      const account = await accounts.get(address)
      if (account === undefined) return undefined
      const { id: accountId, enabled, passwordHash } = account
      return { accountId, login: formatAddress(account.address), enabled, passwordHash }
    },
    replaceHash: (accountId, oldHash, newHash) => accounts.replaceHash(accountId, oldHash, newHash),
  }
}
