// Roles hang on accounts: an administrator needs no second login. Who has none is a holder.

/** The strongest first. */
export const roles = ['owner', 'domain-admin', 'auditor', 'help-desk', 'holder'] as const
export type Role = (typeof roles)[number]

/** Those that are given, and taken away. */
export type GivenRole = Exclude<Role, 'holder'>
export const givenRoles = [
  'owner',
  'domain-admin',
  'auditor',
  'help-desk',
] as const satisfies readonly GivenRole[]

/** Whose rights end at the domains that they are given with. */
export const hasDomains = (role: Role): role is 'domain-admin' | 'help-desk' =>
  role === 'domain-admin' || role === 'help-desk'
