// What becomes here of an organization of WorkMail: a value that a person can read before anything is done.
//
// Passwords cannot be read from WorkMail, so accounts come without: their owners get one-time links. What WorkMail has and its API does not
// tell, and what there is no place for here, stands in the notes (left-behind.ts).

import type { Note, NoteKind, PlannedItem } from '../configurations/plan.ts'
import { knownEntities } from './known-entities.ts'
import { leftBehind } from './left-behind.ts'
import type { Organization, Resource, User } from './organization.ts'
import { planGroups } from './plan-groups.ts'
import { planPermissions } from './plan-permissions.ts'
import { nowhere, type Planning, type Profile, planAliases, type WorkMailPlan } from './planning.ts'

const BYTES_OF_MEGABYTE = 1024 ** 2

export function planWorkMail(organization: Organization): WorkMailPlan {
  const items = new Map<string, PlannedItem>()
  const notes: Note[] = []
  const profiles = new Map<string, Profile>()
  const note: Planning['note'] = (kind, about, reason) =>
    void notes.push({ kind, about, reason, from: nowhere })
  const planning: Planning = {
    known: knownEntities(organization),
    note,
    add(item) {
      const name = nameOf(item)
      if (items.has(name)) note('faulty', name, 'two of WorkMail have it; the first has it here')
      else items.set(name, item)
    },
    account(address, profile, quotaMegabytes) {
      const quotaBytes = quotaMegabytes === null ? null : quotaMegabytes * BYTES_OF_MEGABYTE
      planning.add({
        ...{ kind: 'account', address, hash: null, quotaBytes, enabled: true },
        from: nowhere,
      })
      profiles.set(address, profile)
    },
  }
  planDomains(organization, planning)
  for (const user of organization.users) planUser(user, planning)
  for (const resource of organization.resources) planResource(resource, planning)
  planGroups(organization.groups, planning)
  const grants = planPermissions(organization, profiles, planning)
  leftBehind(organization, note)
  return { from: 'workmail', items: [...items.values()], notes, profiles, grants }
}

/** Aliases and accounts are addresses both. */
function nameOf(item: PlannedItem): string {
  switch (item.kind) {
    case 'domain':
      return item.domain
    case 'account':
    case 'forward':
      return item.address
    case 'alias':
      return item.alias
    case 'setting':
      return item.path
    case 'table':
      return item.table
    case 'signing-key':
      return `${item.selector}._domainkey.${item.domain}`
  }
}

function planDomains({ domains }: Organization, { add, note }: Planning): void {
  for (const { name, isTest } of domains) {
    if (!isTest) add({ kind: 'domain', domain: name.toLowerCase(), from: nowhere })
    else note('not-needed', name, 'the test domain is of WorkMail and ends with it')
  }
}

function planUser(user: User, planning: Planning): void {
  const { known, account, note } = planning
  const { name, role, state, email } = user
  // Each organization has some, which nobody knows of.
  if (role === 'SYSTEM_USER') return
  const whyNot = whyNoAccount(user)
  if (whyNot !== undefined) {
    note(whyNot.kind, email ?? name, whyNot.reason)
    return
  }
  const address = known.addressOf(user.id)
  if (address === undefined) {
    const reason = 'its addresses are all of the test domain; give it one in WorkMail, or add it'
    note('to-do', email ?? name, `${reason} (${state.toLowerCase()})`)
    return
  }
  const { displayName, id, sizeMegabytes: megabytes, quotaMegabytes } = user
  const shared = role === 'RESOURCE'
  account(address, { displayName, shared, workMailId: id, megabytes }, quotaMegabytes)
  if (shared) note('differs', address, noBooking)
  if (quotaMegabytes !== null && megabytes !== null && megabytes > quotaMegabytes) {
    note(
      'to-do',
      address,
      `it holds ${megabytes} MB, more than its quota; raise it before mail comes`,
    )
  }
  planAliases(user.id, address, planning)
}

type Why = { readonly kind: NoteKind; readonly reason: string }

function whyNoAccount({ role, state, email }: User): Why | undefined {
  if (state === 'DELETED') return { kind: 'not-needed', reason: 'it is deleted' }
  if (email === null) {
    return { kind: 'not-needed', reason: 'it was never given a mailbox in WorkMail' }
  }
  if (role === 'REMOTE_USER') {
    const reason =
      'its mailbox is on another Exchange; add an alias that leads to its address there'
    return { kind: 'to-do', reason }
  }
  if (state === 'DISABLED') {
    const reason =
      'it is disabled, and its mailbox goes after 30 days; enable it in WorkMail to move it'
    return { kind: 'to-do', reason }
  }
  return undefined
}

const noBooking = 'nothing books it here: requests come as mail, to be answered by a person'

function planResource(resource: Resource, planning: Planning): void {
  const { known, account, add, note } = planning
  const { id, name, state, email, delegates, acceptsAlone } = resource
  if (state !== 'ENABLED' || email === null) {
    note('not-needed', email ?? name, `it is ${email ? state.toLowerCase() : 'without an address'}`)
    return
  }
  const address = known.addressOf(id)
  if (address === undefined) {
    note('to-do', email, 'its addresses are all of the test domain; give it one in WorkMail')
    return
  }
  const targets = known.addressesOfMembers(delegates, () => undefined)
  const how = acceptsAlone ? 'WorkMail accepts for it; ' : ''
  if (targets.length > 0) {
    add({ kind: 'alias', alias: address, targets, from: nowhere })
    note('differs', address, `${how}${noBooking}, its delegates; its calendar stays behind`)
  } else {
    const profile = { displayName: name, shared: true, workMailId: id, megabytes: null }
    account(address, profile, null)
    note('differs', address, `${how}${noBooking} who is given rights in its folders`)
  }
  planAliases(id, address, planning)
}
