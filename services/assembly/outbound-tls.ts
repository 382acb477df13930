// What protects sessions with other hosts put together, as far as it is remembered for longer than one delivery: what domains publish, TLS
// sessions to resume, and what they are told.

import { createDane, type Dane } from '#services/delivery/remote/tls/dane.ts'
import { createTlsSessions, type TlsSessions } from '#services/delivery/remote/tls/sessions.ts'
import { createSts, type Sts } from '#services/delivery/remote/tls/sts.ts'
import { createStsFetch, type StsFetchDeps } from '#services/delivery/remote/tls/sts-fetch.ts'
import { nobodyTold, type TlsReportSink } from '#shared/contracts/tls-report.ts'
import { createValidatedResolver } from '#shared/dns/validated-resolver.ts'
import { createTargets } from '#shared/net/targets.ts'
import type { Backend } from './backend.ts'
import { openResolver } from './dns.ts'
import { createStsStore } from './sts-store.ts'
import { openTlsReportRecords } from './tls-reports.ts'

export type OutboundTls = {
  /** Null where no name server is believed. */
  readonly dane: Dane | null
  /** Null where MTA-STS is not obeyed. */
  readonly sts: Sts | null
  readonly sessions: TlsSessions
  readonly reports: TlsReportSink
  /** Resolves when all that reports were told is kept. */
  settle(): Promise<void>
}

/** `policyHosts`: where tests have them. */
export function openOutboundTls(
  backend: Pick<Backend, 'settings' | 'store' | 'clock' | 'log'>,
  policyHosts: Pick<StsFetchDeps, 'ca' | 'port'> = {},
): OutboundTls {
  const { settings, store, clock, log } = backend
  const { dnssecServers, dnsTimeout, dnsTries } = settings
  const resolver = openResolver(settings)
  const reports = settings.tlsReports ? openTlsReportRecords(backend) : undefined
  const sink = reports ?? nobodyTold
  const dns = { servers: dnssecServers, timeoutMs: dnsTimeout, tries: dnsTries, clock }
  const targets = createTargets(settings.privateDestinationNetworks)
  return {
    dane: dnssecServers.length === 0 ? null : createDane({ dns: createValidatedResolver(dns) }),
    sts: settings.smtpMtaSts
      ? createSts({
          resolver,
          fetchPolicy: createStsFetch({ resolver, targets, ...policyHosts }),
          store: createStsStore(store.tables.counters, clock),
          reports: sink,
          clock,
          log: log.child({ service: 'delivery' }),
        })
      : null,
    sessions: createTlsSessions(clock),
    reports: sink,
    settle: async () => await reports?.settle(),
  }
}
