// The API on the backend: its ports, given.

import { createApi } from '#services/api/app.ts'
import { type ApiDeps, noAudit } from '#services/api/deps.ts'
import { createEventStreams } from '#services/api/event-stream.ts'
import { operations } from '#services/api/operations/index.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import type { EventSource } from '#shared/events/event.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import { assembleAdministration } from './administration.ts'
import { openApiKeys } from './api-keys.ts'
import type { Backend } from './backend.ts'

export type ApiParts = {
  readonly version: string
  readonly events: EventSource
  /** Whether answers may go on for as long as somebody reads. */
  readonly streams: boolean
  readonly figures: FigureSource
}

export async function assembleApi(
  backend: Backend,
  { version, events, streams, figures }: ApiParts,
): Promise<WebHandler> {
  const { store, directory, jobs, clock, log } = backend
  const { cursorKey } = await openApiKeys(store.tables.directory)
  const deps: ApiDeps = {
    // Nobody can sign in until there is something to sign in with.
    authenticate: async () => ({ kind: 'nobody' }),
    audit: noAudit,
    administration: (record) => assembleAdministration(backend, record),
    rehearsal: (record) => assembleAdministration(backend, record),
    directory,
    jobs,
    events,
    eventStreams: streams ? createEventStreams({ events, clock }) : undefined,
    figures,
    counters: store.tables.counters,
    cursorKey,
    version,
    clock,
    log: log.child({ service: 'api' }),
  }
  return createApi(deps, operations)
}
