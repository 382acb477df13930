// Does what a plan of WorkMail's says: domains, accounts, aliases, rights, in this order. What is there already and is as the plan says is
// left alone, so that it can be done again after it ended early, and again when the organization has changed.

import { isDeepStrictEqual } from 'node:util'
import {
  itemsOf,
  type PlannedAccount,
  type PlannedAlias,
} from '#shared/moving/configurations/plan.ts'
import { addressKey } from '#shared/moving/workmail/address-key.ts'
import type { PlannedGrant, WorkMailPlan } from '#shared/moving/workmail/planning.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Administration } from '../administration.ts'
import type { Refusal } from '../refusals.ts'

export type ApplyOutcome = { readonly what: Applied; readonly name: string } & (
  | { readonly kind: 'added' | 'unchanged' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
)
export type Applied = 'domain' | 'account' | 'alias' | 'grant'

export type ApplyAdministration = Pick<
  Administration,
  'domains' | 'accounts' | 'aliases' | 'grants'
>

type Ended = 'added' | 'unchanged' | Refusal

/** One outcome an item, each once it is so. `dryRun`: nothing is done, and the outcomes say what would be. */
export async function* applyWorkMail(
  plan: WorkMailPlan,
  administration: ApplyAdministration,
  { dryRun = false }: { readonly dryRun?: boolean | undefined } = {},
): AsyncGenerator<ApplyOutcome> {
  const apply = dryRun ? rehearsed(administration) : made(plan, administration)
  const domains = itemsOf(plan, 'domain').map(({ domain }) => domain)
  for (const domain of domains) yield outcome('domain', domain, await apply.domain(domain))
  for (const account of itemsOf(plan, 'account')) {
    await turns.step()
    yield outcome('account', account.address, await apply.account(account))
  }
  for (const alias of itemsOf(plan, 'alias')) {
    await turns.step()
    yield outcome('alias', alias.alias, await apply.alias(alias))
  }
  for (const grant of plan.grants) {
    await turns.step()
    yield outcome('grant', `${grant.grantee} in ${grant.address}`, await apply.grant(grant))
  }
}

function outcome(what: Applied, name: string, ended: Ended): ApplyOutcome {
  return typeof ended === 'string'
    ? { what, name, kind: ended }
    : { what, name, kind: 'refused', refusal: ended }
}

type Apply = {
  readonly domain: (domain: string) => Promise<Ended>
  readonly account: (account: PlannedAccount) => Promise<Ended>
  readonly alias: (alias: PlannedAlias) => Promise<Ended>
  readonly grant: (grant: PlannedGrant) => Promise<Ended>
}

/** What is there. */
function standing({ accounts, aliases, grants }: ApplyAdministration) {
  return {
    /** Undefined: it has no alias. */
    async targetsOf(alias: string) {
      const shown = await aliases.show(alias)
      return shown.kind === 'alias' && addressKey(shown.alias.alias) === alias
        ? shown.alias.targets
        : undefined
    },
    /** Of all folders, those in which the grantee lacks a right. Undefined: there is no such account. */
    async foldersWithout({ address, grantee, rights }: PlannedGrant) {
      const shown = await accounts.show(address)
      if (shown.kind !== 'account') return undefined
      const listed = await grants.list({ address })
      const given = listed.kind === 'grants' ? listed.grants : []
      const has = new Set(
        given
          .filter((one) => one.grantee === grantee && isWithin(rights, one.rights))
          .map(({ folder }) => folder),
      )
      return shown.folders.map(({ path }) => path).filter((path) => !has.has(path))
    },
  }
}

const isWithin = (some: string, all: string) => Array.from(some).every((one) => all.includes(one))

/** In the words of a change, as far as they can be known before. */
function rehearsed(administration: ApplyAdministration): Apply {
  const { domains, accounts, aliases } = administration
  const there = standing(administration)
  const coming = new Set<string>()
  const said = (isThere: boolean) => (isThere ? 'unchanged' : 'added')

  /** Undefined: its domain is here, or will be. */
  async function withoutDomain(
    address: string,
    field: 'address' | 'alias',
  ): Promise<Refusal | undefined> {
    const domain = domainOf(address)
    if (coming.has(domain) || (await domains.show(domain)).kind === 'domain') return undefined
    return { kind: 'no-such-domain', field, value: address, domain }
  }

  return {
    async domain(domain) {
      const shown = await domains.show(domain)
      if (shown.kind === 'bad-value') return shown
      coming.add(domain)
      return said(shown.kind === 'domain')
    },

    async account({ address }) {
      const shown = await accounts.show(address)
      if (shown.kind === 'bad-value') return shown
      const refused = await withoutDomain(address, 'address')
      if (refused !== undefined) return refused
      coming.add(address)
      return said(shown.kind === 'account')
    },

    async alias({ alias, targets }) {
      const shown = await aliases.show(alias)
      if (shown.kind === 'bad-value') return shown
      const before = await there.targetsOf(alias)
      if (before === undefined) return (await withoutDomain(alias, 'alias')) ?? 'added'
      return isSame(before, targets) ? 'unchanged' : differs(alias)
    },

    async grant(grant) {
      const left = await there.foldersWithout(grant)
      if (left !== undefined) return said(left.length === 0)
      const { address } = grant
      return coming.has(address) ? 'added' : noAccount(address)
    },
  }
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1)

const noAccount = (address: string): Refusal => ({
  kind: 'no-such-account',
  field: 'address',
  value: address,
})

function made(plan: WorkMailPlan, administration: ApplyAdministration): Apply {
  const { domains, accounts, aliases, grants } = administration
  const there = standing(administration)
  return {
    async domain(domain) {
      const added = await domains.add({ domain })
      return added.kind === 'added' ? 'added' : unless(added)
    },

    async account({ address, hash, quotaBytes, enabled }) {
      const profile = plan.profiles.get(address)
      const added = await accounts.add({
        address,
        // Nobody logs in with it; a one-time link sets another.
        secret: async () => ({ kind: 'hash', hash: hash ?? '*' }),
        quota: quotaBytes === null ? 'default' : quotaOf(quotaBytes),
        displayName: nameOf(profile?.displayName ?? ''),
        shared: profile?.shared,
        enabled,
      })
      return added.kind === 'added' ? 'added' : unless(added)
    },

    async alias({ alias, targets }) {
      const added = await aliases.add({ alias, targets })
      if (added.kind === 'added') return 'added'
      if (added.kind !== 'exists') return added
      return isSame((await there.targetsOf(alias)) ?? [], targets) ? 'unchanged' : differs(alias)
    },

    async grant(grant) {
      const { address, grantee, rights } = grant
      const folders = await there.foldersWithout(grant)
      if (folders === undefined) return noAccount(address)
      for (const folder of folders) {
        const set = await grants.set({ address, folder, grantee, rights })
        if (set.kind !== 'set') return set
      }
      return folders.length === 0 ? 'unchanged' : 'added'
    },
  }
}

const unless = (refusal: Refusal): Ended => (refusal.kind === 'exists' ? 'unchanged' : refusal)

const differs = (alias: string): Refusal => ({ kind: 'differs', field: 'alias', value: alias })

const isSame = (some: readonly string[], others: readonly string[]) =>
  isDeepStrictEqual(new Set(some.map(addressKey)), new Set(others.map(addressKey)))

/** A number of bytes; 0 is no limit. */
const quotaOf = (bytes: number) => (bytes === 0 ? 'unlimited' : String(Math.ceil(bytes)))

/** As far as it is one line: a name is nothing to fail for. */
const nameOf = (text: string) =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, NAME_CHARACTERS_MAX)
const NAME_CHARACTERS_MAX = 100
