// Identifiers of access rights as people write them: an account by the name it logs in with, `anyone`, `authenticated`, and a dash
// before one of them for rights that are taken away (RFC 4314 §2). There are no groups.

import type { People } from '#shared/contracts/people.ts'
import {
  type AccessList,
  accountOf,
  type Grantee,
  granteeOf,
  type Identifier,
  type Rights,
  userGrantee,
} from './rights.ts'

/** Undefined when it names no account. */
export async function identifierOf(people: People, text: string): Promise<Identifier | undefined> {
  const isNegative = text.startsWith('-')
  const name = isNegative ? text.slice(1) : text
  const grantee = groupOf(name) ?? (await userOf(people, name))
  if (grantee === undefined) return undefined
  return isNegative ? `-${grantee}` : grantee
}

function groupOf(name: string): Grantee | undefined {
  const lower = name.toLowerCase()
  return lower === 'anyone' || lower === 'authenticated' ? lower : undefined
}

async function userOf(people: People, login: string): Promise<Grantee | undefined> {
  const person = await people.find(login)
  return person && userGrantee(person.id)
}

/** Entries by their names, in their order; of accounts that are gone nothing is told. */
export async function namedEntries(
  people: People,
  list: AccessList,
): Promise<readonly (readonly [name: string, rights: Rights])[]> {
  const ids = [...list.keys()].map((identifier) => accountOf(granteeOf(identifier)))
  const known = await people.byIds(ids.filter((id) => id !== null))
  const named = [...list].flatMap(([identifier, rights]) => {
    const grantee = granteeOf(identifier)
    const id = accountOf(grantee)
    const name = id === null ? grantee : known.get(id)?.address
    if (name === undefined) return []
    return [[grantee === identifier ? name : `-${name}`, rights] as const]
  })
  return named.sort(([a], [b]) => (a < b ? -1 : 1))
}
