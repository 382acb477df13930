// An organization of Amazon WorkMail as one value: everything that its API tells of people, groups, resources and domains. Addresses stand
// as they were told; who has none was never registered with WorkMail.

export const entityStates = ['ENABLED', 'DISABLED', 'DELETED'] as const
export const userRoles = ['USER', 'RESOURCE', 'SYSTEM_USER', 'REMOTE_USER'] as const
export const granteeTypes = ['USER', 'GROUP'] as const
export const permissionWords = ['FULL_ACCESS', 'SEND_AS', 'SEND_ON_BEHALF'] as const
export const resourceTypes = ['ROOM', 'EQUIPMENT'] as const

export type EntityState = (typeof entityStates)[number]
export type UserRole = (typeof userRoles)[number]
export type PermissionWord = (typeof permissionWords)[number]

export type Organization = {
  readonly id: string | null
  readonly defaultDomain: string | null
  /** Mail of users elsewhere goes to another Exchange. */
  readonly isInteroperable: boolean
  readonly domains: readonly MailDomain[]
  readonly users: readonly User[]
  readonly groups: readonly Group[]
  readonly resources: readonly Resource[]
  readonly retention: readonly RetentionRule[]
  readonly accessRules: readonly AccessRule[]
  readonly gaps: readonly Gap[]
}

export type MailDomain = {
  readonly name: string
  readonly isDefault: boolean
  /** `alias.awsapps.com`, which ends with WorkMail. */
  readonly isTest: boolean
  /** What WorkMail wants published. */
  readonly records: readonly DnsRecord[]
}
export type DnsRecord = { readonly type: string; readonly name: string; readonly value: string }

type Entity = {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly state: EntityState
  readonly aliases: readonly string[]
  readonly permissions: readonly Permission[]
}
export type Member = { readonly id: string; readonly type: 'USER' | 'GROUP' }
export type Permission = Member & { readonly words: readonly PermissionWord[] }

export type User = Entity & {
  readonly role: UserRole
  readonly displayName: string
  readonly quotaMegabytes: number | null
  readonly sizeMegabytes: number | null
}
export type Group = Entity & { readonly members: readonly Member[] }
export type Resource = Entity & {
  readonly type: (typeof resourceTypes)[number]
  readonly delegates: readonly Member[]
  readonly acceptsAlone: boolean
}

export type RetentionRule = {
  readonly folder: string
  readonly action: string
  readonly days: number | null
}
/** `conditions`: as `IpRanges 192.0.2.0/24`. */
export type AccessRule = {
  readonly name: string
  readonly effect: string
  readonly conditions: readonly string[]
}

/** What could not be read. */
export type Gap = { readonly question: string; readonly of: string | null; readonly why: string }
