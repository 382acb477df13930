// Accounts: one address, one mailbox, one password. Profile, address item and the domain's count change in one transaction,
// so that an address never has two owners and an account is never without its address.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  type Changes,
  type Condition,
  ConditionFailed,
  type Key,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { type AsKnown, asRead, type ChangedMeanwhile, changedMeanwhile } from './as-known.ts'
import {
  asQuotasWere,
  asSum,
  type OverLimit,
  overQuotas,
  quotasOf,
  roomFor,
  stillRoomFor,
} from './limits.ts'
import { type ListOptions, type ListPage, pageOfAddresses } from './listing.ts'
import { type AddressFilter, type LookedPage, lookFor } from './looking.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'
import {
  type AccountRecord,
  accountItem,
  accountKey,
  addressesPk,
  addressKey,
  canonical,
  domainKey,
  domainsPk,
  type Forward,
  FROZEN_REASON_CHARACTERS_MAX,
  type Frozen,
  factorsKey,
  firstAccountItem,
  forwardValue,
  PROFILE_SK,
  readAccount,
  readAddress,
  readDomain,
  type StoredPassword,
} from './records.ts'
import { noteRemoved } from './removed-accounts.ts'
import { countsAs, ownerCount, roleWrites } from './roles.ts'
import { asItWas, countOf, leavesSource } from './sources.ts'
import { accountTarget, addWords, changeWords, removeWords, wordsOf } from './words.ts'

export interface Accounts {
  add(account: NewAccount): Promise<AccountAdded>
  /** The same for many, a transaction for some dozens of one domain. Results in their order; a repeated address exists already. */
  addAll(accounts: readonly NewAccount[]): Promise<readonly AccountAdded[]>
  /** By its own address: no alias, no extension. */
  get(address: Address): Promise<AccountRecord | undefined>
  byId(id: AccountId): Promise<AccountRecord | undefined>
  list(domain?: Domain): AsyncIterable<AccountRecord>
  /** The same page by page; `limit` counts addresses, of which some may be aliases alone. */
  page(
    options: ListOptions & { readonly domain?: Domain | undefined },
  ): Promise<ListPage<AccountRecord>>
  /** Those looked for; `limit` counts accounts. */
  find(
    options: ListOptions & AddressFilter,
    isWanted?: (account: AccountRecord) => boolean,
  ): Promise<LookedPage<AccountRecord>>
  set(
    address: Address,
    changes: AccountChanges,
    options?: AsKnown<AccountRecord>,
  ): Promise<AccountChanged | OverLimit>
  /** Nothing of it remains here; its mail, filed under its id, is the caller's to delete. */
  remove(address: Address, options?: AsKnown<AccountRecord>): Promise<AccountChanged>
  /** Its sending ends, from all its sessions. False when it is frozen already, or gone. */
  freeze(id: AccountId, reason: string, options?: Pick<Frozen, 'isContained'>): Promise<boolean>
  /** Of one that is frozen already: whether it is contained besides. */
  bar(id: AccountId, isBarred: boolean): Promise<void>
  /** False when it is not frozen, or gone. */
  unfreeze(id: AccountId): Promise<boolean>
  /** All its sessions end, and whoever knows what logs it in begins anew. False when it is gone. */
  endSessions(id: AccountId): Promise<boolean>
  /** Better records of the same password; false when the password was changed meanwhile. */
  replacePassword(id: AccountId, oldHash: string, stored: StoredPassword): Promise<boolean>
}

export type NewAccount = {
  readonly address: Address
  readonly passwordHash: string
  readonly scramVerifier?: string | null
  readonly quotaBytes?: number | null
  readonly enabled?: boolean
  readonly shared?: boolean
  readonly displayName?: string
  /** The job that adds it. */
  readonly madeBy?: string
}

export type AccountChanges = {
  readonly enabled?: boolean
  readonly shared?: boolean
  readonly quotaBytes?: number | null
  /** Null: its mail stays here. */
  readonly forward?: Forward | null
  readonly displayName?: string
} & PasswordChange

/** A verifier never outlives the password it was made from: a new hash without one leaves none. */
type PasswordChange =
  | { readonly passwordHash?: never; readonly scramVerifier?: never }
  | { readonly passwordHash: string; readonly scramVerifier?: string | null }

export type AccountAdded =
  | { readonly kind: 'ok'; readonly account: AccountRecord }
  | { readonly kind: 'exists' }
  | { readonly kind: 'no-such-domain' }
  | OverLimit

/** `account` is as it is after a change, or as it was before its removal. */
export type AccountChanged =
  | { readonly kind: 'ok'; readonly account: AccountRecord }
  | { readonly kind: 'no-such-account' }
  /** Nobody else could give roles. */
  | { readonly kind: 'last-owner' }
  | ChangedMeanwhile

/** Writes of accounts added at once: of the 100 of a transaction three are for the domain, the first account of all and the source. */
const ADD_WRITES_MAX = 97
/** Of a profile: what those who look at an account are shown of it, and can change. */
const SHOWN = [
  'enabled',
  'shared',
  'quotaBytes',
  'passwordHash',
  'forward',
  'frozen',
  'displayName',
] as const
/** Of an address, what it says of its account. */
const ADDRESS_OF_ACCOUNT = ['accountId', 'enabled', 'quotaBytes', 'forward', 'filtered', 'source']
/** Profiles read at once while listing. */
const LIST_BATCH = 100

export function createAccounts(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly newId: () => AccountId
  /** Bytes for accounts without a quota of their own; 0: no limit. */
  readonly mailboxSizeLimit: number
  /** Told when sessions of the account have to end. */
  readonly onSessionsEnd: (id: AccountId) => void
  /** Told when a guest of the domain may have become an account. */
  readonly onGuestsEnd: (domain: Domain) => void
}): Accounts {
  const { table, clock, newId, mailboxSizeLimit, onSessionsEnd, onGuestsEnd } = deps

  async function byId(id: AccountId): Promise<AccountRecord | undefined> {
    const item = await table.get(accountKey(id), { consistent: true })
    return item && readAccount(item)
  }

  async function find(address: Address) {
    const item = await table.get(addressKey(address), { consistent: true })
    const entry = item && readAddress(item)
    if (!entry?.account) return undefined
    const profile = await table.get(accountKey(entry.account.id), { consistent: true })
    const isAlias = entry.targets !== null
    return profile && { account: readAccount(profile), profile, isAlias }
  }

  async function* inDomain(domain: Domain): AsyncGenerator<AccountRecord> {
    let ids: AccountId[] = []
    for await (const item of allItems(table, { pk: addressesPk(domain) })) {
      const { account } = readAddress(item)
      if (account !== null) ids.push(account.id)
      if (ids.length < LIST_BATCH) continue
      yield* await profiles(ids)
      ids = []
    }
    yield* await profiles(ids)
  }

  async function profiles(ids: readonly AccountId[]): Promise<readonly AccountRecord[]> {
    const items = await table.batchGet(ids.map(accountKey), { consistent: true })
    return items.flatMap((item) => (item === undefined ? [] : [readAccount(item)]))
  }

  /** Whoever has the first account of all runs the system, and is its postmaster until somebody else is named. */
  async function isEmpty(): Promise<boolean> {
    for await (const item of allItems(table, { pk: domainsPk })) {
      if (readDomain(item).accounts > 0) return false
    }
    return true
  }

  /** Of one domain, whose count changes once. */
  function addSome(wanted: readonly NewAccount[]): Promise<readonly AccountAdded[]> {
    return optimistic(async () => {
      const addresses = wanted.map(({ address }) => canonical(address))
      const [first] = addresses
      if (first === undefined) return []
      const keys = [
        ...new Map(addresses.map((address) => [formatAddress(address), address])).values(),
      ]
      const [domain, ...entries] = await table.batchGet(
        [domainKey(first.domain), ...keys.map(addressKey)],
        { consistent: true },
      )
      if (domain === undefined) return wanted.map(() => ({ kind: 'no-such-domain' }))
      const free = new Set(
        keys.filter((_, i) => entries[i]?.accountId === undefined).map(formatAddress),
      )
      const writes: Write[] = []
      const limited = readDomain(domain)
      const { source } = limited
      const { left, refusal } = roomFor(limited, 'accounts')
      const { quotaBytes: quotasMax } = limited.limits
      let given = quotasMax === null ? 0 : await quotasOf(table, first.domain, mailboxSizeLimit)
      let count = 0
      const results = wanted.map((account, i): AccountAdded => {
        const address = addresses[i]
        // Each address once.
        if (address === undefined || !free.has(formatAddress(address))) return { kind: 'exists' }
        if (count >= left) return refusal(count)
        if (quotasMax !== null) {
          const sum = given + asSum(account.quotaBytes ?? mailboxSizeLimit)
          if (sum > quotasMax) return overQuotas(quotasMax, given)
          given = sum
        }
        free.delete(formatAddress(address))
        count++
        const record = { ...newRecord(account, address), ...(source && { source }) }
        writes.push(...additions(record))
        return { kind: 'ok', account: record }
      })
      if (count === 0) return results
      const isFirst = limited.accounts === 0 && (await isEmpty())
      await table.transact([
        countAccounts(first.domain, count, {
          conditions: [
            ...stillRoomFor(limited, 'accounts', count),
            asQuotasWere(domain),
            asItWas(source ?? null),
          ],
          isLimited: quotasMax !== null,
        }),
        ...(isFirst ? [{ put: firstAccountItem(first) }] : []),
        ...(source ? [countOf(source.name, count)] : []),
        ...writes,
      ])
      if (source) onGuestsEnd(first.domain)
      return results
    })
  }

  const newRecord = (wanted: NewAccount, address: Address): AccountRecord => ({
    id: newId(),
    address,
    enabled: wanted.enabled ?? true,
    quotaBytes: wanted.quotaBytes ?? null,
    passwordHash: wanted.passwordHash,
    scramVerifier: wanted.scramVerifier ?? null,
    sessionsEpoch: 0,
    createdMs: clock.now(),
    shared: wanted.shared ?? false,
    frozen: null,
    forward: null,
    script: null,
    factors: null,
    role: null,
    roleEpoch: 0,
    displayName: wanted.displayName ?? '',
    madeBy: wanted.madeBy ?? null,
  })

  async function writeIf(id: AccountId, changes: Changes, condition: Condition): Promise<boolean> {
    try {
      await table.write({
        update: accountKey(id),
        changes,
        if: { all: [{ exists: 'pk' }, condition] },
      })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  const endsLastOwner = async (account: AccountRecord) =>
    countsAs(account) && (await ownerCount(table)) <= 1

  /** What another quota has to hold to, where the quotas of the domain are limited; a smaller one always may be. */
  async function quotaWrites(
    { address: { domain }, quotaBytes }: AccountRecord,
    wanted: number,
  ): Promise<readonly Write[] | OverLimit> {
    const item = await table.get(domainKey(domain), { consistent: true })
    if (item === undefined) return []
    const update = {
      update: domainKey(domain),
      if: { all: [{ exists: 'pk' }, asQuotasWere(item)] },
    } as const
    const { quotaBytes: max } = readDomain(item).limits
    // Of a limit that comes this moment the quota was there before.
    if (max === null) return []
    const before = asSum(quotaBytes ?? mailboxSizeLimit)
    if (asSum(wanted) > before) {
      const given = await quotasOf(table, domain, mailboxSizeLimit)
      // What is without end takes all others with it, and cannot be subtracted.
      if (given - before + asSum(wanted) > max) return overQuotas(max, given)
    }
    return [{ ...update, changes: { add: { quotaVersion: 1 } } }]
  }

  /** Tokens and whatever else lets somebody in as this account. A crash leaves what nobody can use: the account is gone. */
  async function removeRest(id: AccountId): Promise<void> {
    const { pk } = accountKey(id)
    const keys: Key[] = []
    for await (const { sk } of allItems(table, { pk })) keys.push({ pk, sk })
    await table.batchWrite(keys.map((key) => ({ delete: key })))
  }

  return {
    byId,

    get: async (address) => (await find(address))?.account,

    add: async (wanted) => only(await addSome([wanted])),

    async addAll(wanted) {
      const results = new Map<NewAccount, AccountAdded>()
      for (const ofDomain of Map.groupBy(wanted, ({ address }) => address.domain).values()) {
        for (const some of batchesOf(ofDomain)) {
          for (const [i, added] of (await addSome(some)).entries()) {
            const account = some[i]
            if (account !== undefined) results.set(account, added)
          }
        }
      }
      return wanted.map((account) => results.get(account) ?? { kind: 'exists' })
    },

    async *list(domain) {
      if (domain !== undefined) return yield* inDomain(domain)
      for await (const item of allItems(table, { pk: domainsPk })) {
        yield* inDomain(readDomain(item).domain)
      }
    },

    async page(options) {
      const { items, ...rest } = await pageOfAddresses(table, options)
      const ids = items.flatMap(({ account }) => (account === null ? [] : [account.id]))
      return { items: await profiles(ids), ...rest }
    },

    find: (options, isWanted = () => true) =>
      lookFor(table, 'A', options, async (records) => {
        const ids = records.flatMap((record) => record?.account?.id ?? [])
        const found = new Map((await profiles(ids)).map((account) => [account.id, account]))
        return records.map((record) => {
          const account = record?.account ? found.get(record.account.id) : undefined
          return account !== undefined && isWanted(account) ? account : undefined
        })
      }),

    set: (address, changes, { isAsKnown } = {}) =>
      optimistic<AccountChanged | OverLimit>(async () => {
        const found = await find(address)
        if (found === undefined) return { kind: 'no-such-account' }
        if ((await isAsKnown?.(found.account)) === false) return changedMeanwhile
        // Only what changes is written: two changes of different settings at once both hold.
        const {
          passwordHash,
          scramVerifier = null,
          shared,
          forward,
          displayName,
          ...repeated
        } = changes
        const password = passwordHash === undefined ? {} : { passwordHash, scramVerifier }
        const kind = shared === undefined ? {} : { shared }
        const endsSessions = passwordHash !== undefined || changes.enabled === false
        const epochs = endsSessions ? { add: { sessionsEpoch: 1 } } : {}
        // Expansion reads it with the address, whoever shows it with the account.
        const forwarded = forward ? { forward: forwardValue(forward) } : {}
        const unforwarded = forward === null ? { remove: ['forward'] } : {}
        const named = displayName === undefined ? {} : { displayName }
        const { enabled } = changes
        const switches = enabled !== undefined && enabled !== found.account.enabled
        if (switches && (await endsLastOwner(found.account))) return { kind: 'last-owner' }
        const { quotaBytes } = changes
        const quota =
          quotaBytes === undefined
            ? []
            : await quotaWrites(found.account, quotaBytes ?? mailboxSizeLimit)
        if ('kind' in quota) return quota
        const writes: Write[] = switches
          ? [...roleWrites(found.account, enabled ? 'enable' : 'disable')]
          : []
        const stillSo = [
          ...(switches ? [withRole(found.account)] : []),
          ...(displayName === undefined ? [] : [isNamed(found.account)]),
          ...(isAsKnown ? asRead(found.profile, SHOWN) : []),
        ]
        for (const [update, set, others] of [
          [
            accountKey(found.account.id),
            { ...repeated, ...password, ...kind, ...forwarded, ...named },
            { ...epochs, ...unforwarded },
          ],
          [addressKey(address), { ...repeated, ...forwarded }, unforwarded],
        ] as const) {
          if (Object.keys(set).length === 0 && forward !== null) continue
          const conditions: readonly Condition[] = update.sk === PROFILE_SK ? stillSo : []
          const condition = { all: [{ exists: 'pk' }, ...conditions] } as const
          writes.push({ update, changes: { set, ...others }, if: condition })
        }
        writes.push(...quota)
        if (displayName !== undefined) writes.push(...renames(found.account, displayName))
        if (writes.length > 0) await table.transact(writes)
        const { id, sessionsEpoch: epoch } = found.account
        if (endsSessions) onSessionsEnd(id)
        const sessionsEpoch = endsSessions ? epoch + 1 : epoch
        return {
          kind: 'ok',
          account: {
            ...found.account,
            ...repeated,
            ...password,
            ...kind,
            ...(forward !== undefined && { forward }),
            ...(displayName !== undefined && { displayName }),
            sessionsEpoch,
          },
        }
      }),

    remove: (address, { isAsKnown } = {}) =>
      optimistic<AccountChanged>(async () => {
        const found = await find(address)
        if (found === undefined) return { kind: 'no-such-account' }
        const { account, profile, isAlias } = found
        if ((await isAsKnown?.(account)) === false) return changedMeanwhile
        if (await endsLastOwner(account)) return { kind: 'last-owner' }
        const key = addressKey(address)
        const mine = owned(account)
        await table.transact([
          countAccounts(address.domain, -1),
          isAlias
            ? {
                update: key,
                changes: { remove: ADDRESS_OF_ACCOUNT },
                if: { all: [mine, { exists: 'targets' }] },
              }
            : { delete: key, if: { all: [mine, { absent: 'targets' }] } },
          ...removeWords(wordsOfAccount(account), accountTarget(account.address)),
          {
            delete: accountKey(account.id),
            if: {
              all: [
                withRole(account),
                asItWas(account.source ?? null),
                ...(isAsKnown ? asRead(profile, SHOWN) : []),
              ],
            },
          },
          ...leavesSource(account),
          { delete: factorsKey(account.id) },
          noteRemoved(account.id, clock.now()),
          ...roleWrites(account, 'remove'),
        ])
        onSessionsEnd(account.id)
        await removeRest(account.id)
        return { kind: 'ok', account }
      }),

    freeze(id, reason, { isContained } = {}) {
      const frozen: Frozen = {
        reason: reason.slice(0, FROZEN_REASON_CHARACTERS_MAX),
        sinceMs: clock.now(),
        ...(isContained && { isContained }),
      }
      return writeIf(id, { set: { frozen } }, { absent: 'frozen' })
    },

    async bar(id, isBarred) {
      await optimistic(async () => {
        const frozen = (await byId(id))?.frozen
        if (frozen == null) return
        const { isBarred: _, ...kept } = frozen
        const changed: Frozen = isBarred ? { ...kept, isBarred } : kept
        await table.write({
          update: accountKey(id),
          changes: { set: { frozen: changed } },
          if: { exists: 'frozen' },
        })
      })
    },

    unfreeze: (id) => writeIf(id, { remove: ['frozen'] }, { exists: 'frozen' }),

    async endSessions(id) {
      const isThere = await writeIf(id, { add: { sessionsEpoch: 1 } }, { exists: 'pk' })
      if (isThere) onSessionsEnd(id)
      return isThere
    },

    async replacePassword(id, oldHash, { passwordHash, scramVerifier }) {
      return await optimistic(async () => {
        if ((await byId(id))?.passwordHash !== oldHash) return false
        await table.write({
          update: accountKey(id),
          changes: { set: { passwordHash, scramVerifier } },
          if: { attribute: 'passwordHash', is: '=', value: oldHash },
        })
        return true
      })
    },
  }
}

/** What one transaction adds. */
function* batchesOf(accounts: readonly NewAccount[]): Generator<readonly NewAccount[]> {
  let batch: NewAccount[] = []
  let writes = 0
  for (const account of accounts) {
    const more = 2 + wordsOf(canonical(account.address).local, account.displayName).length
    if (writes + more > ADD_WRITES_MAX) {
      yield batch
      batch = []
      writes = 0
    }
    batch.push(account)
    writes += more
  }
  yield batch
}

const wordsOfAccount = ({ address, displayName }: AccountRecord) =>
  wordsOf(address.local, displayName)

/** As it was read: its words are known by it. */
const isNamed = ({ displayName }: AccountRecord): Condition =>
  displayName === ''
    ? { any: [{ absent: 'displayName' }, { attribute: 'displayName', is: '=', value: '' }] }
    : { attribute: 'displayName', is: '=', value: displayName }

const renames = (account: AccountRecord, displayName: string) =>
  changeWords(
    wordsOfAccount(account),
    wordsOfAccount({ ...account, displayName }),
    accountTarget(account.address),
  )

function additions(account: AccountRecord): Write[] {
  const { id, address, enabled, quotaBytes, source } = account
  return [
    ...addWords(wordsOfAccount(account), accountTarget(address)),
    {
      // The address may be an alias already: then it is both.
      update: addressKey(address),
      changes: {
        set: { accountId: id, enabled, quotaBytes, ...(source && { source: { ...source } }) },
      },
      if: { absent: 'accountId' },
    },
    { put: accountItem(account), if: { absent: 'pk' } },
  ]
}

function only<T>([one]: readonly T[]): T {
  // Cannot happen: one was asked for.
  if (one === undefined) throw new Error('no result')
  return one
}

function countAccounts(
  domain: Domain,
  by: number,
  {
    conditions = [],
    isLimited = false,
  }: { readonly conditions?: readonly Condition[]; readonly isLimited?: boolean } = {},
): Write {
  return {
    update: domainKey(domain),
    changes: { add: { accounts: by, ...(isLimited && { quotaVersion: 1 }) } },
    if: { all: [{ exists: 'pk' }, ...conditions] },
  }
}

/** As it was read: a role that comes or goes meanwhile changes what has to be written. */
const withRole = ({ role }: AccountRecord): Condition =>
  role === null ? { absent: 'role' } : { exists: 'role' }

function owned(account: AccountRecord): Condition {
  return { attribute: 'accountId', is: '=', value: account.id }
}
