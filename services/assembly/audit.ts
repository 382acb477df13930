// The record of what was done, on a store.

import { type AuditTrail, createAuditTrail } from '#shared/administration/audit/audit.ts'
import { type AuditLog, createAuditLog } from '#shared/administration/audit/reading.ts'
import { type AuditSeals, createAuditSeals } from '#shared/administration/audit/seals.ts'
import type { Backend } from './backend.ts'

type From = Pick<Backend, 'store' | 'settings' | 'clock'>

export function assembleAuditTrail(backend: From & Pick<Backend, 'rates' | 'log'>): AuditTrail {
  const { store, settings, clock, rates } = backend
  return createAuditTrail({
    table: store.tables.directory,
    rates,
    retentionMs: () => settings.auditRetention,
    clock,
    log: backend.log.child({ service: 'audit' }),
  })
}

export function assembleAuditLog({ store, settings, clock }: From): AuditLog {
  return createAuditLog({
    table: store.tables.directory,
    retentionMs: () => settings.auditRetention,
    clock,
  })
}

export function assembleAuditSeals({
  store,
  settings,
  clock,
  log,
}: From & Pick<Backend, 'log'>): AuditSeals {
  return createAuditSeals({
    table: store.tables.directory,
    retentionMs: () => settings.auditRetention,
    clock,
    log: log.child({ service: 'audit' }),
  })
}

const SEAL_INTERVAL_MS = 3_600_000

/** Looks once an hour whether a day is to be sealed. */
export function startAuditSeals(backend: From & Pick<Backend, 'log'>): AsyncDisposable {
  const seals = assembleAuditSeals(backend)
  const ended = new AbortController()
  const running = (async () => {
    while (!ended.signal.aborted) {
      await seals.seal().catch((error) => backend.log.warn({ error }, 'audit not sealed'))
      await backend.clock.sleep(SEAL_INTERVAL_MS, ended.signal)
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      ended.abort()
      await running
    },
  }
}
