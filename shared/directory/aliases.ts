// Aliases: addresses, or whole domains (catch-all), whose mail goes to other addresses, ours or anybody's. An address may
// be an alias and an account at once; then the account gets its copy only if the alias names it among its targets.

import type { Address } from '#shared/mail/address.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Table, Write } from '#shared/storage/ports.ts'
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

export interface Aliases {
  add(name: AliasName, targets: readonly Address[]): Promise<AliasAdded>
  get(name: AliasName): Promise<Alias | undefined>
  list(domain?: Domain): AsyncIterable<Alias>
  /** Other targets for an alias that exists. */
  set(name: AliasName, targets: readonly Address[]): Promise<AliasChanged>
  remove(name: AliasName): Promise<{ readonly kind: 'ok' } | { readonly kind: 'no-such-alias' }>
}

export type Alias = { readonly name: AliasName; readonly targets: readonly Address[] }

/** Targets of one alias. */
export const ALIAS_TARGETS_MAX = 1_000
/** What they take together; the item that holds them must stay below ITEM_BYTES_MAX. */
export const ALIAS_TARGETS_BYTES_MAX = 300_000

export type BadTargets = { readonly kind: 'bad-targets'; readonly max: number }

export type AliasAdded =
  | { readonly kind: 'ok'; readonly alias: Alias }
  | { readonly kind: 'exists' }
  | { readonly kind: 'no-such-domain' }
  | BadTargets

export type AliasChanged =
  | { readonly kind: 'ok'; readonly alias: Alias }
  | { readonly kind: 'no-such-alias' }
  | BadTargets

export function createAliases(parts: { readonly table: Table }): Aliases {
  const { table } = parts

  async function find(name: AliasName) {
    const item = await table.get(addressKey(name), { consistent: true })
    const entry = item && readAddress(item)
    return entry?.targets ? { ...entry, targets: entry.targets } : undefined
  }

  async function* inDomain(domain: Domain): AsyncGenerator<Alias> {
    for await (const item of allItems(table, { pk: addressesPk(domain) })) {
      const { name, targets } = readAddress(item)
      if (targets !== null) yield { name, targets }
    }
  }

  return {
    async get(name) {
      const found = await find(name)
      return found && { name: found.name, targets: found.targets }
    },

    async add(name, wanted) {
      const targets = distinct(wanted)
      if (targets === undefined) return { kind: 'bad-targets', max: ALIAS_TARGETS_MAX }
      return await optimistic<AliasAdded>(async () => {
        const keys = [domainKey(name.domain), addressKey(name)]
        const [domain, taken] = await table.batchGet(keys, { consistent: true })
        if (domain === undefined) return { kind: 'no-such-domain' }
        if (taken?.targets !== undefined) return { kind: 'exists' }
        await table.transact([
          countAliases(name.domain, 1),
          {
            update: addressKey(name),
            changes: { set: { targets: targetsValue(targets) } },
            if: { absent: 'targets' },
          },
        ])
        return { kind: 'ok', alias: { name, targets } }
      })
    },

    async *list(domain) {
      if (domain !== undefined) return yield* inDomain(domain)
      for await (const item of allItems(table, { pk: domainsPk })) {
        yield* inDomain(readDomain(item).domain)
      }
    },

    async set(name, wanted) {
      const targets = distinct(wanted)
      if (targets === undefined) return { kind: 'bad-targets', max: ALIAS_TARGETS_MAX }
      return await optimistic<AliasChanged>(async () => {
        if ((await find(name)) === undefined) return { kind: 'no-such-alias' }
        await table.write({
          update: addressKey(name),
          changes: { set: { targets: targetsValue(targets) } },
          if: { exists: 'targets' },
        })
        return { kind: 'ok', alias: { name, targets } }
      })
    },

    remove: (name) =>
      optimistic<{ kind: 'ok' } | { kind: 'no-such-alias' }>(async () => {
        const found = await find(name)
        if (found === undefined) return { kind: 'no-such-alias' }
        const key = addressKey(name)
        await table.transact([
          countAliases(name.domain, -1),
          found.account === null
            ? { delete: key, if: { all: [{ exists: 'targets' }, { absent: 'accountId' }] } }
            : {
                update: key,
                changes: { remove: ['targets'] },
                if: { all: [{ exists: 'targets' }, { exists: 'accountId' }] },
              },
        ])
        return { kind: 'ok' }
      }),
  }
}

function countAliases(domain: Domain, by: 1 | -1): Write {
  return { update: domainKey(domain), changes: { add: { aliases: by } }, if: { exists: 'pk' } }
}

function distinct(targets: readonly Address[]): readonly Address[] | undefined {
  const byText = new Map(targets.map((target) => [formatAddress(target), target]))
  if (byText.size === 0 || byText.size > ALIAS_TARGETS_MAX) return undefined
  const bytes = [...byText.keys()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return bytes > ALIAS_TARGETS_BYTES_MAX ? undefined : [...byText.values()]
}
