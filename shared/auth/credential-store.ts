// What a login needs of the directory.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { StoredPassword } from '#shared/directory/records.ts'
import type { Address } from '#shared/mail/address.ts'

export type Credential = {
  readonly accountId: AccountId
  /** The account's own address, whatever spelling found it. */
  readonly login: string
  readonly enabled: boolean
  readonly sessionsEpoch: number
} & StoredPassword

export interface CredentialStore {
  /**
   * Disabled accounts are found too. Sees every change whose promise has resolved. What does not exist takes as long to find
   * as what does.
   */
  find(address: Address): Promise<Credential | undefined>
  /** Writes better records of the same password, unless the password was changed meanwhile. */
  replacePassword(accountId: AccountId, oldHash: string, stored: StoredPassword): Promise<unknown>
}
