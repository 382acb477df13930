// Jobs in the `counters` table, where they end by themselves (`ttl`). Keys:
//   JOB#<id>         / JOB         the job: kind, input, cursor, progress, who works on it until when
//   JOB#<id>         / T#<n>       a part of the text that came with it, sealed (sealed-text.ts); goes when the job is over
//   JOB#<id>         / E#<slice>   rows that failed in a slice, as JSON
//   JOB#<id>         / O#<n>       a part of what it made
//   JOBS             / <id>        all, for lists
//   JOBS#<account>   / <id>        those that an account began
//   JOBS-OPEN        / <id>        those that are not over: what a runner looks for

import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Item, Key } from '#shared/storage/ports.ts'
import { type JobFacts, type JobId, type JobState, jobStates } from './job.ts'

/** How long one is known; what it made and the rows that failed as well. */
export const JOB_KEPT_SECONDS = 14 * 86_400

export const JOBS_PK = 'JOBS'
export const OPEN_PK = 'JOBS-OPEN'

export const jobPk = (id: JobId) => `JOB#${id}`
export const jobKey = (id: JobId): Key => ({ pk: jobPk(id), sk: 'JOB' })
export const ownJobsPk = (accountId: string) => `${JOBS_PK}#${accountId}`

const PART_DIGITS = 6
const numbered = (letter: 'T' | 'E' | 'O', n: number) =>
  `${letter}#${String(n).padStart(PART_DIGITS, '0')}`
export const textKey = (id: JobId, n: number): Key => ({ pk: jobPk(id), sk: numbered('T', n) })
export const errorsKey = (id: JobId, n: number): Key => ({ pk: jobPk(id), sk: numbered('E', n) })
export const outputKey = (id: JobId, n: number): Key => ({ pk: jobPk(id), sk: numbered('O', n) })

/** The job with what only its runner needs. */
export type JobRecord = Omit<JobFacts, 'rate' | 'secondsLeft'> & {
  /** JSON. */
  readonly input: string
  readonly cursor: string
  /** Slices kept so far. */
  readonly slices: number
  readonly textParts: number
  /** Null: there is no text, or no more. */
  readonly textKey: Uint8Array | null
  /** Raised by whoever takes it: what an earlier one still wants to write is refused. */
  readonly taken: number
  readonly leaseUntilMs: number
  /** Not to be taken before. */
  readonly notBeforeMs: number
  /** How often it was taken since the last slice that was kept. */
  readonly starts: number
  readonly ttl: number
}

export function jobItem(job: JobRecord): Item {
  const { id, owner, about, counts, failure, ...rest } = job
  return {
    ...jobKey(id),
    ...rest,
    account: owner.accountId,
    by: owner.name,
    about: JSON.stringify(about),
    counts: JSON.stringify(counts),
    failure: failure && JSON.stringify(failure),
  }
}

export function readJob(item: Item): JobRecord {
  const number = (name: string) => Number(item[name] ?? 0)
  const orNull = (name: string) => (item[name] == null ? null : Number(item[name]))
  return {
    id: item.pk.slice('JOB#'.length) as JobId,
    kind: String(item.kind),
    about: parsed(item.about),
    owner: {
      accountId: typeof item.account === 'string' ? (parseAccountId(item.account) ?? null) : null,
      name: String(item.by),
    },
    state: stateOf(item.state),
    isCancelling: item.isCancelling === true,
    begunMs: number('begunMs'),
    startedMs: orNull('startedMs'),
    endedMs: orNull('endedMs'),
    done: number('done'),
    failed: number('failed'),
    total: orNull('total'),
    counts: parsed(item.counts),
    reason: item.reason == null ? null : String(item.reason),
    failure: typeof item.failure === 'string' ? JSON.parse(item.failure) : null,
    outputParts: number('outputParts'),
    input: String(item.input),
    cursor: String(item.cursor ?? ''),
    slices: number('slices'),
    textParts: number('textParts'),
    textKey: item.textKey instanceof Uint8Array ? item.textKey : null,
    taken: number('taken'),
    leaseUntilMs: number('leaseUntilMs'),
    notBeforeMs: number('notBeforeMs'),
    starts: number('starts'),
    ttl: number('ttl'),
  }
}

/** Of a job as people ask for it. */
export function factsOf(job: JobRecord, nowMs: number): JobFacts {
  const seconds =
    job.startedMs === null ? 0 : Math.max(0, ((job.endedMs ?? nowMs) - job.startedMs) / 1_000)
  const seen = job.done + job.failed
  const rate = seconds > 0 ? seen / seconds : 0
  const left = job.total === null || job.endedMs !== null ? null : Math.max(0, job.total - seen)
  const { id, kind, about, owner, state, isCancelling, begunMs, startedMs, endedMs } = job
  const { done, failed, total, counts, reason, failure, outputParts } = job
  return {
    ...{ id, kind, about, owner, state, isCancelling, begunMs, startedMs, endedMs },
    ...{ done, failed, total, counts, reason, failure, outputParts },
    rate,
    secondsLeft: left === null || rate === 0 ? null : Math.ceil(left / rate),
  }
}

const parsed = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : {})

function stateOf(value: unknown): JobState {
  const state = jobStates.find((each) => each === value)
  // Cannot happen: only this folder writes them.
  if (state === undefined) throw new Error(`unreadable job state ${String(value)}`)
  return state
}
