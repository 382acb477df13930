// Access rights to folders (RFC 4314 §2): their letters, who may hold them, and what several entries come to for one account.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { DELETED, type FlagScope, SEEN, SYSTEM_BITS } from './flags.ts'

/** RFC 4314 §2.1, in the order in which they are written. */
const letters = ['l', 'r', 's', 'w', 'i', 'p', 'k', 'x', 't', 'e', 'a'] as const
export type Right = (typeof letters)[number]

/** Each right at most once, in the order of the table. */
export type Rights = string & { readonly __brand: 'Rights' }

/** Rights of RFC 2086 that stand for several (RFC 4314 §2.1.1, the first of its two readings). */
const virtual = [
  { letter: 'c', members: ['k', 'x'] },
  { letter: 'd', members: ['t', 'e'] },
] as const satisfies readonly { letter: string; members: readonly Right[] }[]

export const noRights = '' as Rights
export const allRights = letters.join('') as Rights

export const hasRight = (rights: Rights, right: Right): boolean => rights.includes(right)
export const hasAny = (rights: Rights, some: readonly Right[]): boolean =>
  some.some((right) => rights.includes(right))
export const hasAll = (rights: Rights, all: readonly Right[]): boolean =>
  all.every((right) => rights.includes(right))

const made = (wanted: (right: Right) => boolean) => letters.filter(wanted).join('') as Rights

export const union = (a: Rights, b: Rights): Rights =>
  made((right) => a.includes(right) || b.includes(right))
export const without = (a: Rights, b: Rights): Rights =>
  made((right) => a.includes(right) && !b.includes(right))

/** Undefined where one of the letters is no right: none is silently passed over (RFC 4314 §3.1). */
export function parseRights(text: string): Rights | undefined {
  const given = new Set<string>(text)
  for (const { letter, members } of virtual) {
    if (given.delete(letter)) for (const right of members) given.add(right)
  }
  const rights = made((right) => given.has(right))
  return rights.length === given.size ? rights : undefined
}

/** As clients read them: with `c` and `d` where a member of them is held (RFC 4314 §2.1.1). */
export function formatRights(rights: Rights): string {
  const held = virtual.filter(({ members }) => hasAny(rights, members))
  return rights + held.map(({ letter }) => letter).join('')
}

/** Every right by itself, as LISTRIGHTS tells that none are tied; `c` and `d` too (RFC 4314 §2.1.1). */
export const singleRights: readonly string[] = [...letters, ...virtual.map(({ letter }) => letter)]

/** Flags that may be set and cleared (RFC 4314 §4): `s` \Seen, `t` \Deleted, `w` all others. */
export function flagScope(rights: Rights): FlagScope {
  const others = hasRight(rights, 'w')
  return {
    bits:
      (hasRight(rights, 's') ? SEEN : 0) |
      (hasRight(rights, 't') ? DELETED : 0) |
      (others ? SYSTEM_BITS & ~(SEEN | DELETED) : 0),
    keywords: others,
  }
}

// ------------------------------------------------------------------------------------------- entries

/** Accounts stand by their id: whoever gets an address after somebody else gets none of the rights of that account. */
export type Grantee = 'anyone' | 'authenticated' | `user=${AccountId}`
/** With a dash: rights taken away (RFC 4314 §2, "negative rights"). */
export type Identifier = Grantee | `-${Grantee}`

export type AccessList = ReadonlyMap<Identifier, Rights>

export const userGrantee = (accountId: AccountId): Grantee => `user=${accountId}`

export const granteeOf = (identifier: Identifier): Grantee =>
  (identifier.startsWith('-') ? identifier.slice(1) : identifier) as Grantee

/** The account of a grantee, null where it is not a single one. */
export const accountOf = (grantee: Grantee): AccountId | null =>
  grantee.startsWith('user=') ? (grantee.slice('user='.length) as AccountId) : null

/** What all entries for an account give together, less what any of them takes away. */
export function effectiveRights(list: AccessList, accountId: AccountId): Rights {
  const mine: readonly Grantee[] = ['anyone', 'authenticated', userGrantee(accountId)]
  const given = mine.map((who) => list.get(who) ?? noRights).reduce(union)
  const taken = mine.map((who) => list.get(`-${who}`) ?? noRights).reduce(union)
  return without(given, taken)
}
