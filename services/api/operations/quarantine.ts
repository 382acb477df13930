// Quarantine: mail that policy or a filter had set aside, for its recipients and for whoever is responsible for them.

import { z } from '@hono/zod-openapi'
import type { QuarantineFacts } from '#shared/administration/quarantine/quarantine.ts'
import { badValue } from '#shared/administration/refusals.ts'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import { answer, defineOperation, problem } from '../operation.ts'
import { LIST_ENTRIES, pageOf, pageQuery, text, time, timeOf, warnings } from '../schemas.ts'
import { type FindSubject, ofList } from '../subjects.ts'

const facts = {
  queueId: z.string(),
  arrivedAt: time,
  endsAt: time.nullable().openapi({ description: 'When it is deleted; null: never by itself.' }),
  bytes: z.number().int(),
  sender: z.string().openapi({ description: 'Of the envelope; empty: the null sender.' }),
  remoteAddress: z.string(),
  login: z.string().nullable(),
  recipients: z.array(z.string()).openapi({ description: 'Who waits for it.' }),
  reason: z.string(),
  from: z.string().openapi({ description: 'As its header says, which proves nothing.' }),
  subject: z.string(),
}

const message = z.object(facts).openapi('QuarantinedMessage')

const shown = z
  .object({
    ...facts,
    reasons: z.array(
      z.object({
        by: z.string().openapi({ description: 'A restriction, or a filter.' }),
        verdict: z.string(),
        found: z.string().nullable(),
        points: z.number().nullable(),
      }),
    ),
    preview: z.object({
      to: z.string(),
      date: z.string(),
      text: z.string().openapi({ description: 'Plain text, nothing rendered.' }),
      isCut: z.boolean(),
      attachments: z.array(
        z.object({ name: z.string(), type: z.string(), bytes: z.number().int() }),
      ),
      moreAttachments: z.number().int(),
    }),
  })
  .openapi('QuarantinedMessageShown')

const messageOf = ({ arrivedMs, endsMs, recipients, ...one }: QuarantineFacts) => ({
  ...one,
  recipients: [...recipients],
  arrivedAt: timeOf(arrivedMs),
  endsAt: endsMs === null ? null : timeOf(endsMs),
})

const params = z.object({ queueId: text('01M0TEXAMP1E000000') })

const ofQuarantined =
  (queueId: string): FindSubject =>
  async ({ administration }) => ({
    subject: await administration(() => {}).quarantine.subjectOf(queueId),
    missing: { kind: 'not-quarantined', field: 'queueId', value: queueId },
  })

export const quarantineOperations = [
  defineOperation({
    id: 'quarantine.list',
    method: 'get',
    path: '/quarantine',
    summary: 'Lists what waits in quarantine, the oldest first.',
    right: 'quarantine.read',
    input: { query: z.strictObject(pageQuery) },
    subject: () => ofList,
    output: pageOf(message).extend({ looked: z.number().int() }),
    async run({ query: { limit = LIST_ENTRIES, cursor } }, call) {
      const { administration, cursors, extent } = call
      const after = cursor === undefined ? undefined : cursors.open(cursor, extent)
      if (cursor !== undefined && after === undefined) {
        return badValue('after', cursor, { name: 'cursor' })
      }
      const page = await administration.quarantine.page({ limit, after, within: extent })
      if (page.kind !== 'page') return page
      const { items, next, looked } = page
      const sealed = next === undefined ? null : cursors.seal(next, extent)
      return answer({ data: items.map(messageOf), next: sealed, looked })
    },
  }),
  defineOperation({
    id: 'quarantine.get',
    method: 'get',
    path: '/quarantine/{queueId}',
    summary:
      'Tells of a message in quarantine: what spoke against it, and the beginning of its text.',
    right: 'quarantine.read',
    input: { params },
    subject: ({ params }) => ofQuarantined(params.queueId),
    output: shown,
    async run({ params: { queueId } }, { administration, actor }) {
      const within = extentOf(actor, 'quarantine.read')
      const found = await administration.quarantine.show(queueId, within)
      if (found.kind !== 'quarantined') return found
      const { from: _, subject: __, ...preview } = found.preview
      return answer({
        ...messageOf(found.message),
        reasons: found.reasons.map((one) => ({ ...one })),
        preview: { ...preview, attachments: preview.attachments.map((one) => ({ ...one })) },
      })
    },
  }),
  defineOperation({
    id: 'quarantine.release',
    method: 'post',
    path: '/quarantine/{queueId}:release',
    summary:
      'Lets a message go, to all of its recipients whom one decides for or to some; `notSpam` lets its sender in from now on, too.',
    right: 'quarantine.release',
    input: {
      params,
      body: z.strictObject({
        recipients: z.array(text('ann@example.org')).min(1).max(1_000).optional(),
        notSpam: z.boolean().optional(),
      }),
    },
    subject: ({ params }) => ofQuarantined(params.queueId),
    output: z.object({ queueId: z.string(), recipients: z.array(z.string()), warnings }),
    async run({ params: { queueId }, body: { recipients, notSpam } }, { administration, actor }) {
      // What lets a sender in lets him in to everybody.
      if (notSpam && extentOf(actor, 'policy.write')?.kind !== 'all') return notHisToAllow
      const within = extentOf(actor, 'quarantine.release')
      const request = { queueId, recipients, allowSender: notSpam, within }
      const done = await administration.quarantine.release(request)
      if (done.kind !== 'released') return done
      return answer({
        queueId: done.queueId,
        recipients: [...done.recipients],
        warnings: done.warnings.map((one) => ({ ...one })),
      })
    },
  }),
  defineOperation({
    id: 'quarantine.delete',
    method: 'delete',
    path: '/quarantine/{queueId}',
    summary: 'Deletes a message from quarantine; nobody is told.',
    right: 'quarantine.release',
    input: { params },
    subject: ({ params }) => ofQuarantined(params.queueId),
    output: 'nothing',
    async run({ params: { queueId } }, { administration, actor }) {
      const within = extentOf(actor, 'quarantine.release')
      const done = await administration.quarantine.remove(queueId, within)
      return done.kind === 'removed' ? answer(null) : done
    },
  }),
]

const notHisToAllow = problem({
  status: 403,
  code: 'no-right',
  detail: 'to let a sender in needs the right policy.write',
})
