// The cut-over of domains, on what a backend has.

import type { Administration } from '#shared/administration/administration.ts'
import { type CutOver, createCutOver } from '#shared/administration/moving/cut-over/cut-over.ts'
import type { Zone } from '#shared/administration/moving/cut-over/published.ts'
import type { Route53Batch } from '#shared/administration/moving/cut-over/record-set.ts'
import { cutOverStates } from '#shared/administration/moving/cut-over/state.ts'
import { exportStates } from '#shared/administration/moving/export-states.ts'
import { createAuthority } from '#shared/dns/authority.ts'
import type { Backend } from './backend.ts'
import { openRecordReader } from './dns.ts'

type Given = Pick<Backend, 'settings' | 'store' | 'clock'>

export function assembleCutOver(
  { settings, store, clock }: Given,
  { dns }: Pick<Administration, 'dns'>,
  /** Of Route 53, by its id. */
  zoneOf: (id: string) => Zone & { readonly apply: (batch: Route53Batch) => Promise<void> },
): CutOver {
  const readRecords = openRecordReader(settings)
  const askAuthority = createAuthority({ readRecords, timeoutMs: settings.dnsTimeout })
  const { relayhost, defaultTransport } = settings
  return createCutOver({
    dns,
    states: cutOverStates(store.tables.counters, clock),
    clock,
    sendsBySes: defaultTransport === 'ses' || /\.amazonaws\.com$/.test(relayhost?.host ?? ''),
    sources: (zoneId) => ({
      ...{ readRecords, askAuthority },
      zone: zoneId === null ? undefined : zoneOf(zoneId),
    }),
    apply: (zoneId, batch) => zoneOf(zoneId).apply(batch),
  })
}

export const assembleExportStates = ({ store, clock }: Given, organizationId: string) =>
  exportStates(store.tables.counters, organizationId, clock)
