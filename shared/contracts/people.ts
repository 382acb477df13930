// What listeners that show folders of others ask of the directory: who is behind a name, and what is the name of an account.

import type { AccountId } from './mailbox.ts'

export type Person = {
  readonly id: AccountId
  /** As logins and identifiers of access rights spell it. */
  readonly address: string
  /** Nobody's own: its folders are shown in the namespace of shared ones. */
  readonly shared: boolean
}

export interface People {
  /** By a name that could be logged in with; undefined when there is no such account. */
  find(login: string): Promise<Person | undefined>
  /** Accounts that are gone are left out. */
  byIds(ids: Iterable<AccountId>): Promise<ReadonlyMap<AccountId, Person>>
}
