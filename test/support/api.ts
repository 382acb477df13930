// The API on a store of its own, as one function from request to answer. Who asks is told by the test: `as` names an actor.

import { createApi } from '#services/api/app.ts'
import type { ApiDeps } from '#services/api/deps.ts'
import { createEventStreams } from '#services/api/event-stream.ts'
import type { Operation } from '#services/api/operation.ts'
import { operations } from '#services/api/operations/index.ts'
import { assembleAdministration } from '#services/assembly/administration.ts'
import { assembleApiAuthenticator } from '#services/assembly/authenticator.ts'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { assembleSignIns } from '#services/assembly/identity.ts'
import { assembleUsage } from '#services/assembly/usage.ts'
import type { AuditTrail } from '#shared/administration/audit/audit.ts'
import type { AuditEntry, AuditResult } from '#shared/administration/audit/entries.ts'
import { createOverview } from '#shared/administration/overview.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { createSearch } from '#shared/administration/search.ts'
import { createServiceSource } from '#shared/administration/service.ts'
import { createDirectorySearch } from '#shared/directory/search.ts'
import { createEventRing } from '#shared/events/ring.ts'
import { agesOf } from '#shared/figures/queue-ages.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { noSecondFactors } from '#shared/identity/second-factors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createRehearsalStore } from '#shared/storage/rehearsal-store.ts'

export const owner: Actor = {
  accountId: null,
  name: 'root',
  role: 'owner',
  domains: [],
  scopes: null,
  via: 'token',
  steppedUpMs: null,
}

export type Told = {
  readonly status: number
  readonly headers: Headers
  /** Tests look into whatever came. */
  readonly body: ReturnType<typeof JSON.parse>
}

export type TestApi = {
  readonly operations: readonly Operation[]
  readonly audited: (AuditEntry & AuditResult)[]
  readonly fetch: (request: Request, actor?: Actor) => Promise<Response>
  ask(
    line: string,
    body?: unknown,
    options?: { readonly as?: Actor; readonly headers?: { readonly [name: string]: string } },
  ): Promise<Told>
}

/** Who acts, without a session or a token. */
const asked = (actor: Actor) =>
  ({
    kind: 'actor',
    actor,
    identity: { actor, account: null, session: null, token: null },
  }) as const

const noAudit: AuditTrail = {
  begin: async () => ({ end: async () => {} }),
  note: async () => {},
  noteRefused: async () => {},
}

const testSignIns = (backend: Backend) =>
  assembleSignIns(backend, {
    authenticator: assembleApiAuthenticator(backend),
    factors: noSecondFactors,
  })

export function apiDeps(backend: Backend, more: Partial<ApiDeps> = {}): ApiDeps {
  const events = createEventRing()
  return {
    authenticate: async () => asked(owner),
    audit: noAudit,
    administration: (record) => assembleAdministration(backend, record),
    rehearsal(record) {
      const store = createRehearsalStore(backend.store, backend.clock)
      return assembleAdministration(createBackend({ ...backend, store }), record)
    },
    directory: backend.directory,
    certificate: async () => undefined,
    rates: backend.rates,
    jobs: backend.jobs,
    events,
    eventStreams: createEventStreams({ events, clock: backend.clock }),
    figures: createStoredFigures(backend.store.tables.counters, backend.clock),
    overview: createOverview({
      machine: async () => ({ disk: undefined, certificate: undefined }),
      queue: () => agesOf(backend.store.tables.queue, backend.clock.now()),
      figures: createStoredFigures(backend.store.tables.counters, backend.clock),
      ...{ jobs: backend.jobs, clock: backend.clock },
    }),
    service: createServiceSource({
      ...{ version: '0.0.0', machine: undefined, streams: true, renewCertificate: undefined },
      operator: backend.operator,
      isAcme: () => false,
    }),
    usage: assembleUsage(
      backend,
      createStoredFigures(backend.store.tables.counters, backend.clock),
    ),
    objects: backend.store.objects,
    linkToObject: undefined,
    search: createSearch(createDirectorySearch(backend.store.tables.directory)),
    counters: backend.store.tables.counters,
    cursorKey: new Uint8Array(32).fill(7),
    version: '0.0.0',
    clock: backend.clock,
    log: silentLog,
    signIns: testSignIns(backend),
    factors: backend.factorKeeper,
    oidc: undefined,
    webSessions: backend.webSessions,
    identities: backend.identities,
    tokens: backend.tokens,
    ...more,
  }
}

export function openApi(backend: Backend, more: Partial<ApiDeps> = {}): TestApi {
  const actors = new WeakMap<Request, Actor>()
  const audited: (AuditEntry & AuditResult)[] = []
  const deps = apiDeps(backend, {
    authenticate: async (request) => asked(actors.get(request) ?? owner),
    audit: {
      ...noAudit,
      begin: async (entry) => ({
        end: async (result) => void audited.push({ ...entry, ...result }),
      }),
    },
    ...more,
  })
  const api = createApi(deps, operations)
  const fetch: TestApi['fetch'] = async (request, actor) => {
    if (actor !== undefined) actors.set(request, actor)
    const response = await api(request, { address: '192.0.2.1', isSecure: true })
    if (response === undefined) throw new Error(`nobody answers ${request.url}`)
    return response
  }
  return {
    operations,
    audited,
    fetch,
    async ask(line, body, { as, headers } = {}) {
      const [method = '', path = ''] = line.split(' ')
      const request = new Request(`https://mx.example.test/api/v1${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const response = await fetch(request, as)
      const text = await response.text()
      const isJson = (response.headers.get('content-type') ?? '').includes('json')
      return {
        status: response.status,
        headers: response.headers,
        body: isJson ? JSON.parse(text) : text,
      }
    },
  }
}
