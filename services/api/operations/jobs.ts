// Jobs: what takes longer than a request. Whoever begins one gets where it stands (202, Location), and looks at it from time to time or hears
// of it by events.

import { z } from '@hono/zod-openapi'
import { EXPORT_DIRECTORY, type ExportInput } from '#shared/administration/jobs/export-directory.ts'
import { IMPORT_ROWS, type ImportInput } from '#shared/administration/jobs/import-rows.ts'
import { tooManyJobs } from '#shared/administration/jobs/open-jobs.ts'
import { UNDO_IMPORT, type UndoInput } from '#shared/administration/jobs/undo-import.ts'
import { badValue } from '#shared/administration/refusals.ts'
import type { Extent } from '#shared/administration/rights/actor.ts'
import { allowed } from '#shared/administration/rights/allowed.ts'
import { MAIL_EXPORT } from '#shared/administration/takeouts/records.ts'
import { isEnded, type JobFacts, type JobId, jobStates, parseJobId } from '#shared/jobs/job.ts'
import { JOB_TEXT_BYTES_MAX, type Jobs } from '#shared/jobs/jobs.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation, type Outcome, problem } from '../operation.ts'
import { problemOfRule } from '../permit.ts'
import { readBytes } from '../read-input.ts'
import { domainText, LIST_ENTRIES, pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { ofJob, ofList } from '../subjects.ts'

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    about: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    startedBy: z.string(),
    state: z.enum(jobStates),
    cancelling: z.boolean(),
    createdAt: time,
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    done: z.number().int(),
    failed: z.number().int(),
    total: z.number().int().nullable(),
    counts: z.record(z.string(), z.number().int()),
    rate: z.number().openapi({ description: 'Done and failed in a second.' }),
    secondsLeft: z.number().int().nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it failed, in English.' }),
    failure: z
      .object({ kind: z.string() })
      .catchall(z.union([z.string(), z.number()]))
      .nullable()
      .openapi({ description: 'The same as a value: `kind`, and its facts.' }),
    hasOutput: z.boolean(),
  })
  .openapi('Job')

export const jobOf = (job: JobFacts) => ({
  ...{ id: job.id, kind: job.kind, about: job.about, startedBy: job.owner.name },
  ...{ state: job.state, cancelling: job.isCancelling, createdAt: timeOf(job.begunMs) },
  startedAt: orNull(job.startedMs),
  endedAt: orNull(job.endedMs),
  ...{ done: job.done, failed: job.failed, total: job.total, counts: { ...job.counts } },
  ...{ rate: job.rate, secondsLeft: job.secondsLeft, reason: job.reason },
  failure: job.failure && { ...job.failure },
  // Of an import these are the rows that an undo looks at, of a mailbox its volumes: nothing to fetch.
  hasOutput: job.outputParts > 0 && job.kind !== IMPORT_ROWS && job.kind !== MAIL_EXPORT,
})

const orNull = (ms: number | null) => (ms === null ? null : timeOf(ms))

const jobParams = z.object({ job: z.string().max(64).openapi({ example: 'j0199…' }) })

export const begun = (job: JobFacts) =>
  answer(jobOf(job), { status: 202, location: `/jobs/${job.id}` })

export async function beginJob(
  { deps: { jobs } }: Pick<Call, 'deps'>,
  job: Parameters<Jobs['begin']>[0],
): Promise<Outcome<ReturnType<typeof jobOf>>> {
  return (await tooManyJobs(jobs, job.owner)) ?? begun(await jobs.begin(job))
}

/** As it would be begun. */
export const rehearsedJob = (
  { actor, nowMs }: Call,
  { kind, total }: { readonly kind: string; readonly total: number | null },
) => ({
  ...{ id: '', kind, about: {}, startedBy: actor.name, state: 'waiting' as const },
  ...{ cancelling: false, createdAt: timeOf(nowMs), startedAt: null, endedAt: null },
  ...{ done: 0, failed: 0, total, counts: {}, rate: 0, secondsLeft: null, reason: null },
  failure: null,
  hasOutput: false,
})

export const ownerOf = ({ actor }: Call) => ({ accountId: actor.accountId, name: actor.name })

/** Found by the row's subject already. */
const idOf = (text: string) => parseJobId(text) ?? ('' as JobId)

const noJob = (value: string) => ({ kind: 'no-such-job', field: 'job', value }) as const

const elsewhere = problem({
  status: 403,
  code: 'no-right',
  detail: 'this is for those who may do it in every domain',
})

const stillRunning = problem({
  status: 409,
  code: 'still-running',
  detail: 'it is not over yet; cancel it first',
})

/** Undefined: everywhere. */
const domainsOf = (extent: Extent) => (extent.kind === 'domains' ? extent.domains : undefined)

async function shown(call: Call, text: string): Promise<Outcome<ReturnType<typeof jobOf>>> {
  const job = await call.deps.jobs.get(idOf(text))
  return job === undefined ? noJob(text) : answer(jobOf(job))
}

export const jobOperations = [
  defineOperation({
    id: 'jobs.list',
    method: 'get',
    path: '/jobs',
    summary: 'Lists jobs, the newest first.',
    right: 'jobs.read',
    input: { query: z.strictObject(pageQuery) },
    subject: () => ofList,
    output: pageOf(jobSchema),
    async run({ query }, { deps, cursors, extent, actor }) {
      const { limit = LIST_ENTRIES, cursor } = query
      const place = cursor === undefined ? undefined : cursors.open(cursor, extent)
      const after = place === undefined ? undefined : parseJobId(place)
      if (cursor !== undefined && after === undefined) {
        return badValue('after', cursor, { name: 'cursor' })
      }
      // Whoever is not responsible for all sees what he began himself.
      const account = extent.kind === 'all' ? null : actor.accountId
      const page = await deps.jobs.page({
        limit,
        ...(account !== null && { account }),
        ...(after && { after }),
      })
      const next = page.next === undefined ? null : cursors.seal(page.next, extent)
      return answer({ data: page.items.map(jobOf), next })
    },
  }),
  defineOperation({
    id: 'jobs.get',
    method: 'get',
    path: '/jobs/{job}',
    summary: 'Tells how far a job is.',
    right: 'jobs.read',
    input: { params: jobParams },
    subject: ({ params }) => ofJob(params.job),
    output: jobSchema,
    run: ({ params }, call) => shown(call, params.job),
  }),
  defineOperation({
    id: 'jobs.cancel',
    method: 'post',
    path: '/jobs/{job}:cancel',
    summary: 'Ends a job before its next slice; what is done stays done.',
    right: 'jobs.run',
    input: { params: jobParams },
    subject: ({ params }) => ofJob(params.job),
    output: jobSchema,
    async run({ params }, call) {
      if (call.isRehearsal) return await shown(call, params.job)
      const job = await call.deps.jobs.cancel(idOf(params.job))
      return job === undefined ? noJob(params.job) : answer(jobOf(job))
    },
  }),
  defineOperation({
    id: 'jobs.errors',
    method: 'get',
    path: '/jobs/{job}/errors',
    summary: 'Lists the rows that could not be done, with the rule that each breaks.',
    right: 'jobs.read',
    input: { params: jobParams, query: z.strictObject({ cursor: pageQuery.cursor }) },
    subject: ({ params }) => ofJob(params.job),
    output: pageOf(
      z
        .object({ line: z.number().int(), key: z.string(), refusal: z.unknown() })
        .openapi('JobError'),
    ),
    async run({ params, query: { cursor } }, { deps, cursors }) {
      const after = cursor === undefined ? undefined : cursors.open(cursor, params.job)
      if (cursor !== undefined && after === undefined) {
        return badValue('after', cursor, { name: 'cursor' })
      }
      const page = await deps.jobs.errors(idOf(params.job), after)
      const next = page.next === undefined ? null : cursors.seal(page.next, params.job)
      return answer({ data: [...page.items], next })
    },
  }),
  defineOperation({
    id: 'jobs.output',
    method: 'get',
    path: '/jobs/{job}/output',
    summary: 'Gives what a job made, as far as it is.',
    right: 'jobs.read',
    input: { params: jobParams },
    subject: ({ params }) => ofJob(params.job),
    output: 'nothing',
    produces: 'application/octet-stream',
    async run({ params }, { deps }) {
      const job = await deps.jobs.get(idOf(params.job))
      if (job === undefined) return noJob(params.job)
      const extension = job.about.format === 'ndjson' ? 'ndjson' : 'csv'
      const headers = {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${job.kind}-${job.id}.${extension}"`,
      }
      const body = ReadableStream.from(deps.jobs.output(job.id))
      return { kind: 'response', response: new Response(body, { headers }) }
    },
  }),
  defineOperation({
    id: 'imports.create',
    method: 'post',
    path: '/imports',
    summary:
      'Imports accounts, aliases or domains from CSV or a file of Dovecot or Postfix, as a job.',
    right: 'directory.write',
    status: 202,
    accepts: 'text/csv',
    bodyBytesMax: JOB_TEXT_BYTES_MAX,
    input: {
      query: z.strictObject({
        what: z.enum(['accounts', 'aliases', 'domains']),
        update: z.stringbool().optional().openapi({
          type: 'boolean',
          description: 'Changes what is there and differs; else such rows are refused.',
        }),
        rehearse: z.stringbool().optional().openapi({
          type: 'boolean',
          description: 'The job only finds out what would become of each row.',
        }),
      }),
    },
    subject: () => ofList,
    output: jobSchema,
    async run({ query }, call) {
      const { what, update = false, rehearse = false } = query
      const within = domainsOf(call.extent)
      if (call.extent.kind === 'self') return elsewhere
      if (within !== undefined && what === 'domains') return elsewhere
      // Of accounts it is another password, of which each row is asked again when it is changed.
      if (update && what === 'accounts') {
        const may = allowed(call.actor, 'credentials.reset', { kind: 'list' }, call.nowMs)
        if (may.kind === 'no') return { kind: 'problem', problem: problemOfRule(may.rule) }
      }
      const dryRun = rehearse || call.isRehearsal
      const input: ImportInput = { what, update, dryRun, ...(within && { within }) }
      const tooMany = await tooManyJobs(call.deps.jobs, ownerOf(call))
      if (tooMany !== undefined) return tooMany
      const read = await readBytes(call.request, JOB_TEXT_BYTES_MAX)
      if (read.kind === 'problem') return read
      const text = read.value
      const about = { what, update, dryRun }
      const job = { kind: IMPORT_ROWS, input, about, text, owner: ownerOf(call) }
      return begun(await call.deps.jobs.begin(job))
    },
  }),
  defineOperation({
    id: 'imports.undo',
    method: 'post',
    path: '/imports/{job}:undo',
    summary:
      'Removes the accounts or aliases that an import added and that have got no mail since, as a job.',
    right: 'directory.write',
    status: 202,
    input: { params: jobParams },
    subject: ({ params }) => ofJob(params.job),
    output: jobSchema,
    async run({ params }, call) {
      const { jobs } = call.deps
      const of = await jobs.get(idOf(params.job))
      const what = of?.about.what
      if (of?.kind !== IMPORT_ROWS || (what !== 'accounts' && what !== 'aliases')) {
        return noJob(params.job)
      }
      // What it adds later would stay.
      if (!isEnded(of.state)) return stillRunning
      if (call.isRehearsal) return answer(jobOf(of))
      const input: UndoInput = { job: of.id, what }
      const about = { what, of: of.id }
      return await beginJob(call, { kind: UNDO_IMPORT, input, about, owner: ownerOf(call) })
    },
  }),
  defineOperation({
    id: 'exports.create',
    method: 'post',
    path: '/exports',
    summary:
      'Exports domains, accounts or aliases, without passwords, as a job; its output is the file.',
    right: 'directory.read',
    status: 202,
    input: {
      body: z.strictObject({
        what: z.enum(['accounts', 'aliases', 'domains']),
        format: z.enum(['csv', 'ndjson']).optional(),
        domain: domainText.optional(),
      }),
    },
    subject: () => ofList,
    output: jobSchema,
    async run({ body }, call) {
      const { what, format = 'csv', domain } = body
      const within = domainsOf(call.extent)
      if (call.extent.kind === 'self') return elsewhere
      const isSeen = within?.some((each) => each === domain?.toLowerCase()) !== false
      if (domain !== undefined) {
        const found = isSeen ? await call.administration.domains.show(domain) : undefined
        if (found === undefined) {
          return { kind: 'no-such-domain', field: 'domain', value: domain, domain }
        }
        if (found.kind !== 'domain') return found
      } else if (within !== undefined) return elsewhere
      const input: ExportInput = { what, format, ...(domain && { domain: domain.toLowerCase() }) }
      const about = { what, format, domain: domain ?? null }
      const job = { kind: EXPORT_DIRECTORY, input, about, owner: ownerOf(call) }
      return await beginJob(call, job)
    },
  }),
]
