// Whose account the claims of an issuer are about: the one that the subject was linked with, else the one with the address in a claim.

import type { Accounts } from '#shared/directory/accounts.ts'
import type { Factors } from '#shared/directory/factors.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { Claims } from './jwt.ts'

export type ClaimedAccount = {
  readonly account: AccountRecord
  /** By its subject, and not by an address that may be another's some day. */
  readonly isLinked: boolean
}

const SUBJECT_CHARACTERS_MAX = 255
const ADDRESS_CHARACTERS_MAX = 1_024

export async function accountOfClaims(
  claims: Claims,
  deps: {
    readonly accounts: Pick<Accounts, 'get' | 'byId'>
    readonly factors: Pick<Factors, 'accountOfIdentity'>
    readonly issuer: string
    readonly accountClaim: string
  },
): Promise<ClaimedAccount | undefined> {
  const { accounts, factors, issuer, accountClaim } = deps
  const subject = subjectOf(claims)
  const linked = subject && (await factors.accountOfIdentity(issuer, subject))
  const own = linked && (await accounts.byId(linked))
  if (own) return { account: own, isLinked: true }
  const address = addressOf(claims, accountClaim)
  const account = address && (await accounts.get(address))
  return account && { account, isLinked: false }
}

export const subjectOf = ({ sub }: Claims): string | undefined =>
  typeof sub === 'string' && sub !== '' && sub.length <= SUBJECT_CHARACTERS_MAX ? sub : undefined

function addressOf(claims: Claims, accountClaim: string) {
  const value = claims[accountClaim]
  if (typeof value !== 'string' || value.length > ADDRESS_CHARACTERS_MAX) return undefined
  // Whoever may write any address into his profile is nobody until it was verified (OpenID Connect §5.7). Other claims are of whoever
  // set them here.
  if (accountClaim === 'email' && claims.email_verified !== true) return undefined
  return parseAddress(value)
}
