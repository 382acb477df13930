// The items of the `directory` table and the records read from them. Keys:
//   DOMAINS     / <domain>        domain with the number of its accounts and aliases, and its limits (limits.ts)
//   D#<domain>  / L#<local key>   address: its account (with what RCPT needs of it) or alias targets, or both
//   D#<domain>  / L@              the catch-all alias; no local key can make this key
//   ACC#<id>    / PROFILE         account with what is kept of its password
//   ACC#<id>    / FACTORS         what logs it in besides (factors.ts), and IDENTITY#<hash> / ACCOUNT
//   ACC#<id>    / RECOVERY        where it is sent a link for a new password (recovery-addresses.ts)
//   POSTMASTER  / FIRST           address of the first account, made while there was no other; older stores have none
//   SRS         / SECRETS         what rewritten senders are signed with (srs-secrets.ts); older stores have none
//   ACCESS      / <table>         access table: version, how many entries, their bytes, and how many networks of each size (`v4/24`)
//   ACCESS#<table> / K#<key>      entry: the result of a text key
//   ACCESS#<table> / N#v4/24#<hex>  entry: the result of a network, or of an address (`v4/32`)
//                                 (access-records.ts reads and writes these three)
//   WORD#… and WORDS              words by which all of these are found (words.ts)
//   ROLES       / <id>, #OWNERS   who has a role, and how many owners can sign in (roles.ts)
//   REMOVED     / <id>            account that is gone, of which something may be left (removed-accounts.ts)
//   ACC#<id>    / SIEVE, SIEVE#<name>   Sieve scripts, and SIEVE / … those of all (scripts.ts)
//   DKIM#<domain> / KEYS          the domain's signing keys (signing-keys.ts)
//   SOURCES     / <name>          old server that accounts are moved from (sources.ts)

import { type GivenRole, givenRoles } from '#shared/administration/rights/roles.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type AtSource, sourceStates } from '#shared/contracts/source.ts'
import { type Address, formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Item, Key, Value } from '#shared/storage/ports.ts'
import { parseAccountId } from './account-id.ts'

/** What an alias is named by: an address, or a whole domain (`local` null) for its catch-all. */
export type AliasName = { readonly local: string | null; readonly domain: Domain }

export type DomainRecord = {
  readonly domain: Domain
  readonly accounts: number
  readonly aliases: number
  readonly createdMs: number
  readonly limits: DomainLimits
  /** The old server of whoever has no account here, and of accounts that are added (sources.ts). */
  readonly source?: AtSource
}

/** Null: none. */
export type DomainLimits = {
  readonly accounts: number | null
  readonly aliases: number | null
  /** Of all accounts together. */
  readonly quotaBytes: number | null
}

export const noLimits: DomainLimits = { accounts: null, aliases: null, quotaBytes: null }

export type AddressRecord = {
  readonly name: AliasName
  readonly account: {
    readonly id: AccountId
    readonly enabled: boolean
    readonly quotaBytes: number | null
    readonly forward: Forward | null
    /** It has a Sieve script (scripts.ts): what becomes of its mail depends on the message. */
    readonly filtered: boolean
    /** Its mail goes to its old server. */
    readonly source?: AtSource
  } | null
  readonly targets: readonly Address[] | null
  /** The job that added the alias, if one did. */
  readonly aliasMadeBy?: string
}

export type AccountRecord = {
  readonly id: AccountId
  readonly address: Address
  readonly enabled: boolean
  /** Null: the setting `mailboxSizeLimit` holds. 0: no limit. */
  readonly quotaBytes: number | null
  readonly passwordHash: string
  /** For logins with SCRAM; null where the password has not been seen since there is such a thing. */
  readonly scramVerifier: string | null
  /** Raised whenever the sessions of the account have to end: disabled, another password. */
  readonly sessionsEpoch: number
  readonly createdMs: number
  /** Nobody's own: its folders are in the namespace of shared ones (RFC 2342), for whom they are opened to. */
  readonly shared: boolean
  /** Why it may not send, and since when; it goes on to receive and to read. Null: it may. */
  readonly frozen: Frozen | null
  readonly forward: Forward | null
  /** The Sieve script that is active (scripts.ts), null for none. */
  readonly script: { readonly name: string; readonly version: number } | null
  /** Null: its password alone logs it in. */
  readonly factors: FactorsMark | null
  /** What it may besides what every account may. */
  readonly role: GivenRights | null
  /** Raised whenever its role is narrowed: tokens of before are good for no more than an account without a role. */
  readonly roleEpoch: number
  /** As people know who it belongs to; '' for none. */
  readonly displayName: string
  /** The job that added it, if one did. */
  readonly madeBy: string | null
  /** It is still on its old server (sources.ts); absent: here. */
  readonly source?: AtSource
}

/** What a login with a password must know of `FactorsRecord` (factors.ts). */
export type FactorsMark = {
  /** It has a second factor. */
  readonly second: boolean
  /** How many. */
  readonly appPasswords: number
  /** What SCRAM's challenge says where app passwords may answer it; base64. */
  readonly salt?: string
  readonly iterations?: number
}

/** `domains`: of an owner or auditor none, who have them all. */
export type GivenRights = { readonly name: GivenRole; readonly domains: readonly Domain[] }

/** Of a display name. */
export const DISPLAY_NAME_CHARACTERS_MAX = 100

export type Frozen = {
  readonly reason: string
  readonly sinceMs: number
  /** By what ends all else of the account too, and may be undone with it. */
  readonly isContained?: true
  /** It was frozen when it was contained, and stays so when that is undone. */
  readonly isBarred?: true
}

/** All that let anybody in besides its password was ended, and is barred until it is released. */
export const isContained = ({ frozen }: Pick<AccountRecord, 'frozen'>): boolean =>
  frozen?.isContained === true || frozen?.isBarred === true

/** Of a reason, which an administrator may write. */
export const FROZEN_REASON_CHARACTERS_MAX = 500

/** Where an account has its mail sent on to, as `.forward` does. `keep`: it gets it too. */
export type Forward = { readonly to: readonly Address[]; readonly keep: boolean }

/** What signs, or did. */
export type SrsSecret = { readonly secret: string; readonly madeMs: number }

/** What is kept of one password; always written together. */
export type StoredPassword = Pick<AccountRecord, 'passwordHash' | 'scramVerifier'>

export const domainsPk = 'DOMAINS'

export function domainKey(domain: Domain): Key {
  return { pk: domainsPk, sk: domain }
}

export function addressesPk(domain: Domain): string {
  return `D#${domain}`
}

export function addressKey(name: AliasName): Key {
  const sk = name.local === null ? 'L@' : `L#${lookupKey(name.local)}`
  return { pk: addressesPk(name.domain), sk }
}

export const PROFILE_SK = 'PROFILE'

export function accountKey(id: AccountId): Key {
  return { pk: `ACC#${id}`, sk: PROFILE_SK }
}

export function factorsKey(id: AccountId): Key {
  return { pk: `ACC#${id}`, sk: 'FACTORS' }
}

export const firstAccountKey: Key = { pk: 'POSTMASTER', sk: 'FIRST' }

export function firstAccountItem(address: Address): Item {
  return { ...firstAccountKey, address: formatAddress(address) }
}

export function readFirstAccount(item: Item): Address {
  return sound(item, parseAddress(string(item, 'address')))
}

export const SRS_PK = 'SRS'
export const srsSecretsKey: Key = { pk: SRS_PK, sk: 'SECRETS' }

/** The newest first; `lastMadeMs` is its time, for conditions. */
export function srsSecretsItem(secrets: readonly SrsSecret[]): Item {
  return {
    ...srsSecretsKey,
    secrets: secrets.map(({ secret, madeMs }) => [secret, madeMs]),
    lastMadeMs: secrets[0]?.madeMs ?? 0,
  }
}

export function readSrsSecrets(item: Item): readonly SrsSecret[] {
  const all = sound(item, Array.isArray(item.secrets) ? item.secrets : undefined)
  return all.map((packed: Value) => {
    const [secret, madeMs] = Array.isArray(packed) ? packed : []
    return { secret: String(secret), madeMs: Number(madeMs) }
  })
}

/** The one spelling of an address of ours. */
export function canonical(address: Address): Address {
  return { local: lookupKey(address.local), domain: address.domain }
}

export function targetsValue(targets: readonly Address[]): readonly string[] {
  return targets.map(formatAddress)
}

export function accountItem(account: AccountRecord): Item {
  return {
    ...accountKey(account.id),
    address: formatAddress(account.address),
    enabled: account.enabled,
    quotaBytes: account.quotaBytes,
    passwordHash: account.passwordHash,
    scramVerifier: account.scramVerifier,
    sessionsEpoch: account.sessionsEpoch,
    createdMs: account.createdMs,
    ...(account.shared && { shared: true }),
    ...(account.frozen && { frozen: account.frozen }),
    ...(account.forward && { forward: forwardValue(account.forward) }),
    ...(account.script && { script: { ...account.script } }),
    ...(account.factors && { factors: account.factors }),
    ...(account.role && { role: { ...account.role } }),
    ...(account.roleEpoch > 0 && { roleEpoch: account.roleEpoch }),
    ...(account.displayName !== '' && { displayName: account.displayName }),
    ...(account.madeBy !== null && { madeBy: account.madeBy }),
    ...(account.source && { source: { ...account.source } }),
  }
}

export function readDomain(item: Item): DomainRecord {
  return {
    domain: sound(item, parseDomain(item.sk)),
    accounts: number(item, 'accounts'),
    aliases: number(item, 'aliases'),
    createdMs: number(item, 'createdMs'),
    // Domains that nobody limited have none of these.
    limits: {
      accounts: limitIn(item, 'accountsMax'),
      aliases: limitIn(item, 'aliasesMax'),
      quotaBytes: limitIn(item, 'quotaBytesMax'),
    },
    ...readAtSource(item.source),
  }
}

const limitIn = (item: Item, name: string): number | null =>
  item[name] == null ? null : number(item, name)

export function readAddress(item: Item): AddressRecord {
  const domain = sound(item, parseDomain(item.pk.slice('D#'.length)))
  const local = item.sk === 'L@' ? null : item.sk.slice('L#'.length)
  const { accountId, targets } = item
  return {
    name: { local, domain },
    account:
      accountId === undefined
        ? null
        : {
            id: accountIdOf(item, accountId),
            enabled: boolean(item, 'enabled'),
            quotaBytes: item.quotaBytes === null ? null : number(item, 'quotaBytes'),
            forward: readForward(item),
            filtered: item.filtered === true,
            ...readAtSource(item.source),
          },
    targets: targets === undefined ? null : addresses(item, targets),
    ...(typeof item.aliasMadeBy === 'string' && { aliasMadeBy: item.aliasMadeBy }),
  }
}

export function readAccount(item: Item): AccountRecord {
  return {
    id: accountIdOf(item, item.pk.slice('ACC#'.length)),
    address: sound(item, parseAddress(string(item, 'address'))),
    enabled: boolean(item, 'enabled'),
    quotaBytes: item.quotaBytes === null ? null : number(item, 'quotaBytes'),
    passwordHash: string(item, 'passwordHash'),
    // Accounts made before there were verifiers have no such attribute.
    scramVerifier: item.scramVerifier == null ? null : string(item, 'scramVerifier'),
    // Nor this, before the first change that ended sessions.
    sessionsEpoch: item.sessionsEpoch === undefined ? 0 : number(item, 'sessionsEpoch'),
    createdMs: number(item, 'createdMs'),
    shared: item.shared === true,
    frozen: readFrozen(item.frozen),
    forward: readForward(item),
    script: readScriptMark(item.script),
    // Accounts made before there were names, or by no job, have no such attributes.
    displayName: typeof item.displayName === 'string' ? item.displayName : '',
    madeBy: typeof item.madeBy === 'string' ? item.madeBy : null,
    factors: readFactorsMark(item.factors),
    // Accounts that never had a role have neither.
    role: item.role == null ? null : readRole(item.role),
    roleEpoch: item.roleEpoch === undefined ? 0 : number(item, 'roleEpoch'),
    ...readAtSource(item.source),
  }
}

/** Null for one that this version does not know: then there is none. */
export function readRole(value: Value | Item): GivenRights | null {
  const { name, domains } = Object(value)
  const known = givenRoles.find((one) => one === name)
  if (known === undefined) return null
  const texts: readonly unknown[] = Array.isArray(domains) ? domains : []
  return {
    name: known,
    domains: texts.flatMap((text) => (typeof text === 'string' && parseDomain(text)) || []),
  }
}

/** In the item of the account and in that of its address, from which mail is expanded. Without one there is no such attribute. */
export function forwardValue({ to, keep }: Forward): Value {
  return { to: targetsValue(to), keep }
}

function readForward(item: Item): Forward | null {
  const { forward } = item
  if (forward == null) return null
  const { to, keep } = Object(forward)
  return { to: addresses(item, to), keep: keep === true }
}

/** What is here has no such attribute. */
function readAtSource(value: Value | undefined): { readonly source?: AtSource } {
  if (value == null) return {}
  const { name, state } = Object(value)
  const known = sourceStates.find((one) => one === state)
  // A state that this version does not know keeps everybody out until somebody looks.
  return { source: { name: String(name), state: known ?? 'moving' } }
}

/** Accounts without an active script have no such attribute. */
function readScriptMark(value: Value | undefined): AccountRecord['script'] {
  if (value == null) return null
  const { name, version } = Object(value)
  return { name: String(name), version: Number(version) }
}

/** Accounts that were never frozen have no such attribute. */
function readFrozen(value: Value | undefined): Frozen | null {
  if (value == null) return null
  const { reason, sinceMs, isContained, isBarred } = Object(value)
  return {
    reason: String(reason),
    sinceMs: Number(sinceMs),
    ...(isContained === true && { isContained }),
    ...(isBarred === true && { isBarred }),
  }
}

/** Accounts that have nothing but a password have no such attribute. */
function readFactorsMark(value: Value | undefined): FactorsMark | null {
  if (value == null) return null
  const { second, appPasswords, salt, iterations } = Object(value)
  return {
    second: second === true,
    appPasswords: Number(appPasswords),
    ...(salt !== undefined && { salt: String(salt), iterations: Number(iterations) }),
  }
}

function addresses(item: Item, value: Value): readonly Address[] {
  const texts = sound(item, Array.isArray(value) ? value : undefined)
  return texts.map((text) => sound(item, typeof text === 'string' ? parseAddress(text) : undefined))
}

function accountIdOf(item: Item, value: Value): AccountId {
  return sound(item, typeof value === 'string' ? parseAccountId(value) : undefined)
}

function string(item: Item, name: string): string {
  const value = item[name]
  return sound(item, typeof value === 'string' ? value : undefined)
}

function number(item: Item, name: string): number {
  const value = item[name]
  return sound(item, typeof value === 'number' ? value : undefined)
}

function boolean(item: Item, name: string): boolean {
  const value = item[name]
  return sound(item, typeof value === 'boolean' ? value : undefined)
}

/** Cannot happen: only this folder writes the table, and it writes what it can read. */
function sound<T>(item: Key, value: T | undefined): T {
  if (value === undefined) throw new Error(`unreadable directory item ${item.pk} / ${item.sk}`)
  return value
}
