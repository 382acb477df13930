// Jobs: what takes longer than a request. Whoever begins one follows it to its end.

import { get } from './client.ts'

export type Job = {
  readonly id: string
  readonly kind: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly done: number
  readonly failed: number
  /** Null: nobody knows yet. */
  readonly total: number | null
  readonly counts: { readonly [outcome: string]: number }
  readonly rate: number
  readonly secondsLeft: number | null
  readonly reason: string | null
}

export type JobError = {
  readonly line: number
  readonly key: string
  readonly refusal: { readonly kind: string; readonly [fact: string]: unknown }
}

const LOOK_MS = 400
const LOOK_MS_MAX = 3_000

export const isEnded = ({ state }: Job) => state !== 'waiting' && state !== 'running'

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
    job = await get<Job>(`/jobs/${job.id}`, {}, signal)
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
    const page = await get<{ readonly data: readonly JobError[]; readonly next: string | null }>(
      `/jobs/${id}/errors`,
      { cursor },
      signal,
    )
    found.push(...page.data)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && found.length < ERRORS_MAX)
  return found
}
