// Authentication of mail put together: the step of the content stage that looks at messages of strangers, and the daily reports.

import { createAuthentication } from '#services/authentication/authentication.ts'
import { createReportRecords } from '#services/authentication/report-records.ts'
import { createReportSending } from '#services/authentication/report-sending.ts'
import { loadMailauth } from '#services/authentication/signatures.ts'
import { createSpfCheck } from '#services/authentication/spf.ts'
import type { ActionPolicy } from '#services/authentication/verdict.ts'
import { createStrangerTest } from '#shared/contracts/authentication.ts'
import type { ContentStep } from '#shared/contracts/content.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { openQuestionResolvers, openResolver } from './dns.ts'

/** None where nothing is to be looked at. What it asks shares a memory of answers, and each message has a budget. */
export async function authenticationSteps(
  { settings, store, clock, log }: Pick<Backend, 'settings' | 'store' | 'clock' | 'log'>,
  openDns = openQuestionResolvers(settings, clock),
): Promise<readonly ContentStep[]> {
  if (!settings.mailAuthentication || !settings.listeners.smtp.enabled) return []
  const child = log.child({ service: 'authentication' })
  const records = createReportRecords({ counters: store.tables.counters, clock, log: child })
  const step = createAuthentication({
    mailauth: await loadMailauth(),
    checkSpf: createSpfCheck(settings),
    dnsFor: () => openDns().resolver,
    isStranger: createStrangerTest(settings),
    record: (one) => {
      if (settings.dmarcReports) void records.note(one)
    },
    options: {
      hostname: settings.hostname,
      authservId: settings.authservId,
      policy: actionPolicy(settings),
    },
    clock,
    log: child,
  })
  return [step]
}

function actionPolicy(settings: Settings): ActionPolicy {
  return {
    spf: settings.spfPolicy,
    dkim: settings.dkimPolicy,
    dmarc: settings.dmarcPolicy,
    overrides: new Map(settings.dmarcOverrides.map(({ domain, action }) => [domain, action])),
    trustedSealers: new Set(settings.arcTrustedSealers),
  }
}

const REPORTS_EVERY_MS = 3_600_000

/** For as long as the process receives mail. Of several such processes one sends each report. */
export function startDmarcReports({
  settings,
  store,
  queue,
  clock,
  log,
}: Pick<Backend, 'settings' | 'store' | 'queue' | 'clock' | 'log'>): AsyncDisposable {
  const stopping = new AbortController()
  const child = log.child({ service: 'authentication' })
  const ring = createDoorbell(store.queues.incoming, log)
  const { sendDue } = createReportSending({
    records: createReportRecords({ counters: store.tables.counters, clock, log: child }),
    spool: createSpool({ queue, store, ring, options: settings, clock, log: child }),
    dns: openResolver(settings),
    options: settings,
    clock,
    log: child,
  })
  const running = run()

  async function run(): Promise<void> {
    const { dmarcReports, listeners } = settings
    while (dmarcReports && listeners.smtp.enabled && !stopping.signal.aborted) {
      await sendDue().catch((error) => child.warn({ error }, 'DMARC reports not sent'))
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
