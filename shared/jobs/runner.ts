// Works on jobs, in any process and in as many as there are: each job has one worker at a time, under a lease that ends by itself.
//
// Implementation notes:
// - What a slice did and the cursor behind it are kept in one transaction, on the condition that the job is still ours. A crash loses a
//   slice that was done and not kept; its kind does it again. A worker whose lease ended may finish a slice that another does too, and
//   keeps nothing of it.
// - A job that was taken STARTS_MAX times without a slice to show for it is given up: it would take every process down with it.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  type Condition,
  ConditionFailed,
  Conflict,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { JobFailure, type JobFailureReason, jobFailureText } from './failure.ts'
import { isEnded, type JobFacts, type JobId, type JobState } from './job.ts'
import { isState, outputOf } from './jobs.ts'
import {
  ERROR_CHARACTERS_MAX,
  ERRORS_A_SLICE_MAX,
  type JobKind,
  type JobWork,
  OUTPUT_PART_BYTES_MAX,
  type Slice,
} from './kind.ts'
import {
  errorsKey,
  factsOf,
  type JobRecord,
  jobKey,
  OPEN_PK,
  outputKey,
  readJob,
  textKey,
} from './records.ts'
import { openPart } from './sealed-text.ts'

export interface JobRunner {
  /**
   * Works on all that is to be done now, and resolves when nothing is left, or when the signal aborts: then between two slices. Tells when
   * something that waits will be due; undefined: nothing waits.
   */
  run(options: {
    readonly signal: AbortSignal
    /** Resolves when somebody may have begun another job, which is then looked for while others are under way; at once when the signal aborts. */
    readonly newcomer?: (signal: AbortSignal) => Promise<void>
  }): Promise<number | undefined>
}

/** How long a worker that says nothing is waited for; a slice is to take some seconds. */
export const JOB_LEASE_MS = 2 * 60_000
export const STARTS_MAX = 6
const RETRY_MS = 5_000
const RETRY_MS_MAX = 10 * 60_000
/** By one process; of those that are long. */
const JOBS_AT_ONCE = 2
const LONG_JOBS_AT_ONCE = 1

export function createJobRunner(deps: {
  readonly table: Table
  readonly kinds: ReadonlyMap<string, JobKind>
  readonly clock: Clock
  readonly log: Log
  readonly onChange?: (job: JobFacts) => void
}): JobRunner {
  const { table, kinds, clock, log, onChange } = deps
  const tell = (job: JobRecord) => onChange?.(factsOf(job, clock.now()))

  /** Of those that are open: to be taken now, and when the next one is due. */
  async function look() {
    const ready: JobRecord[] = []
    let nextMs: number | undefined
    let after: string | undefined
    do {
      const page = await table.query({
        pk: OPEN_PK,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      const ids = page.items.map(({ sk }) => sk as JobId)
      const found = await table.batchGet(ids.map(jobKey), { consistent: true })
      for (const [i, item] of found.entries()) {
        const job = item && readJob(item)
        const id = ids[i]
        if (id === undefined) continue
        if (job === undefined || isEnded(job.state)) {
          await close(id)
          continue
        }
        const nowMs = clock.now()
        const dueMs = Math.max(
          believed(job.leaseUntilMs, JOB_LEASE_MS, nowMs),
          believed(job.notBeforeMs, RETRY_MS_MAX, nowMs),
        )
        if (dueMs <= nowMs) ready.push(job)
        else nextMs = Math.min(nextMs ?? dueMs, dueMs)
      }
      after = page.next
    } while (after !== undefined)
    return { ready, nextMs }
  }

  /** It is over, or gone; or it has just begun, and only half of what began it is to be seen yet (ports.ts). */
  async function close(id: JobId): Promise<void> {
    const isOpen = { any: [isState('waiting'), isState('running')] } as const
    try {
      await table.transact([
        { check: jobKey(id), if: { not: isOpen } },
        { delete: { pk: OPEN_PK, sk: id } },
      ])
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
    }
  }

  async function take(id: JobId): Promise<JobRecord | undefined> {
    const nowMs = clock.now()
    try {
      const item = await table.write({
        update: jobKey(id),
        changes: {
          set: { state: 'running', leaseUntilMs: nowMs + JOB_LEASE_MS },
          add: { taken: 1, starts: 1 },
        },
        if: {
          all: [
            { any: [isState('waiting'), isState('running')] },
            isPast('leaseUntilMs', JOB_LEASE_MS, nowMs),
            isPast('notBeforeMs', RETRY_MS_MAX, nowMs),
          ],
        },
      })
      return item && readJob(item)
    } catch (error) {
      if (error instanceof ConditionFailed || error instanceof Conflict) return undefined
      throw error
    }
  }

  /** What is given stands for what is stored, with these changes; undefined when the job is not ours any more. */
  async function keep(
    job: JobRecord,
    changes: Partial<JobRecord>,
    more: readonly Write[] = [],
  ): Promise<JobRecord | undefined> {
    const { counts, failure, owner: _, about: __, id: ___, ...rest } = changes
    const set = {
      ...rest,
      ...(counts && { counts: JSON.stringify(counts) }),
      ...(failure && { failure: JSON.stringify(failure) }),
    }
    try {
      await table.transact([
        {
          update: jobKey(job.id),
          changes: { set },
          if: { attribute: 'taken', is: '=', value: job.taken },
        },
        ...more,
      ])
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined
      throw error
    }
    // Somebody may have cancelled it meanwhile.
    const item = await table.get(jobKey(job.id), { consistent: true })
    const kept = item && readJob(item)
    if (kept === undefined || kept.taken !== job.taken) return undefined
    tell(kept)
    return kept
  }

  async function keepSlice(job: JobRecord, slice: Slice): Promise<JobRecord | undefined> {
    const { cursor, done, failed = 0, total, counts = {}, errors = [], output } = slice
    if ((output?.length ?? 0) > OUTPUT_PART_BYTES_MAX) throw new Error('output part is too long')
    const { id, ttl } = job
    const sums = { ...job.counts }
    for (const [name, n] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + n
    const kept = errors
      .slice(0, ERRORS_A_SLICE_MAX)
      .filter((error) => JSON.stringify(error).length <= ERROR_CHARACTERS_MAX)
    const more: Write[] = []
    if (kept.length > 0) {
      more.push({ put: { ...errorsKey(id, job.slices), rows: JSON.stringify(kept), ttl } })
    }
    if (output) more.push({ put: { ...outputKey(id, job.outputParts), part: output, ttl } })
    return await keep(
      job,
      {
        cursor,
        slices: job.slices + 1,
        done: job.done + done,
        failed: job.failed + failed,
        ...(total !== undefined && { total }),
        counts: sums,
        outputParts: job.outputParts + (output ? 1 : 0),
        leaseUntilMs: clock.now() + JOB_LEASE_MS,
        starts: 0,
      },
      more,
    )
  }

  async function end(
    job: JobRecord,
    state: JobState,
    failure: JobFailureReason | null = null,
    work?: JobWork<unknown>,
  ): Promise<void> {
    // Repeated when a crash falls behind it.
    if (work) await kinds.get(job.kind)?.after?.(work)
    const reason = failure && jobFailureText(failure)
    const ended = await keep(
      job,
      {
        state,
        reason,
        failure,
        endedMs: clock.now(),
        leaseUntilMs: 0,
        textKey: null,
        textParts: 0,
      },
      [{ delete: { pk: OPEN_PK, sk: job.id } }],
    )
    if (ended === undefined) return
    const { id, kind, done, failed, counts } = ended
    log.info({ job: id, kind, state, done, failed, counts, ...(reason && { reason }) }, 'job ended')
    const parts = Array.from({ length: job.textParts }, (_, n) => ({ delete: textKey(id, n) }))
    await table.batchWrite(parts)
  }

  /** It is tried again later: by whoever looks then. */
  async function putOff(job: JobRecord, error: unknown): Promise<void> {
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (job.starts - 1))
    log.warn({ job: job.id, kind: job.kind, error }, 'job put off')
    await keep(job, { leaseUntilMs: 0, notBeforeMs: clock.now() + pauseMs })
  }

  async function work(id: JobId, signal: AbortSignal): Promise<void> {
    let job = await take(id)
    if (job === undefined) return
    if (job.startedMs === null) {
      job = await keep(job, { startedMs: clock.now() })
      if (job === undefined) return
    }
    const kind = kinds.get(job.kind)
    if (kind === undefined) {
      return await end(job, 'failed', { kind: 'nobody-does', job: job.kind })
    }
    const given = workOf(table, job, signal)
    if (job.isCancelling) return await end(job, 'cancelled', null, given)
    if (job.starts > STARTS_MAX) {
      return await end(job, 'failed', { kind: 'given-up', attempts: STARTS_MAX }, given)
    }
    try {
      for await (const slice of kind.run(given)) {
        const kept = await keepSlice(job, slice)
        if (kept === undefined) return
        job = kept
        if (job.isCancelling) return await end(job, 'cancelled', null, given)
        // Whoever comes next goes on where this ends.
        if (signal.aborted) return void (await keep(job, { leaseUntilMs: 0 }))
      }
      await end(job, 'done', null, given)
    } catch (error) {
      if (error instanceof JobFailure) return await end(job, 'failed', error.reason, given)
      if (!(error instanceof TemporaryFailure)) log.error({ job: id, error }, 'job failed')
      await putOff(job, error)
    }
  }

  return {
    async run({ signal, newcomer = () => new Promise(() => {}) }) {
      const underWay = new Map<JobId, { readonly isLong: boolean; readonly end: Promise<void> }>()
      const longs = () => [...underWay.values()].filter(({ isLong }) => isLong).length
      const begin = ({ id, kind }: JobRecord) => {
        const isLong = kinds.get(kind)?.isLong === true
        const isFull = underWay.size >= JOBS_AT_ONCE || (isLong && longs() >= LONG_JOBS_AT_ONCE)
        if (isFull || underWay.has(id) || signal.aborted) return
        const end = work(id, signal)
          .catch((error) => log.warn({ job: id, error }, 'job left to its lease'))
          .then(() => void underWay.delete(id))
        underWay.set(id, { isLong, end })
      }
      for (;;) {
        const { ready, nextMs } = await look()
        for (const job of ready) begin(job)
        const ends = [...underWay.values()].map(({ end }) => end)
        if (ends.length === 0) return nextMs
        if (signal.aborted) await Promise.all(ends)
        else {
          const waiting = new AbortController()
          await Promise.race([...ends, newcomer(AbortSignal.any([signal, waiting.signal]))])
          waiting.abort()
        }
      }
    },
  }
}

/** A time that nobody sets so far ahead was written by a clock that was wrong: nobody waits for it. */
const believed = (atMs: number, aheadMsMax: number, nowMs: number) =>
  atMs > nowMs + 2 * aheadMsMax ? nowMs : atMs

const isPast = (attribute: string, aheadMsMax: number, nowMs: number): Condition => ({
  any: [
    { attribute, is: '<=', value: nowMs },
    { attribute, is: '>', value: nowMs + 2 * aheadMsMax },
  ],
})

function workOf(table: Table, job: JobRecord, signal: AbortSignal): JobWork<unknown> {
  const { id, owner, begunMs, cursor, counts, textParts, textKey: key } = job
  return {
    ...{ id, owner, begunMs, cursor, counts, signal },
    input: JSON.parse(job.input),
    async text() {
      if (key === null) return new Uint8Array()
      const keys = Array.from({ length: textParts }, (_, n) => textKey(id, n))
      const items = await table.batchGet(keys, { consistent: true })
      const parts = items.map((item) => {
        if (!(item?.part instanceof Uint8Array)) throw new JobFailure({ kind: 'text-gone' })
        return openPart(item.part, key)
      })
      return new Uint8Array(Buffer.concat(parts))
    },
    outputOf: (other) => outputOf(table, other),
  }
}
