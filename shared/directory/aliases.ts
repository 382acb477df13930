// Aliases: addresses, or whole domains (catch-all), whose mail goes to other addresses, ours or anybody's. An address may
// be an alias and an account at once; then the account gets its copy only if the alias names it among its targets.

import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Condition, Table, Write } from '#shared/storage/ports.ts'
import { type AsKnown, asRead, type ChangedMeanwhile, changedMeanwhile } from './as-known.ts'
import { type OverLimit, roomFor, stillRoomFor } from './limits.ts'
import { type ListOptions, type ListPage, pageOfAddresses } from './listing.ts'
import { type AddressFilter, type LookedPage, lookFor } from './looking.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'
import {
  type AliasName,
  addressesPk,
  addressKey,
  domainKey,
  domainsPk,
  readAddress,
  readDomain,
  targetsValue,
} from './records.ts'
import { addWords, aliasTarget, removeWords, type WordTarget, wordsOf } from './words.ts'

export interface Aliases {
  add(name: AliasName, targets: readonly Address[]): Promise<AliasAdded>
  /** The same for many, a transaction for some dozens of one domain. Results in their order; a repeated name exists already. */
  addAll(aliases: readonly Alias[], madeBy?: string): Promise<readonly AliasAdded[]>
  get(name: AliasName): Promise<Alias | undefined>
  list(domain?: Domain): AsyncIterable<Alias>
  /** The same page by page; `limit` counts addresses, of which some may be accounts alone. */
  page(options: ListOptions & { readonly domain?: Domain | undefined }): Promise<ListPage<Alias>>
  /** Those looked for; `limit` counts aliases. */
  find(options: ListOptions & AddressFilter): Promise<LookedPage<Alias>>
  /** Other targets for an alias that exists. */
  set(name: AliasName, targets: readonly Address[], options?: AsKnown<Alias>): Promise<AliasChanged>
  remove(name: AliasName, options?: AsKnown<Alias>): Promise<AliasRemoved>
}

export type Alias = {
  readonly name: AliasName
  readonly targets: readonly Address[]
  /** The job that added it. */
  readonly madeBy?: string
}

/** Targets of one alias. */
export const ALIAS_TARGETS_MAX = 1_000
/** What they take together; the item that holds them must stay below ITEM_BYTES_MAX. */
export const ALIAS_TARGETS_BYTES_MAX = 300_000

/** Writes of aliases added at once: of the 100 of a transaction one is for the domain. */
const ADD_WRITES_MAX = 99
/** Their targets together, of the 4 MB of a transaction; an alias with more goes alone. */
const ADD_BATCH_BYTES = 1_000_000

export type BadTargets = { readonly kind: 'bad-targets'; readonly max: number }

export type AliasAdded =
  | { readonly kind: 'ok'; readonly alias: Alias }
  | { readonly kind: 'exists' }
  | { readonly kind: 'no-such-domain' }
  | OverLimit
  | BadTargets

export type AliasChanged =
  | { readonly kind: 'ok'; readonly alias: Alias }
  | { readonly kind: 'no-such-alias' }
  | ChangedMeanwhile
  | BadTargets

export type AliasRemoved =
  | { readonly kind: 'ok' }
  | { readonly kind: 'no-such-alias' }
  | ChangedMeanwhile

export function createAliases(deps: { readonly table: Table }): Aliases {
  const { table } = deps

  async function find(name: AliasName) {
    const item = await table.get(addressKey(name), { consistent: true })
    const entry = item && readAddress(item)
    return item && entry?.targets ? { ...entry, targets: entry.targets, item } : undefined
  }

  async function* inDomain(domain: Domain): AsyncGenerator<Alias> {
    for await (const item of allItems(table, { pk: addressesPk(domain) })) {
      const { name, targets } = readAddress(item)
      if (targets !== null) yield { name, targets }
    }
  }

  async function addAll(wanted: readonly Alias[], madeBy?: string): Promise<readonly AliasAdded[]> {
    const results = new Map<Alias, AliasAdded>()
    for (const ofDomain of Map.groupBy(wanted, ({ name }) => name.domain).values()) {
      for (const some of inBatches(ofDomain)) {
        for (const [alias, added] of await addSome(some, madeBy)) results.set(alias, added)
      }
    }
    return wanted.map((alias) => results.get(alias) ?? { kind: 'exists' })
  }

  /** Of one domain, whose count changes once. */
  function addSome(
    wanted: readonly Alias[],
    madeBy: string | undefined,
  ): Promise<ReadonlyMap<Alias, AliasAdded>> {
    return optimistic(async () => {
      const results = new Map<Alias, AliasAdded>()
      const [first] = wanted
      if (first === undefined) return results
      const byKey = new Map(wanted.map((alias) => [addressKey(alias.name).sk, alias]))
      const keys = [...byKey.values()].map(({ name }) => addressKey(name))
      const [domain, ...entries] = await table.batchGet([domainKey(first.name.domain), ...keys], {
        consistent: true,
      })
      const taken = new Set(entries.flatMap((item) => (item?.targets === undefined ? [] : item.sk)))
      const writes: Write[] = []
      const record = domain && readDomain(domain)
      const room = record && roomFor(record, 'aliases')
      let added = 0
      for (const alias of wanted) {
        const key = addressKey(alias.name)
        const targets = distinct(alias.targets)
        if (targets === undefined) {
          results.set(alias, { kind: 'bad-targets', max: ALIAS_TARGETS_MAX })
        } else if (domain === undefined) results.set(alias, { kind: 'no-such-domain' })
        else if (taken.has(key.sk)) results.set(alias, { kind: 'exists' })
        else if (room !== undefined && added >= room.left) results.set(alias, room.refusal(added))
        else {
          taken.add(key.sk)
          added++
          const made = madeBy === undefined ? {} : { aliasMadeBy: madeBy }
          const changes = { set: { targets: targetsValue(targets), ...made } }
          writes.push({ update: key, changes, if: { absent: 'targets' } })
          const { words, target } = wordsOfAlias(alias.name)
          writes.push(...addWords(words, target))
          results.set(alias, { kind: 'ok', alias: { name: alias.name, targets } })
        }
      }
      if (writes.length > 0) {
        const conditions = record === undefined ? [] : stillRoomFor(record, 'aliases', added)
        await table.transact([countAliases(first.name.domain, added, conditions), ...writes])
      }
      return results
    })
  }

  return {
    async get(name) {
      const found = await find(name)
      if (found === undefined) return undefined
      const { targets, aliasMadeBy: madeBy } = found
      return { name: found.name, targets, ...(madeBy !== undefined && { madeBy }) }
    },

    async add(name, targets) {
      const [added] = await addAll([{ name, targets }])
      return added ?? { kind: 'exists' }
    },

    addAll,

    async *list(domain) {
      if (domain !== undefined) return yield* inDomain(domain)
      for await (const item of allItems(table, { pk: domainsPk })) {
        yield* inDomain(readDomain(item).domain)
      }
    },

    async page(options) {
      const { items, ...rest } = await pageOfAddresses(table, options)
      const aliases = items.flatMap(({ name, targets }) =>
        targets === null ? [] : { name, targets },
      )
      return { items: aliases, ...rest }
    },

    find: (options) =>
      lookFor(table, 'L', options, async (records) =>
        records.map((record) =>
          record === undefined || record.targets === null
            ? undefined
            : { name: record.name, targets: record.targets },
        ),
      ),

    async set(name, wanted, { isAsKnown } = {}) {
      const targets = distinct(wanted)
      if (targets === undefined) return { kind: 'bad-targets', max: ALIAS_TARGETS_MAX }
      return await optimistic<AliasChanged>(async () => {
        const found = await find(name)
        if (found === undefined) return { kind: 'no-such-alias' }
        if ((await isAsKnown?.(found)) === false) return changedMeanwhile
        await table.write({
          update: addressKey(name),
          changes: { set: { targets: targetsValue(targets) } },
          if: {
            all: [{ exists: 'targets' }, ...(isAsKnown ? asRead(found.item, ['targets']) : [])],
          },
        })
        return { kind: 'ok', alias: { name, targets } }
      })
    },

    remove: (name, { isAsKnown } = {}) =>
      optimistic<AliasRemoved>(async () => {
        const found = await find(name)
        if (found === undefined) return { kind: 'no-such-alias' }
        if ((await isAsKnown?.(found)) === false) return changedMeanwhile
        const stillSo = [
          { exists: 'targets' } as const,
          ...(isAsKnown ? asRead(found.item, ['targets']) : []),
        ]
        const key = addressKey(name)
        const { words, target } = wordsOfAlias(found.name)
        await table.transact([
          countAliases(name.domain, -1),
          ...removeWords(words, target),
          found.account === null
            ? { delete: key, if: { all: [...stillSo, { absent: 'accountId' }] } }
            : {
                update: key,
                changes: { remove: ['targets', 'aliasMadeBy'] },
                if: { all: [...stillSo, { exists: 'accountId' }] },
              },
        ])
        return { kind: 'ok' }
      }),
  }
}

/** What one transaction adds. */
function* inBatches(aliases: readonly Alias[]): Generator<readonly Alias[]> {
  let batch: Alias[] = []
  let bytes = 0
  let writes = 0
  for (const alias of aliases) {
    const moreWrites = 1 + wordsOfAlias(alias.name).words.length
    const more = targetsValue(alias.targets).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    if (writes + moreWrites > ADD_WRITES_MAX || bytes + more > ADD_BATCH_BYTES) {
      yield batch
      batch = []
      bytes = 0
      writes = 0
    }
    batch.push(alias)
    bytes += more
    writes += moreWrites
  }
  yield batch
}

/** A catch-all is found by its domain. */
function wordsOfAlias({ local, domain }: AliasName): {
  readonly words: readonly string[]
  readonly target: WordTarget
} {
  const name = local === null ? '' : lookupKey(local)
  return {
    words: local === null ? [] : wordsOf(name),
    target: aliasTarget({ local: name, domain }),
  }
}

function countAliases(domain: Domain, by: number, conditions: readonly Condition[] = []): Write {
  return {
    update: domainKey(domain),
    changes: { add: { aliases: by } },
    if: { all: [{ exists: 'pk' }, ...conditions] },
  }
}

function distinct(targets: readonly Address[]): readonly Address[] | undefined {
  const byText = new Map(targets.map((target) => [formatAddress(target), target]))
  if (byText.size === 0 || byText.size > ALIAS_TARGETS_MAX) return undefined
  const bytes = [...byText.keys()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return bytes > ALIAS_TARGETS_BYTES_MAX ? undefined : [...byText.values()]
}
