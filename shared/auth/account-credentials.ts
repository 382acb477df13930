// Logins on the accounts of the directory.

import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Factors } from '#shared/directory/factors.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { CredentialStore } from './credential-store.ts'

/** Shorter than any id there is. */
const nobody = parseAccountId('nobody')

export function accountCredentials({
  accounts,
  factors: allFactors,
}: {
  readonly accounts: Accounts
  readonly factors: Pick<Factors, 'of'>
}): CredentialStore {
  return {
    async find(address) {
      const account = await accounts.get(address)
      if (account === undefined) {
        // The second read of an account that exists: a login with SCRAM has no password hash behind which the time would hide.
        if (nobody !== undefined) await accounts.byId(nobody)
        return undefined
      }
      const {
        id: accountId,
        enabled,
        sessionsEpoch,
        passwordHash,
        scramVerifier,
        factors,
        source,
      } = account
      const login = formatAddress(account.address)
      const password = { passwordHash, scramVerifier }
      return { accountId, login, enabled, sessionsEpoch, factors, source, ...password }
    },
    appPasswords: async (accountId) => (await allFactors.of(accountId)).appPasswords,
    replacePassword: (accountId, oldHash, stored) =>
      accounts.replacePassword(accountId, oldHash, stored),
  }
}
