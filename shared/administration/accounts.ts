// What an administrator does with accounts: people with a mailbox.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type {
  AccountChanges,
  AccountAdded as DirectoryAdded,
  NewAccount,
} from '#shared/directory/accounts.ts'
import type { AsKnown } from '#shared/directory/as-known.ts'
import { parseListCursor } from '#shared/directory/listing.ts'
import type { LookedPage } from '#shared/directory/looking.ts'
import {
  type AccountRecord,
  DISPLAY_NAME_CHARACTERS_MAX,
  type Forward,
  FROZEN_REASON_CHARACTERS_MAX,
  type Frozen,
} from '#shared/directory/records.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import { FolderTree } from '#shared/mailbox/folder-path.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { AdministrationDeps } from './deps.ts'
import { directorySeen } from './directory-sight.ts'
import { type Fields, parseQuota } from './fields.ts'
import { holdMailOf, releaseMailOf } from './frozen.ts'
import {
  isFiltered,
  type Listed,
  type ListRequest,
  PAGE_ENTRIES_MAX,
  parseListRequest,
} from './listing.ts'
import { overDomainLimit } from './over-limit.ts'
import {
  type BadValue,
  badValue,
  type ChangedMeanwhile,
  type Exists,
  type LastOwner,
  type NoSuchAccount,
  type NoSuchDomain,
  type OverDomainLimit,
  ok,
  type Parsed,
} from './refusals.ts'
import type { Extent } from './rights/actor.ts'
import { findRoute } from './routes.ts'
import type { SecretSource } from './secrets.ts'
import type { Order } from './sorting.ts'
import { type Warning, warnOfGone, warnOfPostmaster } from './warnings.ts'

export interface AccountAdministration {
  /** With its folders. */
  add(request: AddAccount): Promise<AccountAdded | NotAdded>
  /** The same for many. Results in their order. */
  addAll(requests: readonly AddAccount[]): Promise<readonly (AccountAdded | NotAdded)[]>
  page(request: ListAccounts): Promise<Listed<AccountListed> | BadValue | NoSuchDomain>
  /** Its folders in the order of their paths, INBOX first. */
  show(address: string): Promise<AccountShown | BadValue | NoSuchAccount>
  set(
    request: SetAccount,
    options?: AsKnown<AccountFacts>,
  ): Promise<AccountSet | BadValue | NoSuchAccount | LastOwner | ChangedMeanwhile | OverDomainLimit>
  /** What would go with it. */
  measure(address: string): Promise<AccountMeasured | BadValue | NoSuchAccount>
  /** With all its mail, and the rights that others gave it. */
  /** `within`: what whoever asks sees; of nothing else he is warned. */
  remove(
    address: string,
    options?: AsKnown<AccountFacts> & { readonly within?: Extent | undefined },
  ): Promise<AccountRemoved | BadValue | NoSuchAccount | LastOwner | ChangedMeanwhile>
  /** Deletes its mail and folders; the account stays. */
  empty(address: string): Promise<AccountEmptied | BadValue | NoSuchAccount>
  /** Has its mail sent on, or keeps it here again. */
  forward(request: ForwardAccount): Promise<AccountForwarded | BadValue | NoSuchAccount>
  /** Ends its sending and holds what it has in the queue. Of one that is frozen already only the queue changes. */
  freeze(request: FreezeAccount): Promise<AccountFrozen | BadValue | NoSuchAccount>
  /** It may send again; what was held for it is released where that is asked for. */
  unfreeze(request: UnfreezeAccount): Promise<AccountUnfrozen | BadValue | NoSuchAccount>
}

/** In the order of addresses, unless something else is asked for; `order`: of that, default: the greatest first. */
export type ListAccounts = ListRequest & {
  readonly state?: AccountState | undefined
  readonly sort?: AccountSort | undefined
  readonly order?: Order | undefined
}
export const accountSorts = ['usage', 'lastLogin'] as const
export type AccountSort = (typeof accountSorts)[number]

/** `lastLoginMs`: where that is what it is sorted by; null: not for as long as that is known. */
export type AccountListed = AccountFacts & { readonly lastLoginMs?: number | null }

export type NotAdded = BadValue | Exists | NoSuchDomain | OverDomainLimit

export type AddAccount = {
  readonly address: string
  readonly secret: SecretSource
  /** As parseQuota takes it; default: as the setting mailboxSizeLimit says. */
  readonly quota?: string | undefined
  /** As people know who it belongs to; '' for none. */
  readonly displayName?: string | undefined
  readonly enabled?: boolean | undefined
  readonly shared?: boolean | undefined
}

export type SetAccount = {
  readonly address: string
  /** As `forward` takes it, with the rest in one change; null: its mail stays here. */
  readonly forward?: Pick<ForwardAccount, 'to' | 'keep'> | null | undefined
  readonly secret?: SecretSource | undefined
  readonly quota?: string | undefined
  /** As people know who it belongs to; '' for none. */
  readonly displayName?: string | undefined
  readonly enabled?: boolean | undefined
  readonly shared?: boolean | undefined
}

/** `to`: each may be a list with commas; none: its mail stays here. `keep`: it gets a copy. */
export type ForwardAccount = {
  readonly address: string
  readonly to: readonly string[]
  readonly keep?: boolean | undefined
}
export type AccountForwarded = {
  readonly kind: 'forwarded'
  readonly address: string
  readonly forward: ForwardFacts | null
  readonly warnings: readonly Warning[]
}
export type ForwardFacts = { readonly to: readonly string[]; readonly keep: boolean }

export type FreezeAccount = {
  readonly address: string
  readonly reason: string
  readonly isContained?: true
}
export type UnfreezeAccount = { readonly address: string; readonly release?: boolean | undefined }

/** `held`: messages in the queue. */
export type AccountFrozen = {
  readonly kind: 'frozen'
  readonly address: string
  readonly wasFrozen: boolean
  readonly held: number
}
export type AccountUnfrozen = {
  readonly kind: 'unfrozen'
  readonly address: string
  readonly wasFrozen: boolean
  readonly released: number
}

export type AccountFacts = {
  readonly address: string
  readonly id: AccountId
  readonly enabled: boolean
  readonly shared: boolean
  /** 0: no limit. */
  readonly displayName: string
  readonly quotaBytes: number
  /** It has none of its own: the setting mailboxSizeLimit holds. */
  readonly hasDefaultQuota: boolean
  readonly usedBytes: number
  readonly messages: number
  readonly password: PasswordFacts
  /** Raised with each new password, and whenever sessions were ended: a version that says nothing of it. Null: not told. */
  readonly sessionsEpoch: number | null
  readonly createdMs: number
  /** Why it may not send, and since when. */
  readonly frozen: Frozen | null
  readonly forward: ForwardFacts | null
}

/** Whoever is frozen may log in and not send; one that is disabled may be frozen too. */
export const accountStates = ['enabled', 'disabled', 'frozen'] as const
export type AccountState = (typeof accountStates)[number]

const isIn: { readonly [state in AccountState]: (account: AccountRecord) => boolean } = {
  enabled: ({ enabled, frozen }) => enabled && frozen === null,
  disabled: ({ enabled }) => !enabled,
  frozen: ({ frozen }) => frozen !== null,
}

export type PasswordFacts =
  | { readonly kind: 'known'; readonly scheme: string }
  | { readonly kind: 'no-login' }
  /** It cannot be verified, so nobody logs in with it. */
  | { readonly kind: 'costly'; readonly scheme: string; readonly exceeds: string }
  | { readonly kind: 'unsupported'; readonly scheme: string }

export type FolderFacts = Omit<
  FolderRecord,
  'digest' | 'counted' | 'recentFrom' | 'uidGap' | 'broughtIn'
> & {
  readonly path: string
}

export type AccountAdded = {
  readonly kind: 'added'
  readonly address: string
  readonly warnings: readonly Warning[]
}
export type AccountShown = {
  readonly kind: 'account'
  readonly account: AccountFacts
  readonly folders: readonly FolderFacts[]
}
export type AccountSet = {
  readonly kind: 'set'
  readonly address: string
  readonly warnings: readonly Warning[]
}
export type AccountMeasured = {
  readonly kind: 'measured'
  readonly address: string
  readonly messages: number
  readonly bytes: number
}
export type AccountRemoved = {
  readonly kind: 'removed'
  readonly address: string
  readonly messages: number
  readonly warnings: readonly Warning[]
}
export type AccountEmptied = {
  readonly kind: 'emptied'
  readonly address: string
  readonly messages: number
}

/** Passwords hashed at once, as far as they are no hashes; each takes memory and a core. */
const HASHED_AT_ONCE = 4
/** Mailboxes measured at once for one page. */
const MEASURED_AT_ONCE = 16

/** Of what was read before. */
function placeAt(text: string | undefined) {
  const after = text === undefined ? undefined : parseListCursor(text)
  return after === undefined ? {} : { after }
}

export function createAccountAdministration(
  deps: Pick<
    AdministrationDeps,
    | 'devices'
    | 'directory'
    | 'links'
    | 'mailbox'
    | 'operator'
    | 'suspicion'
    | 'webSessions'
    | 'settings'
    | 'record'
  >,
  fields: Fields,
): AccountAdministration {
  const { directory, mailbox, operator, suspicion, settings, record, webSessions, links } = deps
  const { devices } = deps
  const { accounts } = directory

  async function find(text: string): Promise<Found | BadValue | NoSuchAccount> {
    const address = fields.address(text)
    if (address.kind !== 'ok') return address
    const account = await accounts.get(address.value)
    if (account === undefined) return noSuchAccount(text)
    return { kind: 'found', account, address: address.value }
  }

  async function describe(account: AccountRecord): Promise<AccountFacts> {
    const { quotaBytes } = account
    const used = await mailbox.usage(account.id)
    return {
      address: formatAddress(account.address),
      id: account.id,
      enabled: account.enabled,
      shared: account.shared,
      displayName: account.displayName,
      quotaBytes: quotaBytes ?? settings.mailboxSizeLimit,
      hasDefaultQuota: quotaBytes === null,
      usedBytes: used.bytes,
      messages: used.messages,
      password: await describePassword(account.passwordHash),
      sessionsEpoch: account.sessionsEpoch,
      createdMs: account.createdMs,
      frozen: account.frozen,
      forward: forwardFacts(account.forward),
    }
  }

  async function add(request: AddAccount): ReturnType<AccountAdministration['add']> {
    const wanted = await parseNew(request)
    if (wanted.kind !== 'ok') return wanted
    const added = await accounts.add(wanted.value)
    if (added.kind !== 'ok') {
      return whyNotAdded(added, request.address, wanted.value.address)
    }
    const { account } = added
    const name = formatAddress(account.address)
    record({ what: 'account', name, before: null, after: changeFacts(account) })
    return await begun(account)
  }

  /** In the words of the directory. */
  const asKnown = ({ isAsKnown }: AsKnown<AccountFacts>): AsKnown<AccountRecord> =>
    isAsKnown ? { isAsKnown: async (account) => isAsKnown(await describe(account)) } : {}

  async function set(
    request: SetAccount,
    options: AsKnown<AccountFacts> = {},
  ): ReturnType<AccountAdministration['set']> {
    const changes = await parseChanges(request, fields)
    if (changes.kind !== 'ok') return changes
    const found = await find(request.address)
    if (found.kind !== 'found') return found
    const changed = await accounts.set(found.address, changes.value, asKnown(options))
    if (changed.kind === 'over-limit') {
      const { domain } = found.address
      return overDomainLimit(changed, { domain, value: request.quota ?? '' })
    }
    if (changed.kind !== 'ok') return unchanged(changed.kind, request.address)
    const { account } = changed
    const name = formatAddress(account.address)
    const isNewPassword = changes.value.passwordHash !== undefined
    const isForward = changes.value.forward !== undefined
    // They are worth nothing any more; no list is to show them.
    if (isNewPassword || request.enabled === false) await webSessions.endAll(account.id)
    if (isNewPassword) await links.withdraw(account.id, ['forgotten'])
    record({
      what: 'account',
      name,
      before: {
        ...changeFacts(found.account),
        ...(isForward && forwardChange(found.account.forward)),
      },
      after: {
        ...changeFacts(account),
        ...(isForward && forwardChange(account.forward)),
        ...(isNewPassword && { password: 'replaced' }),
      },
    })
    const warnings = [
      ...(request.enabled === false
        ? await warnOfPostmaster(directory, account.address.domain)
        : []),
      ...(isForward ? await warnOfForward(account.address) : []),
    ]
    return { kind: 'set', address: name, warnings }
  }

  async function warnOfForward(address: Address): Promise<readonly Warning[]> {
    const { nowhere } = await findRoute(directory, [address])
    const alias = formatAddress(address)
    return nowhere.map((end) => ({ kind: 'mail-fails', alias, end }) as const)
  }

  /** In transactions of some dozens; each is judged by itself, in their order. */
  async function addAll(
    requests: readonly AddAccount[],
  ): ReturnType<AccountAdministration['addAll']> {
    const parsed = await concurrently(requests, HASHED_AT_ONCE, parseNew)
    const wanted = parsed.flatMap((one) => (one.kind === 'ok' ? [one.value] : []))
    const results = (await accounts.addAll(wanted)).values()
    const added = parsed.map((one, i) => {
      if (one.kind !== 'ok') return one
      const result = results.next().value ?? { kind: 'exists' }
      if (result.kind === 'ok') return result
      return whyNotAdded(result, requests[i]?.address ?? '', one.value.address)
    })
    for (const one of added) {
      if (one.kind !== 'ok') continue
      const { account } = one
      const name = formatAddress(account.address)
      record({ what: 'account', name, before: null, after: changeFacts(account) })
    }
    return await concurrently(added, MEASURED_AT_ONCE, async (one) =>
      one.kind === 'ok' ? await begun(one.account) : one,
    )
  }

  async function parseNew(request: AddAccount): Promise<Parsed<NewAccount>> {
    const address = fields.ownAddress(request.address)
    if (address.kind !== 'ok') return address
    const quota = parseQuota(request.quota ?? 'default')
    if (quota.kind !== 'ok') return quota
    const displayName = parseDisplayName(request.displayName ?? '')
    if (displayName.kind !== 'ok') return displayName
    const secret = await request.secret()
    if (secret === undefined) return badValue('password', '', { name: 'password-or-hash' })
    const { storeSecret } = await loadSecrets()
    const stored = await storeSecret(secret)
    if (stored.kind !== 'ok') return stored
    return ok({
      address: address.value,
      ...stored.value,
      quotaBytes: quota.value,
      displayName: displayName.value,
      enabled: request.enabled ?? true,
      shared: request.shared ?? false,
    })
  }

  /** A new account, with its first folders. */
  async function begun({ id, address }: AccountRecord): Promise<AccountAdded> {
    // Listing makes them.
    await mailbox.folders.list(id)
    const name = formatAddress(address)
    const isAlias = (await directory.aliases.get(address)) !== undefined
    const warnings = isAlias ? [{ kind: 'alias-comes-first', address: name } as const] : []
    return { kind: 'added', address: name, warnings }
  }

  const pageOf = (
    options: Parameters<typeof accounts.page>[0] & Parameters<typeof isFiltered>[0],
    state: AccountState | undefined,
  ): Promise<LookedPage<AccountRecord>> =>
    state !== undefined || isFiltered(options)
      ? accounts.find(options, state && isIn[state])
      : accounts.page(options)

  async function sorted(
    { after, state, order, ...request }: ListAccounts,
    by: AccountSort,
  ): ReturnType<AccountAdministration['page']> {
    const list = await parseListRequest(request, directory)
    if (list.kind !== 'ok') return list
    // Loaded only here: commands that list nothing so start without it.
    const { sortedPage } = await import('./sorting.ts')
    const { after: _, ...whole } = list.value
    const measures = new Map<AccountId, number>()
    const measureOf = {
      usage: async ({ id }: AccountRecord) => (await mailbox.usage(id)).bytes,
      lastLogin: async ({ id }: AccountRecord) => (await devices.of(id)).devices[0]?.lastMs ?? 0,
    }[by]
    const page = await sortedPage<AccountRecord>({
      ...{ by, order, after, limit: list.value.limit },
      read: (from) =>
        pageOf(
          {
            ...whole,
            limit: PAGE_ENTRIES_MAX,
            ...placeAt(from),
          },
          state,
        ),
      async measure(all) {
        const found = await concurrently(all, MEASURED_AT_ONCE, measureOf)
        for (const [i, { id }] of all.entries()) measures.set(id, found[i] ?? 0)
        return found
      },
    })
    if (page.kind !== 'sorted') return page
    const items = await concurrently(page.items, MEASURED_AT_ONCE, async (account) => ({
      ...(await describe(account)),
      ...(by === 'lastLogin' && { lastLoginMs: measures.get(account.id) || null }),
    }))
    return { kind: 'page', items, next: page.next }
  }

  return {
    add,
    addAll,
    set,

    async page(request) {
      if (request.within?.kind === 'self') {
        const own = await accounts.byId(request.within.accountId)
        return { kind: 'page', items: own ? [await describe(own)] : [], next: undefined }
      }
      const { state, sort } = request
      if (sort !== undefined) return await sorted(request, sort)
      const list = await parseListRequest(request, directory)
      if (list.kind !== 'ok') return list
      const page = await pageOf(list.value, state)
      const items = await concurrently(page.items, MEASURED_AT_ONCE, describe)
      return { kind: 'page', items, next: page.next, looked: page.looked }
    },

    async show(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const folders = inboxFirst(await mailbox.folders.list(found.account.id))
      return { kind: 'account', account: await describe(found.account), folders }
    },

    async measure(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const { messages, bytes } = await mailbox.usage(found.account.id)
      return { kind: 'measured', address: formatAddress(found.account.address), messages, bytes }
    },

    async remove(text, options = {}) {
      const address = fields.address(text)
      if (address.kind !== 'ok') return address
      const removed = await accounts.remove(address.value, asKnown(options))
      if (removed.kind !== 'ok') return unchanged(removed.kind, text)
      const { account } = removed
      const name = formatAddress(account.address)
      record({ what: 'account', name, before: changeFacts(account), after: null })
      const messages = await mailbox.remove(account.id)
      const warnings = await warnOfGone(directorySeen(directory, options.within), address.value)
      return { kind: 'removed', address: name, messages, warnings }
    },

    async empty(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const messages = await mailbox.empty(found.account.id)
      const name = formatAddress(found.account.address)
      record({ what: 'account', name, before: { messages }, after: { messages: 0 } })
      return { kind: 'emptied', address: name, messages }
    },

    async forward({ address: text, to, keep = false }) {
      const parsed = parseForward({ to, keep }, fields)
      if (parsed.kind !== 'ok') return parsed
      const forward = parsed.value
      const found = await find(text)
      if (found.kind !== 'found') return found
      const changed = await accounts.set(found.address, { forward })
      if (changed.kind !== 'ok') return noSuchAccount(text)
      const name = formatAddress(found.account.address)
      record({
        what: 'account',
        name,
        before: forwardChange(found.account.forward),
        after: forwardChange(forward),
      })
      const warnings = await warnOfForward(found.account.address)
      return { kind: 'forwarded', address: name, forward: forwardFacts(forward), warnings }
    },

    async freeze({ address: text, reason, isContained }) {
      if (!/^[^\p{Cc}]+$/u.test(reason) || reason.length > FROZEN_REASON_CHARACTERS_MAX) {
        const charactersMax = FROZEN_REASON_CHARACTERS_MAX
        return badValue('reason', reason, { name: 'one-line', charactersMax })
      }
      const found = await find(text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const name = formatAddress(address)
      const isNew = await accounts.freeze(id, reason, isContained && { isContained })
      if (isNew) {
        record({ what: 'account', name, before: { frozen: null }, after: { frozen: reason } })
      }
      const held = await holdMailOf(operator, id)
      return { kind: 'frozen', address: name, wasFrozen: !isNew, held }
    },

    async unfreeze({ address: text, release = false }) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const { id, address, frozen } = found.account
      const name = formatAddress(address)
      // Or what it was frozen for would freeze it again.
      await suspicion.forget(id)
      const wasFrozen = await accounts.unfreeze(id)
      if (wasFrozen) {
        const reason = frozen?.reason ?? null
        record({ what: 'account', name, before: { frozen: reason }, after: { frozen: null } })
      }
      const released = release ? await releaseMailOf(operator, id) : 0
      return { kind: 'unfrozen', address: name, wasFrozen, released }
    },
  }
}

/** For the log. */
const changeFacts = ({ enabled, shared, quotaBytes, displayName }: AccountRecord) => ({
  enabled,
  shared,
  quotaBytes,
  ...(displayName !== '' && { displayName }),
})

function parseDisplayName(text: string): Parsed<string> {
  const charactersMax = DISPLAY_NAME_CHARACTERS_MAX
  const isLine = !/\p{Cc}/u.test(text) && text.length <= charactersMax
  return isLine
    ? ok(text.trim())
    : badValue('displayName', text, { name: 'one-line', charactersMax })
}

/** Of one account. */
export const FORWARD_TARGETS_MAX = 20

function parseForward(
  { to, keep = false }: Pick<ForwardAccount, 'to' | 'keep'>,
  fields: Fields,
): Parsed<Forward | null> {
  const targets = fields.targets(to)
  if (targets.kind !== 'ok') return targets
  const forward = forwardOf(targets.value, keep)
  const max = FORWARD_TARGETS_MAX
  if ((forward?.to.length ?? 0) <= max) return ok(forward)
  return badValue('targets', to.join(' '), { name: 'forward-count', max })
}

function forwardOf(targets: readonly Address[], keep: boolean): Forward | null {
  const to = [...new Map(targets.map((target) => [formatAddress(target), target])).values()]
  return to.length === 0 ? null : { to, keep }
}

const forwardFacts = (forward: Forward | null): ForwardFacts | null =>
  forward && { to: forward.to.map(formatAddress), keep: forward.keep }

const forwardChange = (forward: Forward | null) => ({
  forward: forward?.to.map(formatAddress) ?? null,
  keep: forward?.keep ?? null,
})

type Found = { readonly kind: 'found'; readonly account: AccountRecord; readonly address: Address }

const noSuchAccount = (text: string): NoSuchAccount => ({
  kind: 'no-such-account',
  field: 'address',
  value: text,
})

const unchanged = (
  kind: 'no-such-account' | 'last-owner' | 'changed-meanwhile',
  text: string,
): NoSuchAccount | LastOwner | ChangedMeanwhile => ({ kind, field: 'address', value: text })

function whyNotAdded(
  why: Exclude<DirectoryAdded, { readonly kind: 'ok' }>,
  text: string,
  { domain }: Address,
): Exists | NoSuchDomain | OverDomainLimit {
  if (why.kind === 'over-limit') return overDomainLimit(why, { domain, value: text })
  const { kind } = why
  if (kind === 'exists') return { kind, field: 'address', value: text }
  const at = text.lastIndexOf('@')
  return { kind, field: 'address', value: text, domain: at === -1 ? domain : text.slice(at + 1) }
}

async function parseChanges(
  request: SetAccount,
  fields: Fields,
): Promise<{ readonly kind: 'ok'; readonly value: AccountChanges } | BadValue> {
  const { enabled, shared } = request
  const quota = request.quota === undefined ? undefined : parseQuota(request.quota)
  if (quota?.kind === 'bad-value') return quota
  const wanted = request.forward ?? (request.forward === null ? { to: [] } : undefined)
  const forward = wanted && parseForward(wanted, fields)
  if (forward?.kind === 'bad-value') return forward
  const displayName =
    request.displayName === undefined ? undefined : parseDisplayName(request.displayName)
  if (displayName?.kind === 'bad-value') return displayName
  const secret = await request.secret?.()
  const stored = secret && (await (await loadSecrets()).storeSecret(secret))
  if (stored?.kind === 'bad-value') return stored
  const value: AccountChanges = {
    ...stored?.value,
    ...(enabled === undefined ? {} : { enabled }),
    ...(quota === undefined ? {} : { quotaBytes: quota.value }),
    ...(shared === undefined ? {} : { shared }),
    ...(forward === undefined ? {} : { forward: forward.value }),
    ...(displayName === undefined ? {} : { displayName: displayName.value }),
  }
  if (Object.keys(value).length > 0) return { kind: 'ok', value }
  return badValue('changes', '', { name: 'some-change' })
}

const loadSecrets = () => import('./secrets.ts')

/** Loaded where a hash is looked at: other commands start faster without the schemes. */
async function describePassword(passwordHash: string): Promise<PasswordFacts> {
  const { recognise } = await import('#shared/auth/schemes/index.ts')
  const found = recognise(passwordHash)
  return found.kind === 'known' ? { kind: 'known', scheme: found.scheme.name } : found
}

/** With their full paths, folders behind the one they are in. */
function inboxFirst(folders: readonly FolderRecord[]): readonly FolderFacts[] {
  const tree = new FolderTree(folders)
  return folders
    .map((folder) => ({ folder, path: tree.pathOf(folder) }))
    .toSorted(
      (a, b) =>
        Number(isInbox(b.folder)) - Number(isInbox(a.folder)) || a.path.localeCompare(b.path),
    )
    .map(({ folder, path }) => {
      const {
        digest: _,
        counted: __,
        recentFrom: ___,
        uidGap: ____,
        broughtIn: _____,
        ...facts
      } = folder
      return { ...facts, path }
    })
}
