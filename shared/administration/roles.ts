// Who may administer what: roles given to accounts, and taken away.

import {
  type GivenRole,
  hasDomains,
  type Role,
  roles,
} from '#shared/administration/rights/roles.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { GivenRights } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { AdministrationDeps } from './deps.ts'
import { type Fields, parseOwnDomain } from './fields.ts'
import { findAccount } from './found-account.ts'
import { noSuchDomain } from './listing.ts'
import {
  type BadValue,
  badValue,
  type LastOwner,
  type NoSuchAccount,
  type NoSuchDomain,
} from './refusals.ts'

export interface RoleAdministration {
  /** Owners first. */
  list(): Promise<RolesListed>
  /** `holder` takes every role away. What it no longer may ends with it: its sessions, and what its tokens were for. */
  set(request: SetRole): Promise<RoleSet | BadValue | NoSuchAccount | NoSuchDomain | LastOwner>
}

export type SetRole = {
  readonly address: string
  readonly role: string
  /** Of a domain administrator or the help desk; each may be a list with commas. */
  readonly domains?: readonly string[] | undefined
}

export type RoleFacts = {
  readonly address: string
  readonly id: AccountId
  readonly role: GivenRole
  readonly domains: readonly Domain[]
  readonly sinceMs: number
  /** Who is disabled cannot use it. */
  readonly enabled: boolean
}

export type RolesListed = { readonly kind: 'roles'; readonly holders: readonly RoleFacts[] }
export type RoleSet = {
  readonly kind: 'role-set'
  readonly address: string
  readonly role: Role
  readonly domains: readonly Domain[]
  readonly before: Role
}

/** Of one account. */
export const ROLE_DOMAINS_MAX = 200
const READ_AT_ONCE = 8

export function createRoleAdministration(
  { directory, webSessions, record }: AdministrationDeps,
  fields: Fields,
): RoleAdministration {
  async function parseRole(
    request: SetRole,
  ): Promise<
    { readonly kind: 'ok'; readonly value: GivenRights | null } | BadValue | NoSuchDomain
  > {
    const role = roles.find((one) => one === request.role)
    if (role === undefined) {
      return badValue('role', request.role, { name: 'one-of', allowed: roles })
    }
    const texts = (request.domains ?? []).flatMap((text) => text.split(/[\s,]+/)).filter(Boolean)
    const wants = hasDomains(role)
    if (texts.length > ROLE_DOMAINS_MAX || wants !== texts.length > 0) {
      const [min, max] = wants ? [1, ROLE_DOMAINS_MAX] : [0, 0]
      return badValue('domains', texts.join(' ').slice(0, 200), {
        name: 'role-domains',
        role,
        min,
        max,
      })
    }
    const domains: Domain[] = []
    for (const text of texts) {
      const domain = parseOwnDomain(text)
      if (domain.kind !== 'ok') return { ...domain, field: 'domains' }
      if ((await directory.domains.get(domain.value)) === undefined) return noSuchDomain(text)
      if (!domains.includes(domain.value)) domains.push(domain.value)
    }
    return { kind: 'ok', value: role === 'holder' ? null : { name: role, domains } }
  }

  return {
    async list() {
      const held = await directory.roles.list()
      const holders = await concurrently(held, READ_AT_ONCE, async ({ id, role, sinceMs }) => {
        const account = await directory.accounts.byId(id)
        if (account === undefined) return undefined
        const { address, enabled } = account
        const { name, domains } = role
        return { address: formatAddress(address), id, role: name, domains, sinceMs, enabled }
      })
      return { kind: 'roles', holders: holders.filter((one) => one !== undefined) }
    },

    async set(request) {
      const wanted = await parseRole(request)
      if (wanted.kind !== 'ok') return wanted
      const found = await findAccount(directory, fields, request.address)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const set = await directory.roles.set(id, wanted.value)
      if (set.kind === 'no-such-account') return found.gone
      if (set.kind === 'last-owner') {
        return { kind: 'last-owner', field: 'address', value: request.address }
      }
      if (set.isNarrower) await webSessions.endAll(id)
      const name = formatAddress(address)
      record({
        what: 'role',
        name,
        before: roleFacts(set.before.role),
        after: roleFacts(wanted.value),
      })
      const { name: role = 'holder', domains = [] } = wanted.value ?? {}
      return {
        kind: 'role-set',
        address: name,
        role,
        domains,
        before: set.before.role?.name ?? 'holder',
      }
    },
  }
}

const roleFacts = (role: GivenRights | null) =>
  role === null ? { role: 'holder' } : { role: role.name, domains: [...role.domains] }
