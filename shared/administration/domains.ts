// What an administrator does with domains: those this system receives mail for.

import type { AsKnown } from '#shared/directory/as-known.ts'
import { parseListCursor } from '#shared/directory/listing.ts'
import type { DomainLimits, DomainRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { AdministrationDeps } from './deps.ts'
import { type LimitDomain, parseLimits } from './domain-limits.ts'
import { type Fields, formatAliasName, parseOwnDomain } from './fields.ts'
import {
  type Listed,
  type ListRequest,
  noSuchDomain,
  PAGE_ENTRIES_MAX,
  parseListRequest,
} from './listing.ts'
import { findPostmaster, type Postmaster } from './postmaster.ts'
import type {
  BadValue,
  ChangedMeanwhile,
  Exists,
  LastOwner,
  NoSuchDomain,
  NotEmpty,
} from './refusals.ts'
import type { Order } from './sorting.ts'

export interface DomainAdministration {
  add(request: AddDomain): Promise<DomainAdded | BadValue | Exists>
  page(request: ListDomains): Promise<Listed<DomainFacts> | BadValue | NoSuchDomain>
  /** Names of what is in it as streams, for there may be very many. */
  show(domain: string): Promise<DomainShown | BadValue | NoSuchDomain>
  /** What would go with it. */
  measure(domain: string): Promise<DomainMeasured | BadValue | NoSuchDomain>
  /**
   * How much the domain may have; what is not named stays as it is. It holds for whoever adds, and for an owner until he changes it: then
   * what the domain has is never more than whoever administers it may give.
   */
  limit(request: LimitDomain): Promise<DomainLimited | BadValue | NoSuchDomain>
  /** With `force` all its accounts, their mail and its aliases go too. */
  remove(
    request: RemoveDomain,
  ): Promise<DomainRemoved | BadValue | NoSuchDomain | NotEmpty | LastOwner | ChangedMeanwhile>
}

/** In the order of names, unless something else is asked for; `order`: of that, default: the greatest first. */
export type ListDomains = Omit<ListRequest, 'domain'> & {
  readonly sort?: 'accounts' | undefined
  readonly order?: Order | undefined
}

export type AddDomain = {
  readonly domain: string
  /** Where mail to its postmaster goes; else whoever is found (RFC 5321 §4.5.1). */
  readonly postmaster?: string | undefined
}

export type RemoveDomain = {
  readonly domain: string
  readonly force?: boolean | undefined
} & AsKnown<DomainFacts>

export type DomainFacts = DomainRecord

export type DomainAdded = {
  readonly kind: 'added'
  readonly domain: DomainFacts
  readonly postmaster: Postmaster
}
export type DomainLimited = { readonly kind: 'limited'; readonly domain: DomainFacts }
export type DomainShown = {
  readonly kind: 'domain'
  readonly domain: DomainFacts
  readonly accounts: AsyncIterable<string>
  readonly aliases: AsyncIterable<string>
}
export type DomainMeasured = {
  readonly kind: 'measured'
  readonly domain: DomainFacts
  readonly messages: number
  readonly bytes: number
}
export type DomainRemoved = {
  readonly kind: 'removed'
  readonly domain: Domain
  readonly accounts: number
  readonly aliases: number
  readonly messages: number
}

export function createDomainAdministration(
  deps: Pick<
    AdministrationDeps,
    'directory' | 'mailbox' | 'keyUpkeep' | 'settings' | 'log' | 'record'
  >,
  fields: Fields,
): DomainAdministration {
  const { directory, mailbox, record } = deps
  const { domains, accounts, aliases } = directory

  async function find(text: string): Promise<Found | BadValue | NoSuchDomain> {
    const domain = parseOwnDomain(text)
    if (domain.kind !== 'ok') return domain
    const found = await domains.get(domain.value)
    return found === undefined ? noSuchDomain(text) : { kind: 'found', domain: found }
  }

  async function* addressesOf(domain: Domain): AsyncGenerator<string> {
    for await (const { address } of accounts.list(domain)) yield formatAddress(address)
  }

  async function* aliasNamesOf(domain: Domain): AsyncGenerator<string> {
    for await (const { name } of aliases.list(domain)) yield formatAliasName(name)
  }

  async function emptyAccounts(domain: Domain): Promise<number> {
    let messages = 0
    for await (const account of accounts.list(domain)) messages += await mailbox.empty(account.id)
    return messages
  }

  async function add(request: AddDomain): ReturnType<DomainAdministration['add']> {
    const domain = parseOwnDomain(request.domain)
    if (domain.kind !== 'ok') return domain
    const postmaster =
      request.postmaster === undefined
        ? undefined
        : fields.address(request.postmaster, 'postmaster')
    if (postmaster?.kind === 'bad-value') return postmaster
    const options = postmaster === undefined ? {} : { postmaster: postmaster.value }
    const added = await domains.add(domain.value, options)
    if (added.kind === 'exists') return { kind: 'exists', field: 'domain', value: request.domain }
    record({ what: 'domain', name: domain.value, before: null, after: contents(added.domain) })
    if (deps.settings.dkimSigning) {
      // Otherwise the server makes them within the hour.
      await deps.keyUpkeep.make(domain.value).catch((error) => {
        deps.log.warn({ domain: domain.value, error }, 'no signing keys made')
      })
    }
    const found = await findPostmaster(directory, domain.value)
    return { kind: 'added', domain: added.domain, postmaster: found }
  }

  async function remove({
    domain: text,
    force = false,
    isAsKnown,
  }: RemoveDomain): ReturnType<DomainAdministration['remove']> {
    const found = await find(text)
    if (found.kind !== 'found') return found
    const { domain } = found.domain
    // Before any mail goes.
    if ((await isAsKnown?.(found.domain)) === false) return changedMeanwhile(text)
    if (force && (await domains.hasLastOwner(domain))) return lastOwner(text)
    let messages = force ? await emptyAccounts(domain) : 0
    const removed = await domains.remove(domain, { force, isAsKnown })
    switch (removed.kind) {
      case 'no-such-domain':
        return noSuchDomain(text)
      case 'last-owner':
        return lastOwner(text)
      case 'changed-meanwhile':
        return changedMeanwhile(text)
      case 'not-empty': {
        const { accounts, aliases } = removed
        return { kind: 'not-empty', field: 'domain', value: text, accounts, aliases }
      }
      case 'ok': {
        record({ what: 'domain', name: domain, before: contents(found.domain), after: null })
        // Mail that arrived between the two steps, and the rights that others gave.
        for (const accountId of removed.accounts) messages += await mailbox.remove(accountId)
        const { aliases } = found.domain
        return { kind: 'removed', domain, accounts: removed.accounts.length, aliases, messages }
      }
    }
  }

  return {
    add,
    remove,

    async limit(request) {
      const limits = parseLimits(request)
      if (limits.kind !== 'ok') return limits
      const found = await find(request.domain)
      if (found.kind !== 'found') return found
      const { domain, limits: before } = found.domain
      const limited = await domains.limit(domain, limits.value)
      if (limited === undefined) return noSuchDomain(request.domain)
      const [was, is] = [limitFacts(before), limitFacts(limited.limits)]
      record({ what: 'domain', name: domain, before: was, after: is })
      return { kind: 'limited', domain: limited }
    },

    async page({ sort, order, ...request }) {
      if (request.within?.kind === 'self') return { kind: 'page', items: [], next: undefined }
      const { after, ...whole } = request
      const list = await parseListRequest(sort === undefined ? request : whole, directory)
      if (list.kind !== 'ok') return list
      if (sort !== undefined) {
        // Loaded only here: commands that list nothing so start without it.
        const { sortedPage } = await import('./sorting.ts')
        const sorted = await sortedPage<DomainFacts>({
          ...{ by: sort, order, after, limit: list.value.limit },
          read: (from) =>
            domains.page({
              ...list.value,
              limit: PAGE_ENTRIES_MAX,
              ...(from !== undefined && { after: parseListCursor(from) }),
            }),
          measure: async (all) => all.map(({ accounts: count }) => count),
        })
        return sorted.kind === 'sorted' ? { ...sorted, kind: 'page' } : sorted
      }
      const { items, next } = await domains.page(list.value)
      return { kind: 'page', items, next }
    },

    async show(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const { domain } = found.domain
      return {
        kind: 'domain',
        domain: found.domain,
        accounts: addressesOf(domain),
        aliases: aliasNamesOf(domain),
      }
    },

    async measure(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      let messages = 0
      let bytes = 0
      for await (const { id } of accounts.list(found.domain.domain)) {
        const used = await mailbox.usage(id)
        messages += used.messages
        bytes += used.bytes
      }
      return { kind: 'measured', domain: found.domain, messages, bytes }
    },
  }
}

const limitFacts = ({ accounts, aliases, quotaBytes }: DomainLimits) => ({
  accountsMax: accounts,
  aliasesMax: aliases,
  quotaBytesMax: quotaBytes,
})

type Found = { readonly kind: 'found'; readonly domain: DomainRecord }

const changedMeanwhile = (text: string): ChangedMeanwhile => ({
  kind: 'changed-meanwhile',
  field: 'domain',
  value: text,
})

const lastOwner = (text: string): LastOwner => ({
  kind: 'last-owner',
  field: 'domain',
  value: text,
})

const contents = ({ accounts, aliases }: DomainRecord) => ({ accounts, aliases })
