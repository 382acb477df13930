// What the record says of one act: who, from where, by which operation, on what, what changed, how it ended. Secrets are in none of it.

import type { Change } from '../changes.ts'
import type { Actor, Role } from '../rights/actor.ts'

export type AuditEntry = {
  readonly actor: AuditActor
  /** Where he was; '' on the machine itself. */
  readonly from: { readonly address: string; readonly client: string }
  /** `noun.verb` of the API, or the words of the command. */
  readonly operation: string
  /** What it is about: `accounts/ann@example.org`, `domains/example.org`, `settings`. */
  readonly object: string
  /** Of the object, where it is an account, whatever its address is now; null: it is none. */
  readonly accountId: string | null
  /** Of the object; null: of none. */
  readonly domain: string | null
  readonly requestId: string | null
}

export type AuditActor = {
  /** Null: the user of the machine, or nobody who signed in. */
  readonly accountId: string | null
  readonly name: string
  readonly role: Role
  readonly via: Actor['via'] | 'none'
  /** Id of a token. */
  readonly token: string | null
  /** Whether a factor was used just now. */
  readonly steppedUp: boolean
}

export type AuditResult = {
  /** `ok`, or the code of what refused it. */
  readonly code: string
  readonly changes: readonly Change[]
}

export type AuditFacts = AuditEntry & {
  readonly id: string
  readonly atMs: number
  /** Null: it was begun, and how it ended nobody knows (yet). */
  readonly result: string | null
  readonly endedMs: number | null
  readonly changes: readonly Change[]
  /** Changes that did not fit. */
  readonly moreChanges: number
}

/** For whoever has not signed in. */
export const nobody: AuditActor = {
  accountId: null,
  name: '',
  role: 'holder',
  via: 'none',
  token: null,
  steppedUp: false,
}

/** Of an actor. `nowMs`: to say whether he stepped up. */
export function auditActor(actor: Actor, token: string | null, steppedUp: boolean): AuditActor {
  const { accountId, name, role, via } = actor
  return { accountId, name, role, via, token, steppedUp }
}
