// What needs somebody: findings, the gravest first, each with where something is done about it. Everything here is known already or read quickly; what
// has to be measured in the network is the doctor's.

import type { FigureValues } from '#shared/figures/counter.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { CertificateFacts, DiskFacts } from './status.ts'

export type OverviewFinding = {
  readonly kind:
    | 'disk-low'
    | 'disk-full'
    | 'disk-read-only'
    | 'certificate-expires'
    | 'certificate-expired'
    | 'certificate-unreadable'
    | 'certificate-name'
    | 'queue-old'
    | 'queue-held'
    | 'log-errors'
    | 'login-failures'
    | 'job-failed'
  readonly look: 'bad' | 'warn'
  /** What it is about: a file, a job. */
  readonly about?: string
  /** In English. */
  readonly text: string
  readonly facts: { readonly [name: string]: string | number }
  /** Of the console: where something is done about it. */
  readonly href: string
}

export type Overview = {
  readonly findings: readonly OverviewFinding[]
  readonly queue: { readonly messages: number; readonly oldestMs: number | null }
}

export type OverviewFacts = {
  /** Undefined: nobody knows, as on AWS. */
  readonly disk: DiskFacts | undefined
  /** Less of it is free than what is kept: no mail is taken. */
  readonly isFull?: boolean
  readonly certificate: CertificateFacts | undefined
  /** As figures have it: `queueMessages/…`, `queueAge/max`. */
  readonly queue: FigureValues
  /** Of the last hour. */
  readonly errors: number
  readonly logins: number
  readonly loginFailures: number
  /** Those of the last day. */
  readonly failedJobs: readonly Pick<JobFacts, 'id' | 'kind' | 'reason' | 'failure'>[]
}

export interface OverviewSource {
  read(): Promise<Overview>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DISK_FREE_PART_WARN = 0.1
const DISK_FREE_PART_BAD = 0.03
const CERTIFICATE_DAYS_WARN = 14
const CERTIFICATE_DAYS_BAD = 3
/** Mail is mostly through in minutes; after so long its senders are told that it waits. */
const QUEUE_AGE_WARN_SECONDS = 4 * 3_600
const LOGIN_FAILURES_MIN = 50
const LOGIN_FAILURES_A_LOGIN = 2
const JOBS_LOOKED_AT = 20
const JOBS_TOLD_MAX = 3

export function createOverview(deps: {
  readonly machine: () => Promise<Pick<OverviewFacts, 'disk' | 'isFull' | 'certificate'>>
  readonly queue: () => Promise<FigureValues>
  readonly figures: FigureSource
  readonly jobs: Pick<Jobs, 'page'>
  readonly clock: { now(): number }
}): OverviewSource {
  const { machine, queue, figures, jobs, clock } = deps
  return {
    async read() {
      const nowMs = clock.now()
      const [around, waiting, counted, page] = await Promise.all([
        machine(),
        queue(),
        figures.read({
          names: ['errors', 'logins', 'loginFailures'],
          fromMs: nowMs - HOUR_MS,
          toMs: nowMs,
        }),
        jobs.page({ limit: JOBS_LOOKED_AT }),
      ])
      const sum = (name: string) =>
        counted.series
          .filter((series) => series.name === name)
          .flatMap(({ values }) => values)
          .reduce<number>((all, value) => all + (value ?? 0), 0)
      const failedJobs = page.items.filter(
        ({ state, endedMs }) => state === 'failed' && (endedMs ?? 0) > nowMs - DAY_MS,
      )
      const findings = findingsOf({
        ...around,
        queue: waiting,
        errors: sum('errors'),
        logins: sum('logins'),
        loginFailures: sum('loginFailures'),
        failedJobs,
      })
      const messages = ['incoming', 'waiting', 'held'].reduce(
        (all, state) => all + (waiting.get(`queueMessages/${state}`) ?? 0),
        0,
      )
      const oldest = waiting.get('queueAge/max') ?? 0
      return {
        findings,
        queue: { messages, oldestMs: messages > 0 ? nowMs - oldest * 1_000 : null },
      }
    },
  }
}

export function findingsOf(facts: OverviewFacts): readonly OverviewFinding[] {
  const all = [
    ...ofDisk(facts),
    ...ofCertificate(facts.certificate),
    ...ofQueue(facts.queue),
    ...ofCounts(facts),
    ...facts.failedJobs.slice(0, JOBS_TOLD_MAX).map(ofJob),
  ]
  return all.sort((a, b) => Number(b.look === 'bad') - Number(a.look === 'bad'))
}

function ofDisk({
  disk,
  isFull = false,
}: Pick<OverviewFacts, 'disk' | 'isFull'>): readonly OverviewFinding[] {
  if (disk === undefined || disk.bytes === 0) return []
  const href = '/service'
  if (disk.isReadOnly === true) {
    const text =
      'the data folder cannot be written to, so no mail is taken: its rights were changed, or its disk fails, of which the log of the kernel tells (dmesg)'
    return [{ kind: 'disk-read-only', look: 'bad', text, facts: {}, href }]
  }
  const part = disk.freeBytes / disk.bytes
  const percent = Math.floor(part * 100)
  if (isFull) {
    const text = `the disk of the data folder is full (${percent} % left): no mail is taken until there is room; 'postwolke storage collect --now' makes some`
    const facts = { percent, freeBytes: disk.freeBytes, bytes: disk.bytes }
    return [{ kind: 'disk-full', look: 'bad', text, facts, href }]
  }
  if (part > DISK_FREE_PART_WARN) return []
  return [
    {
      kind: 'disk-low',
      look: part > DISK_FREE_PART_BAD ? 'warn' : 'bad',
      text: `the disk of the data folder has ${percent} % left; when it is full no mail is taken`,
      facts: { percent, freeBytes: disk.freeBytes, bytes: disk.bytes },
      href,
    },
  ]
}

function ofCertificate(certificate: CertificateFacts | undefined): readonly OverviewFinding[] {
  if (certificate === undefined) return []
  const { file } = certificate
  const href = '/service/certificates'
  if (certificate.kind === 'unreadable') {
    const text = `the certificate in ${file} cannot be read`
    return [{ kind: 'certificate-unreadable', look: 'bad', about: file, text, facts: {}, href }]
  }
  const { daysLeft, names, missing } = certificate
  const ofName: readonly OverviewFinding[] =
    missing === undefined
      ? []
      : [
          {
            kind: 'certificate-name',
            look: 'bad',
            about: file,
            text: `the certificate is not for ${missing} (hostname), but for ${names}`,
            facts: { missing, names },
            href,
          },
        ]
  if (daysLeft > CERTIFICATE_DAYS_WARN) return ofName
  if (daysLeft < 0) {
    const daysAgo = -daysLeft
    const text = `the certificate ran out ${daysAgo} days ago: clients refuse it`
    const facts = { daysAgo, names }
    return [...ofName, { kind: 'certificate-expired', look: 'bad', about: file, text, facts, href }]
  }
  const text = `the certificate runs out in ${daysLeft} days`
  const look = daysLeft > CERTIFICATE_DAYS_BAD ? 'warn' : 'bad'
  const facts = { daysLeft, names }
  return [...ofName, { kind: 'certificate-expires', look, about: file, text, facts, href }]
}

function ofQueue(queue: FigureValues): readonly OverviewFinding[] {
  const seconds = queue.get('queueAge/max') ?? 0
  const held = queue.get('queueMessages/held') ?? 0
  const findings: OverviewFinding[] = []
  if (seconds > QUEUE_AGE_WARN_SECONDS) {
    const hours = Math.floor(seconds / 3_600)
    findings.push({
      kind: 'queue-old',
      look: 'warn',
      text: `the oldest message in the queue waits for ${hours} hours`,
      facts: { hours, seconds },
      href: '/queue?state=deferred&group=reason',
    })
  }
  if (held > 0) {
    findings.push({
      kind: 'queue-held',
      look: 'warn',
      text: `held until somebody decides: ${held}`,
      facts: { held },
      href: '/queue?state=hold',
    })
  }
  return findings
}

function ofCounts({ errors, logins, loginFailures }: OverviewFacts): readonly OverviewFinding[] {
  const findings: OverviewFinding[] = []
  if (errors > 0) {
    findings.push({
      kind: 'log-errors',
      look: 'bad',
      text: `errors in the log in the last hour: ${errors}`,
      facts: { errors },
      href: '/service',
    })
  }
  const isFlood =
    loginFailures >= LOGIN_FAILURES_MIN && loginFailures > LOGIN_FAILURES_A_LOGIN * logins
  if (isFlood) {
    findings.push({
      kind: 'login-failures',
      look: 'warn',
      text: `logins that failed in the last hour: ${loginFailures}, and ${logins} that did not`,
      facts: { loginFailures, logins },
      href: '/service/held-logins',
    })
  }
  return findings
}

const ofJob = ({
  id,
  kind,
  reason,
  failure,
}: OverviewFacts['failedJobs'][number]): OverviewFinding => ({
  kind: 'job-failed',
  look: 'warn',
  about: id,
  text: `a job failed (${kind}): ${reason ?? 'for no reason that is known'}`,
  facts: { job: kind, reason: reason ?? '', ...failureFacts(failure) },
  href: `/jobs/${id}`,
})

/** None of them is called as another fact of this finding. */
function failureFacts(failure: OverviewFacts['failedJobs'][number]['failure']) {
  if (failure === null) return {}
  const { kind, ...facts } = failure
  return { ...facts, failure: kind }
}
