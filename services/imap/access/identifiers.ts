// Identifiers of SETACL and its like: accounts by the names they log in with, `anyone`, `authenticated`, and a dash before one of them
// for rights that are taken away (RFC 4314 §2). There are no groups.

import { decodeUtf8 } from '#shared/imap/byte-string.ts'
import type { Cursor } from '#shared/imap/cursor.ts'
import { ADDRESS_CHARACTERS_MAX } from '#shared/mail/address.ts'
import {
  type AccessList,
  accountOf,
  type Grantee,
  granteeOf,
  type Identifier,
  type Rights,
  userGrantee,
} from '#shared/mailbox/rights.ts'
import { saslPrep } from '#shared/sasl/sasl-prep.ts'
import type { Session } from '../session.ts'

/** As the client wrote it, for answers that repeat it, and prepared (RFC 4314 §3). */
export type GivenIdentifier = { readonly given: string; readonly text: string }

export function parseIdentifier(cursor: Cursor): GivenIdentifier {
  const given = cursor.astring()
  if (given.length > ADDRESS_CHARACTERS_MAX) cursor.fail('the identifier is too long')
  const decoded = decodeUtf8(given)
  const text = decoded === undefined ? '' : saslPrep(decoded)
  if (text.replace('-', '') === '') cursor.fail('this can be no identifier')
  return { given, text }
}

/** Undefined when it names no account. */
export async function identifierOf(
  { services }: Session,
  { text }: GivenIdentifier,
): Promise<Identifier | undefined> {
  const isNegative = text.startsWith('-')
  const name = isNegative ? text.slice(1) : text
  const grantee = groupOf(name) ?? (await userOf(name))
  if (grantee === undefined) return undefined
  return isNegative ? `-${grantee}` : grantee

  async function userOf(login: string): Promise<Grantee | undefined> {
    const person = await services.people.find(login)
    return person && userGrantee(person.id)
  }
}

function groupOf(name: string): Grantee | undefined {
  const lower = name.toLowerCase()
  return lower === 'anyone' || lower === 'authenticated' ? lower : undefined
}

/** Entries by their names, in byte order; of accounts that are gone nothing is told. */
export async function namedEntries(
  { services }: Session,
  list: AccessList,
): Promise<readonly (readonly [name: string, rights: Rights])[]> {
  const ids = [...list.keys()].map((identifier) => accountOf(granteeOf(identifier)))
  const people = await services.people.byIds(ids.filter((id) => id !== null))
  const named = [...list].flatMap(([identifier, rights]) => {
    const grantee = granteeOf(identifier)
    const id = accountOf(grantee)
    const name = id === null ? grantee : people.get(id)?.address
    if (name === undefined) return []
    return [[grantee === identifier ? name : `-${name}`, rights] as const]
  })
  return named.sort(([a], [b]) => (a < b ? -1 : 1))
}
