// The record of what was done, on a store.

import { type AuditTrail, createAuditTrail } from '#shared/administration/audit/audit.ts'
import { type AuditLog, createAuditLog } from '#shared/administration/audit/reading.ts'
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
