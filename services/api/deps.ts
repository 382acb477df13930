// What the API works with beyond shared/administration: ports that services/assembly/api.ts gives. An operation that needs something new
// adds its port here, by a name of its own.

import type { Administration } from '#shared/administration/administration.ts'
import type { Change, RecordChange } from '#shared/administration/changes.ts'
import type { Actor, Role } from '#shared/administration/rights/actor.ts'
import type { Search } from '#shared/administration/search.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { WebCaller } from '#shared/contracts/web.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { EventSource } from '#shared/events/event.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { EventStreams } from './event-stream.ts'

export interface ApiDeps {
  readonly authenticate: Authenticate
  readonly audit: Audit
  /** What the account itself may: nobody acts on somebody with more rights. */
  readonly roleOf: (
    accountId: AccountId,
  ) => Promise<{ readonly role: Role; readonly domains: readonly Domain[] }>
  /** On the store, telling its changes to `record`. */
  readonly administration: (record: RecordChange) => Administration
  /** The same on a store that forgets what is written. */
  readonly rehearsal: (record: RecordChange) => Administration
  /** To find what an operation is about; what it does goes by `administration`. */
  readonly directory: Pick<Directory, 'accounts' | 'domains'>
  readonly jobs: Jobs
  readonly events: EventSource
  /** Undefined where an answer cannot be streamed. */
  readonly eventStreams: EventStreams | undefined
  readonly figures: FigureSource
  readonly search: Search
  /** What ends by itself: answers to repeated requests. */
  readonly counters: Table
  /** Signs cursors. The same in every process that answers. */
  readonly cursorKey: Uint8Array
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

export type Authenticate = (request: Request, caller: WebCaller) => Promise<Authenticated>

export type Authenticated =
  /** `headers` go out with the answer: a session's new cookie. */
  | {
      readonly kind: 'actor'
      readonly actor: Actor
      readonly headers?: readonly (readonly [name: string, value: string])[]
    }
  /** No credentials. */
  | { readonly kind: 'nobody' }
  /** Credentials that do not hold (401), or a change that another site may have made the browser ask for (403). */
  | {
      readonly kind: 'refused'
      readonly status: 401 | 403
      readonly code: string
      readonly detail: string
      readonly headers?: readonly (readonly [name: string, value: string])[]
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** Who changes what. The record is durable before the change is made; a crash between leaves it without an end. */
export interface Audit {
  begin(entry: AuditEntry): Promise<AuditRecord>
}

export type AuditEntry = {
  /** Of a row. */
  readonly operation: string
  /** Null: nobody has signed in. */
  readonly actor: Actor | null
  readonly caller: WebCaller
  /** What it is about, as its path says it: `accounts/ann@example.org`. */
  readonly object: string
  readonly requestId: string
  /** User-Agent of the client, '' for none. */
  readonly client: string
}

export interface AuditRecord {
  end(result: AuditResult): Promise<void>
}

export type AuditResult = {
  /** `ok`, or the code of the problem. */
  readonly code: string
  readonly changes: readonly Change[]
}

/** Nothing is written. */
export const noAudit: Audit = { begin: async () => ({ end: async () => {} }) }
