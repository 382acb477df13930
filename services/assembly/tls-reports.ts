// Reports about TLS put together: what counts sessions, and what sends reports of them.

import { createDestinations } from '#services/tls-reports/destinations.ts'
import { createTlsReportRecords, type TlsReportRecords } from '#services/tls-reports/records.ts'
import { createTlsReportSending } from '#services/tls-reports/report-sending.ts'
import { createUpload } from '#services/tls-reports/upload.ts'
import { createTargets } from '#shared/net/targets.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Backend } from './backend.ts'
import { openResolver } from './dns.ts'

type Parts = Pick<Backend, 'settings' | 'store' | 'clock' | 'log'>

export function openTlsReportRecords({ settings, store, clock, log }: Parts): TlsReportRecords {
  return createTlsReportRecords({
    counters: store.tables.counters,
    destinations: createDestinations({ resolver: openResolver(settings), clock }),
    clock,
    log: log.child({ service: 'tls-reports' }),
  })
}

const REPORTS_EVERY_MS = 3_600_000

/** For as long as the process takes mail in. Of several one sends each report. */
export function startTlsReports(backend: Parts & Pick<Backend, 'queue'>): AsyncDisposable {
  const { settings, store, queue, clock } = backend
  const log = backend.log.child({ service: 'tls-reports' })
  const resolver = openResolver(settings)
  const targets = createTargets(settings.privateDestinationNetworks)
  const ring = createDoorbell(store.queues.incoming, backend.log)
  const { sendDue } = createTlsReportSending({
    records: openTlsReportRecords(backend),
    destinations: createDestinations({ resolver, clock }),
    spool: createSpool({ queue, store, ring, options: settings, clock, log }),
    upload: createUpload({ resolver, isPublic: (address) => targets(address) === 'public' }),
    options: settings,
    clock,
    log,
  })
  const stopping = new AbortController()
  const running = run()

  async function run(): Promise<void> {
    const { smtp, submission, submissions } = settings.listeners
    const takesMail = smtp.enabled || submission.enabled || submissions.enabled
    while (settings.tlsReports && takesMail && !stopping.signal.aborted) {
      await sendDue().catch((error) => log.warn({ error }, 'TLS reports not sent'))
      await clock.sleep(REPORTS_EVERY_MS, stopping.signal)
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}
