// Who is who in an organization: members and grantees are named by ids alone, and may be groups of groups.

import { addressKey } from './address-key.ts'
import type { Group, Member, Organization, Resource, User } from './organization.ts'

export interface KnownEntities {
  /** As it gets mail here: its first address in a domain that comes along. Undefined: it gets none. */
  addressOf(id: string): string | undefined
  otherAddressesOf(id: string): readonly string[]
  nameOf(id: string): string
  /** Each once. Groups with an address of their own stand for themselves; of others their members are taken. */
  addressesOfMembers(members: readonly Member[], onLost: OnLost): readonly string[]
  /** Addresses of people alone, whatever groups they are in. */
  peopleOf(members: readonly Member[], onLost: OnLost): readonly string[]
}

/** Told of each member who gets no mail here. */
export type OnLost = (name: string, why: string) => void

/** Looked at for one question: groups may hold each other. */
export const MEMBERS_LOOKED_MAX = 200_000

type Entity = User | Group | Resource

export function knownEntities(organization: Organization): KnownEntities {
  const { users, groups, resources, domains } = organization
  const byId = new Map<string, Entity>(
    [...users, ...groups, ...resources].map((entity) => [entity.id, entity]),
  )
  const testDomains = new Set(
    domains.filter(({ isTest }) => isTest).map(({ name }) => name.toLowerCase()),
  )

  /** The primary one first, in which form directories compare them. */
  function addressesOf(id: string): readonly string[] {
    const entity = byId.get(id)
    if (entity === undefined || entity.state !== 'ENABLED' || entity.email === null) return []
    // Whether the API lists the primary address among the aliases is not known.
    const all = [entity.email, ...entity.aliases].map(addressKey)
    return [...new Set(all)].filter((address) => !testDomains.has(domainOf(address)))
  }

  const hasMail = (id: string) => {
    const entity = byId.get(id)
    const isElsewhere =
      entity !== undefined &&
      'role' in entity &&
      (entity.role === 'REMOTE_USER' || entity.role === 'SYSTEM_USER')
    return !isElsewhere && addressesOf(id).length > 0
  }
  const addressOf = (id: string) => (hasMail(id) ? addressesOf(id)[0] : undefined)
  const nameOf = (id: string) => byId.get(id)?.email ?? byId.get(id)?.name ?? id

  /** `opens`: whether a group is taken apart. */
  function follow(
    members: readonly Member[],
    onLost: OnLost,
    opens: (id: string) => boolean,
  ): readonly string[] {
    const found = new Set<string>()
    const seen = new Set<string>()
    const left = members.toReversed()
    for (let looked = 0; looked < MEMBERS_LOOKED_MAX; looked++) {
      const member = left.pop()
      if (member === undefined) return [...found]
      if (seen.has(member.id)) continue
      seen.add(member.id)
      const entity = byId.get(member.id)
      if (entity !== undefined && 'members' in entity && opens(member.id)) {
        for (const inner of entity.members.toReversed()) left.push(inner)
        continue
      }
      const address = addressOf(member.id)
      if (address !== undefined) found.add(address)
      else onLost(nameOf(member.id), whyLost(entity))
    }
    onLost('more members', `only the first ${MEMBERS_LOOKED_MAX} were looked at`)
    return [...found]
  }

  return {
    addressOf,
    nameOf,
    otherAddressesOf: (id) => (hasMail(id) ? addressesOf(id).slice(1) : []),
    addressesOfMembers: (members, onLost) =>
      follow(members, onLost, (id) => addressOf(id) === undefined),
    peopleOf: (members, onLost) => follow(members, onLost, () => true),
  }
}

function whyLost(entity: Entity | undefined): string {
  if (entity === undefined) return 'WorkMail does not say who that is'
  if ('role' in entity && entity.role === 'REMOTE_USER') return 'its mailbox is on another Exchange'
  return entity.email === null ? 'it has no address' : `it is ${entity.state.toLowerCase()}`
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1)
