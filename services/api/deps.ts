// What the API works with beyond shared/administration: ports that services/assembly/api.ts gives. An operation that needs something new
// adds its port here, by a name of its own.

import type { Administration } from '#shared/administration/administration.ts'
import type { AuditTrail } from '#shared/administration/audit/audit.ts'
import type { RecordChange } from '#shared/administration/changes.ts'
import type { OverviewSource } from '#shared/administration/overview.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { Search } from '#shared/administration/search.ts'
import type { ServiceSource } from '#shared/administration/service.ts'
import type { UsageSource } from '#shared/administration/usage/usage.ts'
import type { WebCaller } from '#shared/contracts/web.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { EventSource } from '#shared/events/event.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import type { FactorKeeper } from '#shared/identity/factor-keeper.ts'
import type { Identities, Identity } from '#shared/identity/identities.ts'
import type { OidcSignIns } from '#shared/identity/oidc-sign-in.ts'
import type { Sessions } from '#shared/identity/sessions.ts'
import type { SignIns } from '#shared/identity/sign-in.ts'
import type { Tokens } from '#shared/identity/tokens.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectKey, ObjectStore, Table } from '#shared/storage/ports.ts'
import type { EventStreams } from './event-stream.ts'

export interface ApiDeps {
  readonly authenticate: Authenticate
  readonly audit: AuditTrail
  /** On the store, telling its changes to `record`. */
  readonly administration: (record: RecordChange) => Administration
  /** The same on a store that forgets what is written. */
  readonly rehearsal: (record: RecordChange) => Administration
  /** To find what an operation is about; what it does goes by `administration`. */
  readonly directory: Pick<Directory, 'accounts' | 'domains' | 'resolve'>
  readonly signIns: SignIns
  /** Of whoever comes with a passkey alone. */
  readonly factors: Pick<FactorKeeper, 'askAnybody' | 'checkAnybody'>
  /** Undefined: no issuer is set. */
  readonly oidc: OidcSignIns | undefined
  readonly webSessions: Sessions
  readonly identities: Pick<Identities, 'holds'>
  /** To find whose one is. */
  readonly tokens: Pick<Tokens, 'get'>
  /** PEM: what SMTP shows, where it is known here. */
  readonly certificate: () => Promise<string | undefined>
  /** Of what anybody may ask for. */
  readonly rates: Pick<Rates, 'takeShared'>
  readonly jobs: Jobs
  readonly events: EventSource
  /** Undefined where an answer cannot be streamed. */
  readonly eventStreams: EventStreams | undefined
  readonly figures: FigureSource
  readonly overview: OverviewSource
  /** Of the month, and what it costs. */
  readonly usage: UsageSource
  readonly search: Search
  readonly service: ServiceSource
  /** Of what is fetched whole. */
  readonly objects: Pick<ObjectStore, 'stream'>
  /** Undefined where an answer may be of any size. */
  readonly linkToObject: LinkToObject | undefined
  /** What ends by itself: answers to repeated requests. */
  readonly counters: Table
  /** Signs cursors. The same in every process that answers. */
  readonly cursorKey: Uint8Array
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/** Where whoever knows it gets the object for some minutes, with these header fields. */
export type LinkToObject = (
  key: ObjectKey,
  told: { readonly type: string; readonly disposition: string },
) => Promise<string>

/** `isOpen`: it is asked by whoever comes; then `nobody` is no refusal. */
export type Authenticate = (
  request: Request,
  caller: WebCaller,
  options: { readonly isOpen: boolean },
) => Promise<Authenticated>

export type Authenticated =
  /** `headers` go out with the answer: a session's new cookie. */
  | {
      readonly kind: 'actor'
      readonly actor: Actor
      readonly identity: Identity
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
  | {
      readonly kind: 'throttled'
      readonly retryAfterSeconds: number
      readonly headers?: readonly (readonly [name: string, value: string])[]
    }
