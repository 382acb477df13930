// Exports of many mailboxes, started as WorkMail allows: ten at once in an organization, each mailbox once a day. One step at a time, which may be
// repeated: what was begun is kept before the next is begun, and a job that was begun and not kept is found again by its token.

import { createHash } from 'node:crypto'

export type ExportTarget = {
  readonly roleArn: string
  readonly kmsKeyArn: string
  readonly bucket: string
  readonly prefix: string
}

export type MailboxExport = {
  /** Of WorkMail. */
  readonly id: string
  readonly address: string
  /** Of this mailbox, from 1; 0: none was begun. */
  readonly attempt: number
  readonly startedMs: number | null
  readonly jobId: string | null
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  /** 0 to 100. */
  readonly progress: number
  /** In the bucket. */
  readonly path: string | null
  /** Why it failed, or waits. */
  readonly why: string | null
}

export type JobReport =
  | { readonly kind: 'running'; readonly progress: number }
  | { readonly kind: 'done'; readonly path: string }
  | { readonly kind: 'failed'; readonly why: string }

export interface ExportJobs {
  /** The same token is the same job. */
  start(request: {
    readonly entityId: string
    readonly token: string
    readonly description: string
    readonly target: ExportTarget
  }): Promise<
    | { readonly kind: 'started'; readonly jobId: string }
    /** As many run as may, or this one had its own today. */
    | { readonly kind: 'limited'; readonly why: string }
    | { readonly kind: 'refused'; readonly why: string }
  >
  look(jobId: string): Promise<JobReport>
}

export const JOBS_AT_ONCE_MAX = 10
export const ONE_DAY_MS = 86_400_000
/** One may have been exported today by somebody else; several say that as many run as may. */
export const LIMITED_MAX = 3

export const newExport = (id: string, address: string): MailboxExport => ({
  ...{ id, address, attempt: 0, startedMs: null, jobId: null, state: 'waiting', progress: 0 },
  ...{ path: null, why: null },
})

/** Once again for one that is over: mail that came since comes with it. */
export const renewed = (one: MailboxExport): MailboxExport =>
  one.state === 'done' || one.state === 'failed'
    ? { ...one, jobId: null, state: 'waiting', progress: 0, path: null, why: null }
    : one

/** Looks at what runs, then begins what may begin. `keep` is told of every change before anything else is done. */
export async function stepExports(
  exports: readonly MailboxExport[],
  deps: {
    readonly jobs: ExportJobs
    readonly target: ExportTarget
    readonly organizationId: string
    readonly nowMs: number
    readonly keep: (changed: MailboxExport) => Promise<void>
  },
): Promise<readonly MailboxExport[]> {
  const { jobs, nowMs, keep } = deps
  const now = new Map(exports.map((one) => [one.id, one]))
  const set = async (changed: MailboxExport) => {
    now.set(changed.id, changed)
    await keep(changed)
  }
  for (const one of exports) {
    if (one.state !== 'running' || one.jobId === null) continue
    await set({ ...one, ...lookedAt(one, await jobs.look(one.jobId)) })
  }
  let running = [...now.values()].filter(({ state }) => state === 'running').length
  let limited = 0
  for (const one of [...now.values()]) {
    if (running >= JOBS_AT_ONCE_MAX || limited >= LIMITED_MAX) break
    if (one.state !== 'waiting') continue
    const againMs = (one.startedMs ?? -ONE_DAY_MS) + ONE_DAY_MS
    if (againMs > nowMs) continue
    const started = await start(one, deps)
    await set(started.next)
    if (started.next.state === 'running') running++
    if (started.isLimited) limited++
  }
  return [...now.values()]
}

function lookedAt(one: MailboxExport, report: JobReport): Partial<MailboxExport> {
  switch (report.kind) {
    case 'running':
      return { progress: report.progress }
    case 'done':
      return { state: 'done', progress: 100, path: report.path, why: null }
    case 'failed':
      return { state: 'failed', progress: one.progress, why: report.why }
  }
}

async function start(
  one: MailboxExport,
  { jobs, target, organizationId, nowMs }: Omit<Parameters<typeof stepExports>[1], 'keep'>,
): Promise<{ readonly next: MailboxExport; readonly isLimited: boolean }> {
  const attempt = one.attempt + 1
  const answer = await jobs.start({
    entityId: one.id,
    token: tokenOf(organizationId, one.id, attempt),
    description: `moving ${one.address}`,
    target,
  })
  switch (answer.kind) {
    case 'started': {
      const { jobId } = answer
      const next = {
        ...one,
        attempt,
        jobId,
        startedMs: nowMs,
        state: 'running',
        why: null,
      } as const
      return { next, isLimited: false }
    }
    case 'limited':
      return { next: { ...one, why: answer.why }, isLimited: true }
    case 'refused':
      return { next: { ...one, state: 'failed', why: answer.why }, isLimited: false }
  }
}

/** Begun twice, after a crash, it is one job. */
const tokenOf = (organizationId: string, id: string, attempt: number) =>
  createHash('sha256').update(`${organizationId}\0${id}\0${attempt}`).digest('hex').slice(0, 64)
