// Jobs: what takes longer than a request. Whoever begins one follows it to its end.

import { call, get } from './client.ts'

export const jobStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

export type Job = {
  readonly id: string
  /** The name of what it does. */
  readonly kind: string
  readonly about: { readonly [name: string]: string | number | boolean | null }
  readonly startedBy: string
  readonly state: JobState
  readonly cancelling: boolean
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly done: number
  readonly failed: number
  /** Null: nobody knows yet. */
  readonly total: number | null
  readonly counts: { readonly [outcome: string]: number }
  /** In a second. */
  readonly rate: number
  readonly secondsLeft: number | null
  /** In English, where nobody wrote a text for the failure. */
  readonly reason: string | null
  readonly failure: { readonly kind: string; readonly [fact: string]: string | number } | null
  readonly hasOutput: boolean
}

export type JobError = {
  readonly line: number
  readonly key: string
  readonly refusal: {
    readonly kind: string
    readonly field?: string
    readonly value?: string
    readonly [fact: string]: unknown
  }
}

export const isEnded = ({ state }: Pick<Job, 'state'>) => state !== 'waiting' && state !== 'running'

const path = (id: string) => `/jobs/${encodeURIComponent(id)}`

export const readJob = (id: string, signal: AbortSignal) => get<Job>(path(id), {}, signal)
export const cancelJob = (id: string) => call<Job>('POST', `${path(id)}:cancel`)
export const readErrors = (id: string, signal?: AbortSignal, cursor?: string) =>
  get<{ readonly data: readonly JobError[]; readonly next: string | null }>(
    `${path(id)}/errors`,
    { cursor },
    signal,
  )

const LOOK_MS = 400
const LOOK_MS_MAX = 3_000

/** Looks at it until it has ended; ever less often. */
export async function followJob(
  begun: Job,
  progress: (job: Job) => void,
  signal: AbortSignal,
): Promise<Job> {
  let job = begun
  progress(job)
  for (let wait = LOOK_MS; !isEnded(job); wait = Math.min(wait * 1.3, LOOK_MS_MAX)) {
    await new Promise((resolve) => setTimeout(resolve, wait))
    signal.throwIfAborted()
    job = await readJob(job.id, signal)
    progress(job)
  }
  return job
}

const ERRORS_MAX = 10_000

/** Of its rows, as many as somebody will look at. */
export async function errorsOf({ id }: Job, signal: AbortSignal): Promise<readonly JobError[]> {
  const found: JobError[] = []
  let cursor: string | undefined
  do {
    const page = await readErrors(id, signal, cursor)
    found.push(...page.data)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && found.length < ERRORS_MAX)
  return found
}
