// The directory: which domains are ours, who lives in them, and where an address leads. Listeners ask through policy and
// shared/auth, cleanup expands recipients, the command line and the API change it. A change is in force at once, as
// nothing here is cached but access tables (access-tables.ts). Schema: records.ts.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Address } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import { type AccessEntries, createAccessEntries } from './access-entries.ts'
import { newAccountId } from './account-id.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import { type Aliases, createAliases } from './aliases.ts'
import type { BounceAddresses } from './bounce-addresses.ts'
import { createDomains, type Domains } from './domains.ts'
import { type Expansion, type ExpansionOptions, expand, type FailedRecipient } from './expansion.ts'
import { createFactors, type Factors } from './factors.ts'
import { guestTopic } from './guests.ts'
import { loginTopic } from './login-topic.ts'
import { createLookup, type Match } from './lookup.ts'
import { type OwnNameSettings, ownNames } from './own-names.ts'
import type { AliasName, Forward } from './records.ts'
import { createRecoveryAddresses, type RecoveryAddresses } from './recovery-addresses.ts'
import { createRemovedAccounts, type RemovedAccounts } from './removed-accounts.ts'
import { createRoles, type Roles } from './roles.ts'
import { createScripts, type Scripts } from './scripts.ts'
import { createSigningKeys, type SigningKeys } from './signing-keys.ts'
import { createSources, type Sources } from './sources.ts'

export interface Directory {
  readonly domains: Domains
  readonly accounts: Accounts
  readonly aliases: Aliases
  readonly accessEntries: AccessEntries
  readonly signingKeys: SigningKeys
  readonly factors: Factors
  readonly recoveryAddresses: RecoveryAddresses
  readonly roles: Roles
  readonly removedAccounts: RemovedAccounts
  readonly scripts: Scripts
  readonly sources: Sources
  /** What an address is, one step far: exact, then without extension, then catch-all. */
  resolve(address: Address): Promise<Recipient>
  /** Where mail to these addresses goes in the end. */
  expand(addresses: readonly Address[], options?: ExpansionOptions): Promise<Expansion>
  /** How far one address leads in the end: at most `virtualAliasExpansionLimit` addresses. */
  reach(address: Address): Promise<Reach>
}

export type Reach = {
  /** Deliveries here. */
  readonly local: number
  /** Addresses elsewhere. */
  readonly remote: number
  /** Why each address that takes no mail does not. */
  readonly failed: readonly FailedRecipient['reason'][]
}

export type Recipient =
  | {
      readonly kind: 'account'
      readonly accountId: AccountId
      /** The account's own address. */
      readonly address: Address
      /** What followed the recipient delimiter. */
      readonly extension: string | null
      /** Its own or the default quota; 0: no limit. */
      readonly quotaBytes: number
      /** Where its mail goes as well, or instead. */
      readonly forward: Forward | null
      /** It is still on its old server, and so is its mail. */
      readonly source?: AtSource
    }
  | { readonly kind: 'disabled'; readonly accountId: AccountId; readonly address: Address }
  | {
      readonly kind: 'alias'
      readonly name: AliasName
      readonly targets: readonly Address[]
      /** It stands for the sender of mail that was forwarded, for bounces alone. */
      readonly isBounceAddress?: true
    }
  /** Our domain, no such address. `bounceAddress`: none that we have made, or one that is too old. */
  | { readonly kind: 'unknown'; readonly bounceAddress?: 'forged' | 'expired' }
  /** Our domain, which is on an old server, and nobody here: that server knows. */
  | { readonly kind: 'guest'; readonly source: AtSource }
  /** Not our domain. */
  | { readonly kind: 'remote' }

export type DirectorySettings = OwnNameSettings & {
  /** Each of these characters delimits an extension; '' switches extensions off. */
  readonly recipientDelimiter: string
  /** Bytes for accounts without a quota of their own; 0: no limit. */
  readonly mailboxSizeLimit: number
  readonly virtualAliasRecursionLimit: number
  readonly virtualAliasExpansionLimit: number
  /** An extension may choose a folder of the account. */
  readonly lmtpSaveToDetailMailbox: boolean
}

export function createDirectory(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly settings: DirectorySettings
  /** Tells sessions that they have to end. Without it they find out by looking (shared/auth/account-watch.ts). */
  readonly signals?: Pick<Signals, 'publish'>
  readonly newId?: () => AccountId
  /** Undefined: there are no such addresses. */
  readonly bounceAddresses?: BounceAddresses | undefined
}): Directory {
  const { table, clock, settings, signals, newId = newAccountId, bounceAddresses } = deps
  const { recipientDelimiter } = settings
  const onSessionsEnd = (id: AccountId) => signals?.publish(loginTopic(id), '')
  const onGuestsEnd = (domain: Domain) => signals?.publish(guestTopic(domain), '')
  const accounts = createAccounts({
    ...{ table, clock, newId, onSessionsEnd, onGuestsEnd },
    mailboxSizeLimit: settings.mailboxSizeLimit,
  })
  const aliases = createAliases({ table })
  const roles = createRoles({ table, clock })
  const names = ownNames(settings)
  const lookup = createLookup(table, { recipientDelimiter, names, bounceAddresses })
  return {
    accounts,
    aliases,
    accessEntries: createAccessEntries({ table, clock }),
    signingKeys: createSigningKeys({ table }),
    factors: createFactors({ table, onSessionsEnd }),
    recoveryAddresses: createRecoveryAddresses({ table, clock }),
    roles,
    removedAccounts: createRemovedAccounts({ table }),
    scripts: createScripts({ table, clock }),
    sources: createSources({ table, clock, onSessionsEnd, onGuestsEnd }),
    domains: createDomains({ table, clock, accounts, aliases, roles }),
    expand: (addresses, options) => expand(addresses, lookup, settings, options),
    async reach(address) {
      const { local, remote, failed } = await expand([address], lookup, settings)
      const reasons = failed.map(({ reason }) => reason)
      return { local: local.length, remote: remote.length, failed: reasons }
    },
    async resolve(address) {
      const [match] = await lookup([address])
      return match === undefined ? { kind: 'unknown' } : recipient(match, settings)
    },
  }
}

function recipient(match: Match, settings: DirectorySettings): Recipient {
  if (match.kind !== 'entry') return match
  const { name, account, targets } = match.entry
  const { isBounceAddress } = match
  if (targets !== null) {
    return { kind: 'alias', name, targets, ...(isBounceAddress && { isBounceAddress }) }
  }
  // Cannot happen: an entry without targets is an account's, and the catch-all is none.
  if (account === null || name.local === null) return { kind: 'unknown' }
  const address: Address = { local: name.local, domain: name.domain }
  if (!account.enabled) return { kind: 'disabled', accountId: account.id, address }
  return {
    kind: 'account',
    accountId: account.id,
    address,
    extension: match.extension,
    quotaBytes: account.quotaBytes ?? settings.mailboxSizeLimit,
    forward: account.forward,
    ...(account.source && { source: account.source }),
  }
}
