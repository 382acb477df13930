// Who acts, and on what. Whoever signs in, shows a token or runs the command on the data folder becomes an actor; nothing below asks how.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Right } from './rights.ts'
import type { Role } from './roles.ts'

export { type Role, roles } from './roles.ts'

export type Actor = {
  /** Null: whoever runs the command on the data folder or with the deployment's rights; he is owner. */
  readonly accountId: AccountId | null
  /** Of the account; else what the system calls the user. */
  readonly name: string
  readonly role: Role
  /** Those that a domain administrator or help desk is responsible for; of others empty. */
  readonly domains: readonly Domain[]
  /** What a token is limited to; null: all that the role may. */
  readonly scopes: readonly Right[] | null
  readonly via: 'cookie' | 'token' | 'local'
  /** When a factor was last used in this session (epoch ms); null: never. Tokens and the local user need no step-up. */
  readonly steppedUpMs: number | null
}

/** What an operation is about. It is found before the operation runs, and decides with the actor whether it may. */
export type Subject =
  | { readonly kind: 'system' }
  | { readonly kind: 'domain'; readonly domain: Domain }
  | {
      readonly kind: 'account'
      readonly accountId: AccountId
      readonly domain: Domain
      /** What the account itself may, and in which domains: nobody acts on somebody with more rights. */
      readonly role: Role
      readonly roleDomains: readonly Domain[]
    }
  /** Of a message in queue, quarantine or trace: domains of ours among sender and recipients, and accounts that sent or got it. */
  | {
      readonly kind: 'message'
      readonly senderDomain: Domain | null
      readonly domains: readonly Domain[]
      readonly accountIds: readonly AccountId[]
    }
  /** A list: the operation asks `extentOf` and puts the answer into its query. */
  | { readonly kind: 'list' }

/** Which entries of a list an actor sees. */
export type Extent =
  | { readonly kind: 'all' }
  | { readonly kind: 'domains'; readonly domains: readonly Domain[] }
  | { readonly kind: 'self'; readonly accountId: AccountId }
