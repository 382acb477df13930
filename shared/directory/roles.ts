// Who has a role. It stands with the account (what may somebody do, asked at every request) and in a list of all who have one; both change
// in one transaction, and with them the number of owners who can sign in, so that the last of them is never taken away.
//
//   ACC#<id> / PROFILE    `role` {name, domains}; `roleEpoch`, raised whenever it is narrowed
//   ROLES    / <id>       the same role, since when, and whether it counts as an owner who can sign in
//   ROLES    / #OWNERS    `count` of those

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, Table, Write } from '#shared/storage/ports.ts'
import { parseAccountId } from './account-id.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'
import {
  type AccountRecord,
  accountKey,
  type GivenRights,
  readAccount,
  readRole,
} from './records.ts'

export interface Roles {
  /** Null takes it away. */
  set(id: AccountId, role: GivenRights | null): Promise<RoleSet>
  /** Owners first, then as they were given. Few people have one. */
  list(): Promise<readonly RoleHolder[]>
  /** Those who can sign in. */
  owners(): Promise<number>
  /** Nobody is responsible for it any more: whoever has it next is somebody else. */
  withdrawDomain(domain: Domain): Promise<void>
}

export type RoleSet =
  | { readonly kind: 'ok'; readonly before: AccountRecord; readonly isNarrower: boolean }
  | { readonly kind: 'no-such-account' }
  | { readonly kind: 'last-owner' }

export type RoleHolder = {
  readonly id: AccountId
  readonly role: GivenRights
  readonly sinceMs: number
}

export const ROLES_PK = 'ROLES'
const ownersKey: Key = { pk: ROLES_PK, sk: '#OWNERS' }
const holderKey = (id: AccountId): Key => ({ pk: ROLES_PK, sk: id })

export function createRoles(deps: { readonly table: Table; readonly clock: Clock }): Roles {
  const { table, clock } = deps

  async function set(id: AccountId, role: GivenRights | null): Promise<RoleSet> {
    return await optimistic<RoleSet>(async () => {
      const item = await table.get(accountKey(id), { consistent: true })
      if (item === undefined) return { kind: 'no-such-account' }
      const before = readAccount(item)
      const isNarrower = narrows(before.role, role)
      const counted = countsAs(before)
      const counts = role?.name === 'owner' && before.enabled
      if (counted && !counts && (await ownerCount(table)) <= 1) return { kind: 'last-owner' }
      const profile = {
        ...(role === null ? { remove: ['role'] } : { set: { role: roleValue(role) } }),
        ...(isNarrower && { add: { roleEpoch: 1 } }),
      }
      const holder: Write =
        role === null
          ? { delete: holderKey(id), ...ifAsBefore(before) }
          : {
              put: {
                ...holderKey(id),
                ...roleValue(role),
                counts,
                sinceMs: clock.now(),
              },
              ...ifAsBefore(before),
            }
      if (before.role === null && role === null) return { kind: 'ok', before, isNarrower }
      await table.transact([
        {
          update: accountKey(id),
          changes: profile,
          if: {
            all: [
              { exists: 'pk' },
              { attribute: 'enabled', is: '=', value: before.enabled },
              before.role === null ? { absent: 'role' } : { exists: 'role' },
            ],
          },
        },
        holder,
        ...(counted === counts ? [] : [countOwner(counts ? 1 : -1)]),
      ])
      return { kind: 'ok', before, isNarrower }
    })
  }

  async function list(): Promise<readonly RoleHolder[]> {
    const found: RoleHolder[] = []
    for await (const item of allItems(table, { pk: ROLES_PK })) {
      const id = parseAccountId(item.sk)
      const role = readRole(item)
      if (id === undefined || role === null) continue
      found.push({ id, role, sinceMs: Number(item.sinceMs) })
    }
    const rank = ({ role }: RoleHolder) => (role.name === 'owner' ? 0 : 1)
    return found.sort((a, b) => rank(a) - rank(b) || a.sinceMs - b.sinceMs)
  }

  return {
    set,
    list,
    owners: () => ownerCount(table),
    async withdrawDomain(domain) {
      for (const { id, role } of await list()) {
        if (!role.domains.includes(domain)) continue
        const domains = role.domains.filter((one) => one !== domain)
        await set(id, { ...role, domains })
      }
    },
  }
}

export async function ownerCount(table: Table): Promise<number> {
  return Number((await table.get(ownersKey, { consistent: true }))?.count ?? 0)
}

/** Whether taking it away takes an owner who can sign in. */
export const countsAs = ({ role, enabled }: AccountRecord) => role?.name === 'owner' && enabled

/** Of one that is disabled, enabled or removed; none where it has no role. */
export function roleWrites(
  account: AccountRecord,
  change: 'disable' | 'enable' | 'remove',
): readonly Write[] {
  const { id, role } = account
  if (role === null) return []
  const counted = countsAs(account)
  const counts = role.name === 'owner' && change === 'enable'
  return [
    change === 'remove'
      ? { delete: holderKey(id), ...ifAsBefore(account) }
      : { update: holderKey(id), changes: { set: { counts } }, ...ifAsBefore(account) },
    ...(counted === counts ? [] : [countOwner(counts ? 1 : -1)]),
  ]
}

/** The entry says what the account did when it was read. */
const ifAsBefore = (
  before: AccountRecord,
): { readonly if: Extract<Write, { put: Item }>['if'] & {} } => ({
  if:
    before.role === null
      ? { absent: 'pk' }
      : {
          all: [
            { attribute: 'name', is: '=', value: before.role.name },
            { attribute: 'counts', is: '=', value: countsAs(before) },
          ],
        },
})

const countOwner = (by: 1 | -1): Write => ({
  update: ownersKey,
  changes: { add: { count: by } },
  ...(by === -1 && { if: { attribute: 'count', is: '>', value: 1 } }),
})

const roleValue = ({ name, domains }: GivenRights) => ({ name, domains: [...domains] })

/** Whether somebody could do something before that he cannot afterwards. */
function narrows(before: GivenRights | null, after: GivenRights | null): boolean {
  if (before === null) return false
  if (after === null) return true
  if (after.name === 'owner') return false
  if (before.name !== after.name) return true
  return before.domains.some((domain) => !after.domains.includes(domain))
}
