// What an operation works with, for one request.

import type { Administration } from '#shared/administration/administration.ts'
import type { AuditEntry } from '#shared/administration/audit/entries.ts'
import type { Change } from '#shared/administration/changes.ts'
import type { Actor, Extent } from '#shared/administration/rights/actor.ts'
import type { WebCaller } from '#shared/contracts/web.ts'
import type { AsKnown } from '#shared/directory/as-known.ts'
import type { Identity } from '#shared/identity/identities.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Cursors } from './cursors.ts'
import type { ApiDeps } from './deps.ts'

export type OpenCall = {
  /** Who asks; null: nobody who has signed in. */
  readonly identity: Identity | null
  /** For the record: who asks, from where, by which operation, on what. */
  readonly auditEntry: AuditEntry
  readonly caller: WebCaller
  /** Its body is read already, unless the row says that it `accepts` another type. */
  readonly request: Request
  readonly requestId: string
  readonly nowMs: number
  /** What it changes goes into the audit record of this request. */
  readonly administration: Administration
  /** What it has changed so far. */
  readonly changes: () => readonly Change[]
  /** `?dryRun=true`: what is written is forgotten. Whatever else an operation would do (send, end a session) it has to leave. */
  readonly isRehearsal: boolean
  /**
   * Of a change to what is there, with a version in If-Match: whether a version is that one. Given to the use case (`asKnown`), for what holds
   * when the request comes need not hold when it is written. Undefined: it is changed whatever it is.
   */
  readonly isKnownVersion?: ((version: unknown) => boolean) | undefined
  readonly cursors: Cursors
  readonly deps: ApiDeps
  readonly log: Log
}

export type Call = OpenCall & {
  readonly identity: Identity
  readonly actor: Actor
  /** What a list may hold by the row's right; of rows with another subject `all`. */
  readonly extent: Extent
}

/** As use cases take it: they have facts, of which the version is made. */
export const asKnown = <T>(
  { isKnownVersion }: Pick<Call, 'isKnownVersion'>,
  versionOf: (facts: T) => unknown,
): AsKnown<T> => (isKnownVersion ? { isAsKnown: (facts) => isKnownVersion(versionOf(facts)) } : {})
