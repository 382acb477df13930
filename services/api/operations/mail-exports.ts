// Takeouts: all mail of an account as zip files, made by a job and fetched one by one.

import { z } from '@hono/zod-openapi'
import {
  MAIL_EXPORT,
  mailExportFormats,
  type Takeout,
} from '#shared/administration/takeouts/records.ts'
import { answer, defineOperation } from '../operation.ts'
import { rangeOf } from '../range.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'
import { begun, jobOf, jobSchema, rehearsedJob } from './jobs.ts'

const takeout = z
  .object({
    job: jobSchema,
    volumes: z.array(
      z.object({
        number: z.number().int(),
        bytes: z.number().int(),
        messages: z.number().int(),
      }),
    ),
    endsAt: time.nullable().openapi({
      description: 'When its files are deleted; null: it is not over yet.',
    }),
  })
  .openapi('MailExport')

const takeoutOf = ({ job, volumes, endsMs }: Takeout) => ({
  job: jobOf(job),
  volumes: volumes.map(({ bytes, messages }, i) => ({ number: i + 1, bytes, messages })),
  endsAt: endsMs === null ? null : timeOf(endsMs),
})

const oneParams = z.object({
  ...accountParams.shape,
  job: z.string().max(64).openapi({ example: 'j0199…' }),
})
const volumeParams = z.object({ ...oneParams.shape, volume: text('1') })

const MAIL_ZIP = 'application/zip'

export const mailExportOperations = [
  defineOperation({
    id: 'mailExports.create',
    method: 'post',
    path: '/accounts/{account}/exports',
    summary:
      'Exports all mail of an account as zip files, as a job. Its holder is told by a letter.',
    right: 'mail.takeout',
    status: 202,
    input: {
      params: accountParams,
      body: z.strictObject({ format: z.enum(mailExportFormats).default('maildir') }),
    },
    subject: ({ params }) => ofAccount(params.account),
    output: jobSchema,
    async run({ params, body: { format } }, call) {
      if (call.isRehearsal) return answer(rehearsedJob(call, { kind: MAIL_EXPORT, total: null }))
      const address = await addressOf(call, params.account)
      const made = await call.administration.takeouts.begin({ address, format, by: call.actor })
      return made.kind === 'takeout-begun' ? begun(made.job) : made
    },
  }),
  defineOperation({
    id: 'mailExports.list',
    method: 'get',
    path: '/accounts/{account}/exports',
    summary: 'Lists the exports of a mailbox that are under way or kept, the newest first.',
    right: 'mail.export',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ data: z.array(takeout) }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const listed = await call.administration.takeouts.list(address)
      return listed.kind === 'takeouts' ? answer({ data: listed.takeouts.map(takeoutOf) }) : listed
    },
  }),
  defineOperation({
    id: 'mailExports.fetch',
    method: 'get',
    path: '/accounts/{account}/exports/{job}/volumes/{volume}',
    summary:
      'Gives one file of an export, or a range of it; where answers cannot be so large, a link to it that is good for some minutes (302).',
    right: 'mail.takeout',
    input: { params: volumeParams },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    produces: MAIL_ZIP,
    async run({ params }, call) {
      const { deps, request, actor: by } = call
      const address = await addressOf(call, params.account)
      const { job } = params
      // One spelling for each: 01 is none.
      const number = /^[1-9]\d{0,8}$/.test(params.volume) ? Number(params.volume) : 0
      const found = await call.administration.takeouts.volume({ address, job, number, by })
      if (found.kind !== 'volume') return found
      const { volume, fileName } = found
      // A look at what may be others'; before a byte of it goes out.
      await deps.audit.note(call.auditEntry, { code: 'ok', changes: [] })
      const disposition = `attachment; filename="${fileName}"`
      if (deps.linkToObject !== undefined) {
        const location = await deps.linkToObject(volume.key, { type: MAIL_ZIP, disposition })
        return {
          kind: 'response',
          response: new Response(null, { status: 302, headers: { location } }),
        }
      }
      const etag = `"${volume.key.slice(volume.key.lastIndexOf('/') + 1)}"`
      const range = rangeOf(request.headers, { bytes: volume.bytes, etag })
      const headers = {
        'content-type': MAIL_ZIP,
        'content-disposition': disposition,
        etag,
        ...range.headers,
      }
      if (range.status === 416) {
        return { kind: 'response', response: new Response(null, { status: 416, headers }) }
      }
      const bytes = await deps.objects.stream(volume.key, range.part)
      if (bytes === undefined) return { kind: 'no-such-job', field: 'job', value: job }
      const response = new Response(ReadableStream.from(bytes), { status: range.status, headers })
      return { kind: 'response', response }
    },
  }),
  defineOperation({
    id: 'mailExports.remove',
    method: 'delete',
    path: '/accounts/{account}/exports/{job}',
    summary: 'Ends an export and takes its files away; they are deleted within the hour.',
    right: 'mail.export',
    input: { params: oneParams },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params: { account, job } }, call) {
      const address = await addressOf(call, account)
      const removed = await call.administration.takeouts.remove({ address, job })
      return removed.kind === 'takeout-removed' ? answer(null) : removed
    },
  }),
]
