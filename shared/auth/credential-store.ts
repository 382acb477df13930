// What a login needs of the directory.

import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { AppPasswordRecord } from '#shared/directory/factors.ts'
import type { FactorsMark, StoredPassword } from '#shared/directory/records.ts'
import type { Address } from '#shared/mail/address.ts'

export type Credential = {
  readonly accountId: AccountId
  /** The account's own address, whatever spelling found it. */
  readonly login: string
  readonly enabled: boolean
  readonly sessionsEpoch: number
  readonly factors: FactorsMark | null
  /** It is still on its old server. */
  readonly source?: AtSource | undefined
  /** There is no account here: that server alone knows it (shared/directory/guests.ts). */
  readonly isGuest?: true
} & StoredPassword

export interface CredentialStore {
  /**
   * Disabled accounts are found too. Sees every change whose promise has resolved. What does not exist takes as long to find
   * as what does.
   */
  find(address: Address): Promise<Credential | undefined>
  /** Asked only where `factors` says that there are some. */
  appPasswords(accountId: AccountId): Promise<readonly AppPasswordRecord[]>
  /** Writes better records of the same password, unless the password was changed meanwhile. */
  replacePassword(accountId: AccountId, oldHash: string, stored: StoredPassword): Promise<unknown>
}

/** Whether the password of an account with a second factor is none here: the factor could not be asked for. */
export function barsPassword(
  { factors }: Pick<Credential, 'factors'>,
  service: LoginAttempt['service'],
  settings: { readonly passwordWithSecondFactor: boolean },
): boolean {
  return factors?.second === true && service !== 'api' && !settings.passwordWithSecondFactor
}
