// Domains we are responsible for. The counts on a domain's item change in the same transaction as its addresses, so that an
// empty domain is known for certain when it is removed.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Address } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table, Write } from '#shared/storage/ports.ts'
import type { Accounts } from './accounts.ts'
import type { Aliases } from './aliases.ts'
import { type AsKnown, asRead, type ChangedMeanwhile, changedMeanwhile } from './as-known.ts'
import { type ListOptions, type ListPage, pageOfDomains } from './listing.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'
import {
  addressesPk,
  addressKey,
  type DomainLimits,
  type DomainRecord,
  domainKey,
  domainsPk,
  noLimits,
  readAddress,
  readDomain,
  targetsValue,
} from './records.ts'
import type { Roles } from './roles.ts'
import { signingKeysKey } from './signing-keys.ts'
import { asItWas, leavesSource } from './sources.ts'
import { addWords, aliasTarget, domainTarget, domainWords, removeWords, wordsOf } from './words.ts'

export interface Domains {
  /**
   * RFC 5321 §4.5.1 wants `postmaster` accepted in every domain: with a target, the alias is made along with the domain. Without
   * one it is whoever `own-names.ts` finds.
   */
  add(domain: Domain, options?: { readonly postmaster?: Address }): Promise<DomainAdded>
  get(domain: Domain): Promise<DomainRecord | undefined>
  list(): AsyncIterable<DomainRecord>
  page(options: ListOptions): Promise<ListPage<DomainRecord>>
  /** Only what is named changes. What is there already stays, however much it is. Undefined: there is no such domain. */
  limit(domain: Domain, limits: Partial<DomainLimits>): Promise<DomainRecord | undefined>
  /** Whether an account of it is the last owner who can sign in. */
  hasLastOwner(domain: Domain): Promise<boolean>
  /** With `force` all its accounts and aliases go first; the mail of those accounts is the caller's to delete. */
  remove(
    domain: Domain,
    options?: { readonly force?: boolean } & AsKnown<DomainRecord>,
  ): Promise<DomainRemoved>
}

export type DomainAdded =
  | { readonly kind: 'ok'; readonly domain: DomainRecord }
  | { readonly kind: 'exists' }

export type DomainRemoved =
  | { readonly kind: 'ok'; readonly accounts: readonly AccountId[] }
  | { readonly kind: 'no-such-domain' }
  | { readonly kind: 'not-empty'; readonly accounts: number; readonly aliases: number }
  /** It is of this domain. */
  | { readonly kind: 'last-owner' }
  | ChangedMeanwhile

export function createDomains(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly accounts: Accounts
  readonly aliases: Aliases
  readonly roles: Roles
}): Domains {
  const { table, clock, accounts, aliases, roles } = deps

  async function get(domain: Domain): Promise<DomainRecord | undefined> {
    const item = await table.get(domainKey(domain), { consistent: true })
    return item && readDomain(item)
  }

  async function empty(domain: Domain): Promise<readonly AccountId[]> {
    const removed: AccountId[] = []
    for await (const item of allItems(table, { pk: addressesPk(domain) })) {
      const { name, account, targets } = readAddress(item)
      if (targets !== null) await aliases.remove(name)
      if (account === null || name.local === null) continue
      const result = await accounts.remove({ local: name.local, domain })
      if (result.kind === 'ok') removed.push(result.account.id)
    }
    return removed
  }

  async function hasLastOwner(domain: Domain): Promise<boolean> {
    const owners = (await roles.list()).filter(({ role }) => role.name === 'owner')
    const found = await Promise.all(owners.map(({ id }) => accounts.byId(id)))
    const left = found.filter((one) => one?.enabled && one.address.domain !== domain)
    return left.length === 0 && found.some((one) => one?.enabled)
  }

  return {
    get,
    hasLastOwner,

    add: (domain, { postmaster } = {}) =>
      optimistic<DomainAdded>(async () => {
        if ((await get(domain)) !== undefined) return { kind: 'exists' }
        const counts = { accounts: 0, aliases: postmaster === undefined ? 0 : 1 }
        const record: DomainRecord = { domain, ...counts, createdMs: clock.now(), limits: noLimits }
        const writes: Write[] = [
          {
            put: { ...domainKey(domain), ...counts, createdMs: record.createdMs },
            if: { absent: 'pk' },
          },
          ...addWords(domainWords(domain), domainTarget(domain)),
        ]
        if (postmaster !== undefined) {
          writes.push({
            update: addressKey({ local: 'postmaster', domain }),
            changes: { set: { targets: targetsValue([postmaster]) } },
            if: { absent: 'pk' },
          })
          const target = aliasTarget({ local: 'postmaster', domain })
          writes.push(...addWords(wordsOf('postmaster'), target))
        }
        await table.transact(writes)
        return { kind: 'ok', domain: record }
      }),

    async *list() {
      for await (const item of allItems(table, { pk: domainsPk })) yield readDomain(item)
    },

    limit: (domain, limits) =>
      optimistic(async () => {
        const before = await get(domain)
        if (before === undefined) return undefined
        const named = Object.entries(limits).map(([name, max]) => [`${name}Max`, max] as const)
        const set = named.flatMap(([name, max]) => (max === null ? [] : [[name, max] as const]))
        const remove = named.flatMap(([name, max]) => (max === null ? [name] : []))
        await table.write({
          update: domainKey(domain),
          changes: { set: Object.fromEntries(set), remove },
          if: { exists: 'pk' },
        })
        return { ...before, limits: { ...before.limits, ...limits } }
      }),

    page: (options) => pageOfDomains(table, options),

    async remove(domain, { force = false, isAsKnown } = {}) {
      const removed: AccountId[] = []
      let isBegun = false
      return await optimistic<DomainRemoved>(async () => {
        const item = await table.get(domainKey(domain), { consistent: true })
        if (item === undefined) return { kind: 'no-such-domain' }
        const record = readDomain(item)
        // What `force` has removed already is not as it was known.
        if (!isBegun && (await isAsKnown?.(record)) === false) return changedMeanwhile
        if (force) {
          if (await hasLastOwner(domain)) return { kind: 'last-owner' }
          isBegun = true
          removed.push(...(await empty(domain)))
        } else if (record.accounts + record.aliases > 0) {
          return { kind: 'not-empty', accounts: record.accounts, aliases: record.aliases }
        }
        // Also before: a crash behind the next step would leave them responsible for whoever has it next.
        await roles.withdrawDomain(domain)
        await table.transact([
          {
            delete: domainKey(domain),
            if: {
              all: [
                { attribute: 'accounts', is: '=', value: 0 },
                { attribute: 'aliases', is: '=', value: 0 },
                // Not one of the same name, made meanwhile.
                ...asRead(item, ['createdMs']),
                asItWas(record.source ?? null),
              ],
            },
          },
          // Nobody signs for it any more.
          { delete: signingKeysKey(domain) },
          ...leavesSource(record, 'domains'),
          ...removeWords(domainWords(domain), domainTarget(domain)),
        ])
        await roles.withdrawDomain(domain)
        return { kind: 'ok', accounts: removed }
      })
    },
  }
}
