// The items of the record, in the `directory` table, each with a time to live (setting auditRetention):
//
//   AUDIT#<date>       / <ms>#<random>   one act
//   AUDIT#A#<actor>    / <ms>#<random>   nothing more: that this actor (id of an account, else a name) did it
//   AUDIT#I#<account>  / <ms>#<random>   … that it is about this account, whatever its address was
//   AUDIT#O#<object>   / <ms>#<random>   … about this object
//   AUDIT#D#<domain>   / <ms>#<random>   … about something of this domain
//   AUDIT#SEALS        / <date>          digest of a day that is over, and of the seal before (seals.ts)
//
// A day is one partition: it takes a thousand writes a second on DynamoDB, and people and their programs make some.

import type { Item, Key, Query, Value } from '#shared/storage/ports.ts'
import type { Change } from '../changes.ts'
import { type Role, roles } from '../rights/actor.ts'
import type { AuditEntry, AuditFacts, AuditResult } from './entries.ts'

/** Of one act, as JSON; with more, the rest is only counted. */
export const CHANGES_CHARACTERS_MAX = 100_000
/** Objects named in changes that the act is found by, besides its own. */
export const OBJECTS_MAX = 1_000
/** Names in keys, which others may choose. */
const NAME_CHARACTERS_MAX = 300
const MS_DIGITS = 13
/** Behind the time of an act. */
export const RANDOM_BYTES = 6
const DAY_MS = 86_400_000

export type Place = { readonly atMs: number; readonly random: string }

export const sortKey = ({ atMs, random }: Place) =>
  `${String(atMs).padStart(MS_DIGITS, '0')}#${random}`

export const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export const dayPk = (date: string) => `AUDIT#${date}`

export const idOf = (sk: string) => `a_${sk.replace('#', '_')}`

/** Undefined: no id of a record. */
export function placeOf(id: string): Key | undefined {
  const [, ms, random] = /^a_(\d{13})_([0-9a-f]{12})$/.exec(id) ?? []
  return ms === undefined || random === undefined ? undefined : keyOf(`${ms}#${random}`)
}

/** Of the act that an entry with this sort key leads to. */
export const keyOf = (sk: string): Key => ({ pk: dayPk(dateOf(timeOf(sk))), sk })

/** Acts that began in this time, as the queries that read them. */
export function auditRange(fromMs: number, toMs: number): readonly Query[] {
  const sk = (ms: number) => String(ms).padStart(MS_DIGITS, '0')
  const queries: Query[] = []
  for (let day = fromMs - (fromMs % DAY_MS); day <= toMs; day += DAY_MS) {
    queries.push({ pk: dayPk(dateOf(day)), sk: { from: sk(fromMs), to: sk(toMs + 1) } })
  }
  return queries
}

export const timeOf = (sk: string) => Number(sk.slice(0, MS_DIGITS))

/** What a key can be: whoever writes what it cannot into a path or a login is recorded all the same. */
const keyText = (name: string) =>
  name.slice(0, NAME_CHARACTERS_MAX).toWellFormed().replaceAll('\0', '\ufffd')

const named = (kind: 'A' | 'I' | 'O' | 'D') => (name: string) => `AUDIT#${kind}#${keyText(name)}`
export const actorPk = named('A')
export const accountPk = named('I')
export const objectPk = named('O')
export const domainPk = named('D')

export const actorName = ({ accountId, name }: AuditEntry['actor']) => accountId ?? name

/** By which else it is found. */
export function pointersOf(entry: AuditEntry): readonly string[] {
  const { actor, accountId, object, domain } = entry
  const name = actorName(actor)
  return [
    ...(name === '' ? [] : [actorPk(name)]),
    ...(accountId === null ? [] : [accountPk(accountId)]),
    ...(object === '' ? [] : [objectPk(object)]),
    ...(domain === null ? [] : [domainPk(domain)]),
  ]
}

const nouns = {
  domain: 'domains',
  account: 'accounts',
  alias: 'aliases',
} as const satisfies { readonly [what in Change['what']]?: string }

/** What a change is about, as paths name it; undefined: nothing with an address of its own. */
export function objectOfChange({ what, name }: Change): string | undefined {
  const noun = (nouns as { readonly [what in Change['what']]?: string })[what]
  return noun === undefined ? undefined : `${noun}/${name}`
}

export function entryItem(entry: AuditEntry, place: Place, ttl: number): Item {
  const { actor, from, ...facts } = entry
  return {
    ...keyOf(sortKey(place)),
    ...facts,
    actor: { ...actor },
    from: {
      address: from.address.slice(0, NAME_CHARACTERS_MAX),
      client: from.client.slice(0, NAME_CHARACTERS_MAX),
    },
    object: entry.object.slice(0, NAME_CHARACTERS_MAX),
    ttl,
  }
}

export function resultAttributes({ code, changes }: AuditResult, endedMs: number) {
  const told: Change[] = []
  let characters = 0
  for (const change of changes) {
    characters += JSON.stringify(change).length
    if (characters > CHANGES_CHARACTERS_MAX) break
    told.push(change)
  }
  return {
    result: code,
    endedMs,
    ...(told.length > 0 && { changes: JSON.stringify(told) }),
    ...(told.length < changes.length && { moreChanges: changes.length - told.length }),
  }
}

export function readAudit(item: Item): AuditFacts {
  const actor = Object(item.actor)
  const from = Object(item.from)
  const textOrNull = (value: Value | undefined) => (typeof value === 'string' ? value : null)
  return {
    id: idOf(item.sk),
    atMs: timeOf(item.sk),
    actor: {
      accountId: textOrNull(actor.accountId),
      name: String(actor.name),
      role: roleOf(actor.role),
      via:
        actor.via === 'cookie' || actor.via === 'token' || actor.via === 'local'
          ? actor.via
          : 'none',
      token: textOrNull(actor.token),
      steppedUp: actor.steppedUp === true,
    },
    from: { address: String(from.address), client: String(from.client) },
    operation: String(item.operation),
    object: String(item.object),
    accountId: textOrNull(item.accountId),
    domain: textOrNull(item.domain),
    requestId: textOrNull(item.requestId),
    result: textOrNull(item.result),
    endedMs: typeof item.endedMs === 'number' ? item.endedMs : null,
    changes: typeof item.changes === 'string' ? JSON.parse(item.changes) : [],
    moreChanges: Number(item.moreChanges ?? 0),
  }
}

const roleOf = (value: unknown): Role => roles.find((role) => role === value) ?? 'holder'
