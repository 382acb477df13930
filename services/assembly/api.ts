// The API on the backend: its ports, given.

import { createApi } from '#services/api/app.ts'
import { createAuthenticate } from '#services/api/authenticate.ts'
import type { ApiDeps, LinkToObject } from '#services/api/deps.ts'
import { createEventStreams } from '#services/api/event-stream.ts'
import { operations } from '#services/api/operations/index.ts'
import { createOverview } from '#shared/administration/overview.ts'
import { createSearch } from '#shared/administration/search.ts'
import { createServiceSource, type ServiceSource } from '#shared/administration/service.ts'
import type { Machine } from '#shared/administration/status.ts'
import type { LiveSessions } from '#shared/auth/account-watch.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import { createDirectorySearch } from '#shared/directory/search.ts'
import { type EventSource, silentEvents } from '#shared/events/event.ts'
import { agesOf } from '#shared/figures/queue-ages.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Space } from '#shared/storage/ports.ts'
import { createRehearsalStore } from '#shared/storage/rehearsal-store.ts'
import { assembleAdministration } from './administration.ts'
import { openApiKeys } from './api-keys.ts'
import { assembleAuditTrail } from './audit.ts'
import { assembleApiAuthenticator } from './authenticator.ts'
import { type Backend, createBackend } from './backend.ts'
import { assembleSignIns } from './identity.ts'
import { assembleOidcSignIns } from './issuer.ts'

import { publishedCertificate } from './published-certificate.ts'
import { assembleUsage } from './usage.ts'

export type ApiParts = {
  readonly version: string
  readonly events: EventSource
  /** Whether answers may go on for as long as somebody reads. */
  readonly streams: boolean
  readonly figures: FigureSource
  /** Where the system runs, if that is a machine. */
  readonly machine?: Machine | undefined
  /** Of the listeners in this process; undefined where they are elsewhere. */
  readonly sessions?: LiveSessions | undefined
  /** Undefined: certificates are not ours to get. */
  readonly renewCertificate?: ServiceSource['renewCertificate']
  readonly linkToObject?: LinkToObject
}

export async function assembleApi(
  backend: Backend,
  {
    version,
    events,
    streams,
    figures,
    machine,
    sessions,
    renewCertificate,
    linkToObject,
  }: ApiParts,
): Promise<WebHandler> {
  const { store, directory, jobs, rates, clock, log } = backend
  const { cursorKey } = await openApiKeys(store.tables.directory)
  const deps: ApiDeps = {
    authenticate: createAuthenticate({
      identities: backend.identities,
      rates,
      // As they are in force: they change while it runs.
      settings: () => backend.settings,
    }),
    audit: assembleAuditTrail(backend),
    signIns: assembleSignIns(backend, {
      authenticator: assembleApiAuthenticator(backend),
      factors: backend.factorKeeper,
    }),
    factors: backend.factorKeeper,
    oidc: assembleOidcSignIns(backend),
    webSessions: backend.webSessions,
    identities: backend.identities,
    tokens: backend.tokens,
    administration: (record) => assembleAdministration(backend, record, sessions),
    rehearsal(record) {
      const forgetful = {
        ...backend,
        store: createRehearsalStore(store, clock),
        log: silentLog,
        events: silentEvents,
      }
      return assembleAdministration(createBackend(forgetful), record)
    },
    directory,
    certificate: () => publishedCertificate(backend.settings),
    rates,
    jobs,
    events,
    eventStreams: streams ? createEventStreams({ events, clock }) : undefined,
    figures,
    overview: createOverview({
      machine: () => aroundOf(machine, store.space),
      queue: () => agesOf(store.tables.queue, clock.now()),
      ...{ figures, jobs, clock },
    }),
    service: createServiceSource({
      ...{ version, machine, streams, renewCertificate },
      operator: backend.operator,
      isAcme: () => backend.settings.acmeDirectory !== '',
    }),
    objects: store.objects,
    linkToObject,
    usage: assembleUsage(backend, figures),
    search: createSearch(createDirectorySearch(store.tables.directory)),
    counters: store.tables.counters,
    cursorKey,
    version,
    clock,
    log: log.child({ service: 'api' }),
  }
  return createApi(deps, operations)
}

async function aroundOf(machine: Machine | undefined, space: Space) {
  const [disk, server, isFull] = await Promise.all([
    machine?.disk(),
    machine?.server(),
    space.isShort(),
  ])
  return { disk, isFull, certificate: server && (await machine?.certificate(server)) }
}
