// Logins on the accounts of the directory.

import type { Accounts } from '#shared/directory/accounts.ts'
import type { Factors } from '#shared/directory/factors.ts'
import { guestId } from '#shared/directory/guests.ts'
import { canonical } from '#shared/directory/records.ts'
import type { Sources } from '#shared/directory/sources.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { CredentialStore } from './credential-store.ts'

export function accountCredentials({
  accounts,
  factors: allFactors,
  sources,
}: {
  readonly accounts: Accounts
  readonly factors: Pick<Factors, 'of'>
  readonly sources: Pick<Sources, 'ofGuest'>
}): CredentialStore {
  return {
    async find(address) {
      const account = await accounts.get(address)
      if (account === undefined) {
        // One read, as the second of an account that exists: a login with SCRAM has no password hash behind which the time would hide.
        const source = await sources.ofGuest(address)
        if (source === undefined) return undefined
        return {
          accountId: guestId(address),
          login: formatAddress(canonical(address)),
          ...{ enabled: true, sessionsEpoch: 0, factors: null, source, isGuest: true },
          ...{ passwordHash: '', scramVerifier: null },
        }
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
