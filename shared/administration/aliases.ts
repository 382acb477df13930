// What an administrator does with aliases: addresses whose mail goes elsewhere; `@domain` is the catch-all.

import type { Alias, BadTargets } from '#shared/directory/aliases.ts'
import type { AsKnown } from '#shared/directory/as-known.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { LookedPage } from '#shared/directory/looking.ts'
import type { AliasName } from '#shared/directory/records.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import { type TreeNode, treeOf } from './alias-tree.ts'
import type { AdministrationDeps } from './deps.ts'
import { directorySeen } from './directory-sight.ts'
import { addressOfAlias, type Fields, formatAliasName } from './fields.ts'
import { isFiltered, type Listed, type ListRequest, parseListRequest } from './listing.ts'
import { overDomainLimit } from './over-limit.ts'
import {
  type BadValue,
  badValue,
  type ChangedMeanwhile,
  type Exists,
  type LeadsNowhere,
  type NoSuchAlias,
  type NoSuchDomain,
  type OverDomainLimit,
  ok,
} from './refusals.ts'
import type { Extent } from './rights/actor.ts'
import { findRoute, type Route } from './routes.ts'
import { type Warning, warnOfAlias, warnOfGone } from './warnings.ts'

export interface AliasAdministration {
  add(
    request: AliasRequest,
  ): Promise<AliasAdded | BadValue | Exists | NoSuchDomain | OverDomainLimit>
  page(request: ListRequest): Promise<Listed<AliasFacts> | BadValue | NoSuchDomain>
  /** Where mail to any address goes: by an alias, to an account, to a catch-all, elsewhere. `within`: as far as who asks sees. */
  show(
    alias: string,
    within?: Extent,
  ): Promise<AliasShown | AddressShown | BadValue | NoSuchAlias | LeadsNowhere>
  /** The way of mail to any address, step by step. */
  tree(address: string, within?: Extent): Promise<TreeShown | BadValue>
  /** Other targets for one that is there. */
  set(
    request: AliasRequest,
    options?: AsKnown<AliasFacts>,
  ): Promise<AliasSet | BadValue | NoSuchAlias | ChangedMeanwhile>
  remove(
    alias: string,
    options?: AsKnown<AliasFacts> & Pick<AliasRequest, 'within'>,
  ): Promise<AliasRemoved | BadValue | NoSuchAlias | ChangedMeanwhile>
}

/** Each target may be a list with commas. */
export type AliasRequest = {
  readonly alias: string
  readonly targets: readonly string[]
  /** What whoever asks sees: of nothing else he is warned. */
  readonly within?: Extent | undefined
}

export type AliasFacts = { readonly alias: string; readonly targets: readonly string[] }

export type AliasAdded = {
  readonly kind: 'added'
  readonly alias: AliasFacts
  readonly warnings: readonly Warning[]
}
export type AliasSet = {
  readonly kind: 'set'
  readonly alias: AliasFacts
  readonly warnings: readonly Warning[]
}
export type AliasShown = {
  readonly kind: 'alias'
  readonly alias: AliasFacts
  readonly route: Route
}
/** An address that is no alias. `of`: the account's own address. */
export type AddressShown = {
  readonly kind: 'account' | 'disabled' | 'remote'
  readonly address: string
  readonly of: string | null
  readonly route: Route
}
export type TreeShown = { readonly kind: 'tree'; readonly tree: TreeNode }
export type AliasRemoved = {
  readonly kind: 'removed'
  readonly alias: string
  readonly warnings: readonly Warning[]
}

export function createAliasAdministration(
  deps: Pick<AdministrationDeps, 'directory' | 'record'>,
  fields: Fields,
): AliasAdministration {
  const { directory, record } = deps
  const { aliases } = directory

  function parse({ alias: text, targets: texts }: AliasRequest) {
    const name = fields.aliasName(text)
    if (name.kind !== 'ok') return name
    const targets = fields.targets(texts)
    return targets.kind === 'ok' ? ok({ name: name.value, targets: targets.value }) : targets
  }

  /** What an address without an alias of its own is taken for: its base without the extension, the catch-all. */
  async function describe(text: string, address: Address, seen: Directory) {
    const recipient = await seen.resolve(address)
    if (recipient.kind === 'alias') return await describeAlias(recipient, seen)
    if (recipient.kind === 'unknown')
      return { kind: 'leads-nowhere', field: 'alias', value: text } as const
    const route = await findRoute(seen, [address])
    const given = { address: formatAddress(address), route }
    // A guest is where its old server is.
    return recipient.kind === 'guest' || recipient.kind === 'remote'
      ? { kind: 'remote' as const, ...given, of: null }
      : { kind: recipient.kind, ...given, of: formatAddress(recipient.address) }
  }

  async function describeAlias(alias: Alias, seen: Directory): Promise<AliasShown> {
    const route = await findRoute(seen, alias.targets)
    return { kind: 'alias', alias: aliasFacts(alias), route }
  }

  async function add(request: AliasRequest): ReturnType<AliasAdministration['add']> {
    const wanted = parse(request)
    if (wanted.kind !== 'ok') return wanted
    const { name, targets } = wanted.value
    const added = await aliases.add(name, targets)
    switch (added.kind) {
      case 'exists':
        return { kind: 'exists', field: 'alias', value: request.alias }
      case 'no-such-domain':
        return { kind: added.kind, field: 'alias', value: request.alias, domain: name.domain }
      case 'over-limit':
        return overDomainLimit(added, { domain: name.domain, value: request.alias })
      case 'bad-targets':
        return badTargets(request, targets, added)
      case 'ok': {
        const alias = aliasFacts(added.alias)
        record({ what: 'alias', name: alias.alias, before: null, after: targetFacts(alias) })
        const seen = directorySeen(directory, request.within)
        return { kind: 'added', alias, warnings: await warnOfAlias(seen, added.alias) }
      }
    }
  }

  async function set(
    request: AliasRequest,
    options: AsKnown<AliasFacts> = {},
  ): ReturnType<AliasAdministration['set']> {
    const wanted = parse(request)
    if (wanted.kind !== 'ok') return wanted
    const { name, targets } = wanted.value
    const before = await aliases.get(name)
    const changed = await aliases.set(name, targets, asKnown(options))
    switch (changed.kind) {
      case 'no-such-alias':
      case 'changed-meanwhile':
        return unchanged(changed.kind, request.alias)
      case 'bad-targets':
        return badTargets(request, targets, changed)
      case 'ok': {
        const alias = aliasFacts(changed.alias)
        const was = before === undefined ? null : targetFacts(aliasFacts(before))
        record({ what: 'alias', name: alias.alias, before: was, after: targetFacts(alias) })
        const seen = directorySeen(directory, request.within)
        return { kind: 'set', alias, warnings: await warnOfAlias(seen, changed.alias) }
      }
    }
  }

  async function remove(
    text: string,
    options: AsKnown<AliasFacts> & Pick<AliasRequest, 'within'> = {},
  ): ReturnType<AliasAdministration['remove']> {
    const name = fields.aliasName(text)
    if (name.kind !== 'ok') return name
    const before = await aliases.get(name.value)
    const removed = await aliases.remove(name.value, asKnown(options))
    if (removed.kind !== 'ok') return unchanged(removed.kind, text)
    const alias = formatAliasName(name.value)
    const was = before === undefined ? null : targetFacts(aliasFacts(before))
    record({ what: 'alias', name: alias, before: was, after: null })
    return { kind: 'removed', alias, warnings: await warnOfRemoved(name.value, options.within) }
  }

  async function warnOfRemoved(
    name: AliasName,
    within: Extent | undefined,
  ): Promise<readonly Warning[]> {
    const address = addressOfAlias(name)
    return address === undefined ? [] : await warnOfGone(directorySeen(directory, within), address)
  }

  return {
    add,
    set,
    remove,

    async page(request) {
      if (request.within?.kind === 'self') return { kind: 'page', items: [], next: undefined }
      const list = await parseListRequest(request, directory)
      if (list.kind !== 'ok') return list
      const page: LookedPage<Alias> = isFiltered(list.value)
        ? await aliases.find(list.value)
        : await aliases.page(list.value)
      const { items, next, looked } = page
      return { kind: 'page', items: items.map(aliasFacts), next, looked }
    },

    async tree(text, within) {
      const address = fields.address(text, 'alias')
      if (address.kind !== 'ok') return address
      return { kind: 'tree', tree: await treeOf(directorySeen(directory, within), address.value) }
    },

    async show(text, within) {
      const name = fields.aliasName(text)
      if (name.kind !== 'ok') return name
      const found = await aliases.get(name.value)
      const seen = directorySeen(directory, within)
      if (found !== undefined) return await describeAlias(found, seen)
      const address = addressOfAlias(name.value)
      return address === undefined ? noSuchAlias(text) : await describe(text, address, seen)
    },
  }
}

const aliasFacts = ({ name, targets }: Alias): AliasFacts => ({
  alias: formatAliasName(name),
  targets: targets.map(formatAddress),
})

const targetFacts = ({ targets }: AliasFacts) => ({ targets })

/** In the words of the directory. */
const asKnown = ({ isAsKnown }: AsKnown<AliasFacts>): AsKnown<Alias> =>
  isAsKnown ? { isAsKnown: (alias) => isAsKnown(aliasFacts(alias)) } : {}

const unchanged = (
  kind: 'no-such-alias' | 'changed-meanwhile',
  value: string,
): NoSuchAlias | ChangedMeanwhile => ({ kind, field: 'alias', value })

const noSuchAlias = (text: string): NoSuchAlias => ({
  kind: 'no-such-alias',
  field: 'alias',
  value: text,
})

function badTargets(
  request: AliasRequest,
  targets: readonly Address[],
  { max }: BadTargets,
): BadValue {
  const count = new Set(targets.map(formatAddress)).size
  return badValue('targets', request.targets.join(' '), { name: 'target-count', count, max })
}
