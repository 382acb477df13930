// What a login needs of the directory.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Address } from '#shared/mail/address.ts'

export type Credential = {
  readonly accountId: AccountId
  /** The account's own address, whatever spelling found it. */
  readonly login: string
  readonly enabled: boolean
  readonly passwordHash: string
}

export interface CredentialStore {
  /** Disabled accounts are found too. Sees every change whose promise has resolved. */
  find(address: Address): Promise<Credential | undefined>
  /** Writes a better hash of the same password, unless the password was changed meanwhile. */
  replaceHash(accountId: AccountId, oldHash: string, newHash: string): Promise<unknown>
}
