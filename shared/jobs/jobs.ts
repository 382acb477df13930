// The port of jobs: who wants something done that takes long begins one and looks at it by its id. Who does it is runner.ts,
// in this process or another: what is written here is all that either knows.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Table, type Write } from '#shared/storage/ports.ts'
import {
  isEnded,
  type JobError,
  type JobFacts,
  type JobId,
  type JobOwner,
  newJobId,
  parseJobId,
} from './job.ts'
import {
  factsOf,
  JOB_KEPT_SECONDS,
  JOBS_PK,
  type JobRecord,
  jobItem,
  jobKey,
  jobPk,
  OPEN_PK,
  outputKey,
  ownJobsPk,
  readJob,
  textKey,
} from './records.ts'
import { newTextKey, sealParts } from './sealed-text.ts'

export interface Jobs {
  /** When it resolves the job will be done, whatever crashes. */
  begin(job: NewJob): Promise<JobFacts>
  get(id: JobId): Promise<JobFacts | undefined>
  /** The newest first; `account`: only those that it began. */
  page(options: JobListOptions): Promise<JobPage>
  /** It ends before its next slice. Undefined when there is none; one that is over stays as it is. */
  cancel(id: JobId): Promise<JobFacts | undefined>
  /** Rows that failed, in their order; `after`: the cursor of the page before. */
  errors(id: JobId, after?: string): Promise<JobErrorPage>
  /** What it made, part by part. */
  output(id: JobId): AsyncIterable<Uint8Array>
}

export type NewJob = {
  readonly kind: string
  /** Kept as JSON: INPUT_CHARACTERS_MAX at most, no secrets. */
  readonly input: unknown
  readonly about?: JobFacts['about']
  readonly owner: JobOwner
  /** What it works on; may hold secrets. */
  readonly text?: Uint8Array
  readonly total?: number
  /** Written with it, or neither: then ConditionFailed. */
  readonly with?: (id: JobId) => readonly Write[]
}

export type JobListOptions = {
  readonly account?: AccountId
  readonly limit: number
  /** `next` of the page before. */
  readonly after?: JobId
}
export type JobPage = { readonly items: readonly JobFacts[]; readonly next?: JobId }
export type JobErrorPage = { readonly items: readonly JobError[]; readonly next?: string }

/** Of signals: there is something to do. Also from the command line, beside the server. */
export const JOBS_TOPIC = 'jobs'
export const INPUT_CHARACTERS_MAX = 20_000
/** Of a text: 100,000 accounts with hashes. */
export const JOB_TEXT_BYTES_MAX = 24_000_000

export function createJobs(deps: {
  readonly table: Table
  readonly clock: Clock
  /** Told that there is something to do. May get lost: runners look by themselves. */
  readonly wake: () => void
  readonly onChange?: (job: JobFacts) => void
}): Jobs {
  const { table, clock, wake, onChange } = deps

  async function read(id: JobId): Promise<JobRecord | undefined> {
    const item = await table.get(jobKey(id), { consistent: true })
    return item && readJob(item)
  }

  const told = (job: JobRecord): JobFacts => {
    const facts = factsOf(job, clock.now())
    onChange?.(facts)
    return facts
  }

  return {
    async begin({ kind, input, about = {}, owner, text, total, with: more = () => [] }) {
      const nowMs = clock.now()
      const id = newJobId(nowMs)
      const ttl = Math.floor(nowMs / 1_000) + JOB_KEPT_SECONDS
      const json = JSON.stringify(input) ?? 'null'
      if (json.length > INPUT_CHARACTERS_MAX) throw new Error(`input of ${kind} is too long`)
      if ((text?.length ?? 0) > JOB_TEXT_BYTES_MAX) throw new Error(`text of ${kind} is too long`)
      const key = text === undefined ? null : newTextKey()
      const parts = text === undefined || key === null ? [] : [...sealParts(text, key)]
      // Before the job, which says how many there are. What a crash leaves nobody finds, and it ends by itself.
      await table.batchWrite(parts.map((part, n) => ({ put: { ...textKey(id, n), part, ttl } })))
      const job: JobRecord = {
        ...{ id, kind, about, owner, input: json, total: total ?? null, ttl },
        ...{ state: 'waiting', isCancelling: false, begunMs: nowMs, startedMs: null },
        ...{
          endedMs: null,
          done: 0,
          failed: 0,
          counts: {},
          reason: null,
          failure: null,
          outputParts: 0,
        },
        ...{ cursor: '', slices: 0, textParts: parts.length, textKey: key },
        ...{ taken: 0, leaseUntilMs: 0, notBeforeMs: 0, starts: 0 },
      }
      const listed = [JOBS_PK, ...(owner.accountId === null ? [] : [ownJobsPk(owner.accountId)])]
      await table.transact([
        { put: jobItem(job), if: { absent: 'pk' } },
        ...[...listed, OPEN_PK].map((pk): Write => ({ put: { pk, sk: id, ttl } })),
        ...more(id),
      ])
      wake()
      return told(job)
    },

    async get(id) {
      const job = await read(id)
      return job && factsOf(job, clock.now())
    },

    async page({ account, limit, after }) {
      const pk = account === undefined ? JOBS_PK : ownJobsPk(account)
      const { items, next } = await table.query({
        pk,
        reverse: true,
        limit,
        consistent: true,
        ...(after !== undefined && { sk: { to: before(after) } }),
      })
      const ids = items.flatMap(({ sk }) => parseJobId(sk) ?? [])
      const found = await table.batchGet(ids.map(jobKey), { consistent: true })
      const last = ids.at(-1)
      return {
        items: found.flatMap((item) => (item ? factsOf(readJob(item), clock.now()) : [])),
        ...(next !== undefined && last !== undefined && { next: last }),
      }
    },

    async cancel(id) {
      const job = await read(id)
      if (job === undefined || isEnded(job.state)) return job && factsOf(job, clock.now())
      try {
        const item = await table.write({
          update: jobKey(id),
          changes: { set: { isCancelling: true, notBeforeMs: 0 } },
          if: { any: [isState('waiting'), isState('running')] },
        })
        wake()
        return item && told(readJob(item))
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
        const ended = await read(id)
        return ended && factsOf(ended, clock.now())
      }
    },

    async errors(id, after) {
      const page = await table.query({
        pk: jobPk(id),
        sk: { prefix: 'E#' },
        limit: ERROR_SLICES_A_PAGE,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      return {
        items: page.items.flatMap(readErrors),
        ...(page.next !== undefined && { next: page.next }),
      }
    },

    output: (id) => outputOf(table, id),
  }
}

/** Of up to ERRORS_A_SLICE_MAX rows each. */
const ERROR_SLICES_A_PAGE = 5

export async function* outputOf(table: Table, id: JobId): AsyncGenerator<Uint8Array> {
  for (let n = 0; ; n++) {
    const item = await table.get(outputKey(id, n), { consistent: true })
    if (!(item?.part instanceof Uint8Array)) return
    yield item.part
  }
}

const readErrors = (item: Item): readonly JobError[] => JSON.parse(String(item.rows))

export const isState = (value: JobFacts['state']) =>
  ({ attribute: 'state', is: '=', value }) as const

/** The greatest key below this one of hexadecimal digits: `/` is less than `0`, and all of it less than any longer one. */
function before(id: JobId): string {
  const last = id.charCodeAt(id.length - 1)
  return `${id.slice(0, -1)}${String.fromCharCode(last - 1)}~`
}
