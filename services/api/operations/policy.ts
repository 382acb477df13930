// Policy: the lists as they are in force, what they would say of a client, and what other settings would have made of the mail that came.

import { z } from '@hono/zod-openapi'
import {
  type Explained,
  explainListeners,
  type ReplayReport,
} from '#shared/administration/policy.ts'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import { toldRecord } from '#shared/administration/told-record.ts'
import { answer, defineOperation } from '../operation.ts'
import { flag, text, time, timeOf } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'
import { decisionOf, decisionSchema } from './decisions.ts'
import { ofTraced } from './trace.ts'

/** Decisions that are made again while somebody waits. */
const REPLAYED_MAX = 5_000

const decisions = z.object({
  data: z.array(decisionSchema),
  records: z
    .array(z.looseObject({}))
    .optional()
    .openapi({ description: 'The same whole, as they were recorded, where that was asked for.' }),
})

const recordsQuery = z.object({ records: flag.optional() })

const decisionsOf = (found: Explained, { records = false }: { records?: boolean | undefined }) => ({
  data: found.decisions.map(decisionOf),
  ...(records && { records: found.decisions.map((one) => ({ ...toldRecord(one) })) }),
})

const kinds = z.object({
  count: z.number().int(),
  kinds: z.array(
    z.object({
      kind: z.string(),
      count: z.number().int(),
      examples: z.array(
        z.object({
          queueId: z.string(),
          at: time,
          remoteAddress: z.string(),
          sender: z.string(),
          ask: z.string(),
          stage: z.string().nullable(),
          recipient: z.string().nullable(),
        }),
      ),
    }),
  ),
})

const kindsOf = ({ count, kinds }: ReplayReport['changed']) => ({
  count,
  kinds: kinds.map(({ examples, ...kind }) => ({
    ...kind,
    examples: examples.map(({ atMs, ...one }) => ({ ...one, at: timeOf(atMs) })),
  })),
})

export const policyOperations = [
  defineOperation({
    id: 'policy.lists',
    method: 'get',
    path: '/policy',
    summary: 'Lists what is asked of clients, senders, recipients and messages, as it is in force.',
    right: 'policy.write',
    subject: () => ofSystem,
    output: z.object({
      data: z.array(z.object({ setting: z.string(), restrictions: z.string() })),
    }),
    async run(_, { administration }) {
      return answer({ data: (await administration.policy.lists()).map((one) => ({ ...one })) })
    },
  }),
  defineOperation({
    id: 'policy.recorded',
    method: 'get',
    path: '/policy/decisions/{queueId}',
    summary: 'Tells what was decided about a message, rule by rule.',
    right: 'trace.read',
    input: { params: z.object({ queueId: text('01M0TEXAMP1E000000') }), query: recordsQuery },
    subject: ({ params }) => ofTraced(params.queueId),
    output: decisions,
    async run({ params, query }, { administration, actor }) {
      const within = extentOf(actor, 'trace.read')
      const found = await administration.policy.recorded(params.queueId, within)
      if (found.kind !== 'explained') return found
      return answer(decisionsOf(found, query))
    },
  }),
  defineOperation({
    id: 'policy.explain',
    method: 'post',
    path: '/policy:explain',
    summary: 'Says what would be decided now, rule by rule; nothing is sent or counted.',
    right: 'policy.write',
    onlyAsks: true,
    input: {
      query: recordsQuery,
      body: z.strictObject({
        client: text('198.51.100.7'),
        recipient: text('ann@example.org'),
        helo: text('mx.example.net').optional(),
        sender: text('bob@example.net').optional(),
        login: text('ann@example.org').optional(),
        listener: z.enum(explainListeners).optional(),
        declaredBytes: z.number().int().min(0).optional(),
        tls: z.boolean().optional(),
      }),
    },
    subject: () => ofSystem,
    output: decisions,
    async run({ body, query }, { administration }) {
      const found = await administration.policy.explain(body)
      if (found.kind !== 'explained') return found
      return answer(decisionsOf(found, query))
    },
  }),
  defineOperation({
    id: 'policy.rehearse',
    method: 'post',
    path: '/policy:rehearse',
    summary: `Decides again what was decided lately, as if these settings were changed: which verdicts would be others. At most ${REPLAYED_MAX}.`,
    right: 'policy.write',
    onlyAsks: true,
    input: {
      body: z.strictObject({
        since: text('24h').optional(),
        changes: z.record(text('smtpdClientRestrictions'), z.string().max(20_000)).optional(),
        asksDns: z.boolean().optional().openapi({
          description: 'Asks the DNS now for what it was not asked then.',
        }),
      }),
    },
    subject: () => ofSystem,
    output: z.object({
      since: time,
      decisions: z.number().int(),
      changed: kinds,
      undecided: kinds.openapi({ description: 'What was not asked then, so that nobody can say.' }),
      isCut: z.boolean(),
    }),
    async run({ body }, { administration }) {
      const report = await administration.policy.replay({ ...body, decisionsMax: REPLAYED_MAX })
      if (report.kind !== 'replayed') return report
      return answer({
        since: timeOf(report.sinceMs),
        decisions: report.decisions,
        changed: kindsOf(report.changed),
        undecided: kindsOf(report.undecided),
        isCut: report.isCut,
      })
    },
  }),
]
