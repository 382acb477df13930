// Asks for all of an organization. Of one thing alone that cannot be told there is a gap; a refusal of the whole is what comes back.
//
// Questions of one entity are asked only of those that are enabled: of others the API says EntityState. Rates are not published, so few
// go at once, and who asks waits where he is told to (services/aws/workmail).

import { concurrently } from '#shared/runtime/concurrently.ts'
import { flagIn, listIn, memberOf, numberIn, textIn, textsIn, wordIn } from './json.ts'
import {
  type AccessRule,
  entityStates,
  type Gap,
  type Group,
  granteeTypes,
  type MailDomain,
  type Member,
  type Organization,
  type Permission,
  permissionWords,
  type Resource,
  type RetentionRule,
  resourceTypes,
  type User,
  userRoles,
} from './organization.ts'
import type { AskWorkMail, Question } from './questions.ts'

export type OrganizationRead =
  | { readonly kind: 'organization'; readonly organization: Organization }
  | {
      readonly kind: 'refused'
      readonly question: Question
      readonly name: string
      readonly why: string
    }

const ASKED_AT_ONCE = 4
/** Of each kind: an organization has 1,000 users without a word with AWS. */
export const ENTITIES_MAX = 100_000

export async function readOrganization(ask: AskWorkMail): Promise<OrganizationRead> {
  const gaps: Gap[] = []
  try {
    return { kind: 'organization', organization: await readAll(ask, gaps) }
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

class Refused extends Error {
  readonly refusal: Extract<OrganizationRead, { readonly kind: 'refused' }>
  constructor(question: Question, name: string, why: string) {
    super(why)
    this.refusal = { kind: 'refused', question, name, why }
  }
}

async function readAll(askWorkMail: AskWorkMail, gaps: Gap[]): Promise<Organization> {
  const ask = async (question: Question, of?: string): Promise<unknown> => {
    const answer = await askWorkMail(question, of)
    if (answer.kind === 'answer') return answer.value
    if (answer.kind === 'refused') throw new Refused(question, answer.name, answer.why)
    gaps.push({ question, of: of ?? null, why: answer.why })
    return undefined
  }
  /** Without it there is nothing to move. */
  const needed = async (question: Question, list: string): Promise<readonly unknown[]> => {
    const answer = await askWorkMail(question)
    if (answer.kind === 'refused') throw new Refused(question, answer.name, answer.why)
    if (answer.kind === 'missing') throw new Refused(question, 'Missing', answer.why)
    const all = listIn(answer.value, list)
    if (all.length <= ENTITIES_MAX) return all
    throw new Refused(question, 'TooMany', `there are more than ${ENTITIES_MAX} ${list}`)
  }
  const about = await ask('DescribeOrganization')
  const users = await needed('ListUsers', 'Users')
  const groups = listIn(await ask('ListGroups'), 'Groups')
  const resources = listIn(await ask('ListResources'), 'Resources')
  const domains = await needed('ListMailDomains', 'MailDomains')
  const many = <T>(all: readonly unknown[], read: (one: unknown) => Promise<T[]>) =>
    concurrently(all, ASKED_AT_ONCE, read).then((found) => found.flat())
  return {
    id: textIn(about, 'OrganizationId') ?? null,
    defaultDomain: textIn(about, 'DefaultMailDomain') ?? null,
    isInteroperable: flagIn(about, 'InteroperabilityEnabled') ?? false,
    domains: await many(domains, (one) => readDomain(one, ask)),
    users: await many(users, (one) => readUser(one, ask)),
    groups: await many(groups, (one) => readGroup(one, ask)),
    resources: await many(resources, (one) => readResource(one, ask)),
    retention: retentionOf(await ask('GetDefaultRetentionPolicy')),
    accessRules: listIn(await ask('ListAccessControlRules'), 'Rules').map(ruleOf),
    gaps,
  }
}

type Ask = (question: Question, of?: string) => Promise<unknown>

async function readDomain(summary: unknown, ask: Ask): Promise<MailDomain[]> {
  const name = textIn(summary, 'DomainName')
  if (name === undefined) return []
  const domain = await ask('GetMailDomain', name)
  return [
    {
      name,
      isDefault: flagIn(summary, 'DefaultDomain') ?? flagIn(domain, 'IsDefault') ?? false,
      // Without an answer its name says it.
      isTest: flagIn(domain, 'IsTestDomain') ?? isTestName(name),
      records: listIn(domain, 'Records').map((record) => ({
        type: textIn(record, 'Type') ?? '',
        name: withoutDot(textIn(record, 'Hostname') ?? ''),
        value: textIn(record, 'Value') ?? '',
      })),
    },
  ]
}

const isTestName = (name: string) => name.toLowerCase().endsWith('.awsapps.com')
const withoutDot = (name: string) => (name.endsWith('.') ? name.slice(0, -1) : name)

/** What all have, with what is asked of each that is enabled. */
async function readEntity(summary: unknown, ask: Ask) {
  const id = textIn(summary, 'Id')
  if (id === undefined) return undefined
  const state = wordIn(summary, 'State', entityStates) ?? 'ENABLED'
  const email = textIn(summary, 'Email') ?? null
  const isLive = state === 'ENABLED' && email !== null
  return {
    id,
    state,
    email,
    isLive,
    name: textIn(summary, 'Name') ?? id,
    aliases: isLive ? textsIn(await ask('ListAliases', id), 'Aliases') : [],
    permissions: isLive
      ? listIn(await ask('ListMailboxPermissions', id), 'Permissions').flatMap(permissionOf)
      : [],
  }
}

async function readUser(summary: unknown, ask: Ask): Promise<User[]> {
  const role = wordIn(summary, 'UserRole', userRoles) ?? 'USER'
  // Of what WorkMail made for itself nothing is asked.
  const entity = await readEntity(summary, role === 'SYSTEM_USER' ? async () => undefined : ask)
  if (entity === undefined) return []
  const { isLive, ...known } = entity
  const hasMailbox = isLive && (role === 'USER' || role === 'RESOURCE')
  const mailbox = hasMailbox ? await ask('GetMailboxDetails', known.id) : undefined
  return [
    {
      ...known,
      role,
      displayName: textIn(summary, 'DisplayName') ?? '',
      quotaMegabytes: numberIn(mailbox, 'MailboxQuota') ?? null,
      sizeMegabytes: numberIn(mailbox, 'MailboxSize') ?? null,
    },
  ]
}

async function readGroup(summary: unknown, ask: Ask): Promise<Group[]> {
  const entity = await readEntity(summary, ask)
  if (entity === undefined) return []
  const { isLive: _, ...known } = entity
  // One without an address may be a member of one that has one.
  const members = known.state === 'DELETED' ? undefined : await ask('ListGroupMembers', known.id)
  return [{ ...known, members: listIn(members, 'Members').flatMap(memberIn) }]
}

async function readResource(summary: unknown, ask: Ask): Promise<Resource[]> {
  const entity = await readEntity(summary, ask)
  if (entity === undefined) return []
  const { isLive, ...known } = entity
  const described = isLive ? await ask('DescribeResource', known.id) : undefined
  const delegates = isLive ? await ask('ListResourceDelegates', known.id) : undefined
  const booking = memberOf(described, 'BookingOptions')
  return [
    {
      ...known,
      type: wordIn(summary, 'Type', resourceTypes) ?? 'ROOM',
      delegates: listIn(delegates, 'Delegates').flatMap(memberIn),
      acceptsAlone: flagIn(booking, 'AutoAcceptRequests') ?? false,
    },
  ]
}

/** Of those that are deleted nothing comes. */
function memberIn(value: unknown): Member[] {
  const id = textIn(value, 'Id')
  const type = wordIn(value, 'Type', granteeTypes)
  const isGone = wordIn(value, 'State', entityStates) === 'DELETED'
  return id === undefined || type === undefined || isGone ? [] : [{ id, type }]
}

function permissionOf(value: unknown): Permission[] {
  const id = textIn(value, 'GranteeId')
  const type = wordIn(value, 'GranteeType', granteeTypes)
  const told = textsIn(value, 'PermissionValues')
  const words = permissionWords.filter((word) => told.includes(word))
  return id === undefined || type === undefined || words.length === 0 ? [] : [{ id, type, words }]
}

const retentionOf = (policy: unknown): readonly RetentionRule[] =>
  listIn(policy, 'FolderConfigurations').map((rule) => ({
    folder: textIn(rule, 'Name') ?? '',
    action: textIn(rule, 'Action') ?? '',
    days: numberIn(rule, 'Period') ?? null,
  }))

const ruleConditions = [
  'IpRanges',
  'NotIpRanges',
  'Actions',
  'NotActions',
  'UserIds',
  'NotUserIds',
  'ImpersonationRoleIds',
  'NotImpersonationRoleIds',
] as const

const ruleOf = (rule: unknown): AccessRule => ({
  name: textIn(rule, 'Name') ?? '',
  effect: textIn(rule, 'Effect') ?? '',
  conditions: ruleConditions.flatMap((name) => {
    const texts = textsIn(rule, name)
    return texts.length === 0 ? [] : [`${name} ${texts.join(' ')}`]
  }),
})
