// The API on the backend: its ports, given.

import { createApi } from '#services/api/app.ts'
import { type ApiDeps, noAudit } from '#services/api/deps.ts'
import { createEventStreams } from '#services/api/event-stream.ts'
import { operations } from '#services/api/operations/index.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import type { EventSource } from '#shared/events/event.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createRehearsalStore } from '#shared/storage/rehearsal-store.ts'
import { assembleAdministration } from './administration.ts'
import { openApiKeys } from './api-keys.ts'
import { type Backend, createBackend } from './backend.ts'

export async function assembleApi(
  backend: Backend,
  { version, events }: { readonly version: string; readonly events: EventSource },
): Promise<WebHandler> {
  const { store, directory, clock, log } = backend
  const { cursorKey } = await openApiKeys(store.tables.directory)
  const deps: ApiDeps = {
    // Nobody can sign in until there is something to sign in with.
    authenticate: async () => ({ kind: 'nobody' }),
    audit: noAudit,
    administration: (record) => assembleAdministration(backend, record),
    rehearsal(record) {
      const forgetful = { ...backend, store: createRehearsalStore(store, clock), log: silentLog }
      return assembleAdministration(createBackend(forgetful), record)
    },
    directory,
    jobs: backend.jobs,
    events,
    eventStreams: createEventStreams({ events, clock }),
    figures: createStoredFigures(store.tables.counters, clock),
    counters: store.tables.counters,
    cursorKey,
    version,
    clock,
    log: log.child({ service: 'api' }),
  }
  return createApi(deps, operations)
}
