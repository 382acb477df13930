// The trace: what became of a message, also of one that was refused.

import { z } from '@hono/zod-openapi'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import { traceRoles } from '#shared/administration/trace/trace.ts'
import type { MessageHead } from '#shared/queue/trace/ended.ts'
import { fatesOf, timeOf as msOf, type Story, type StoryStep } from '#shared/queue/trace/story.ts'
import { answer, defineOperation } from '../operation.ts'
import { text, time, timeOf } from '../schemas.ts'
import { type FindSubject, ofList } from '../subjects.ts'
import { decisionOf, decisionSchema } from './decisions.ts'

const fate = z.object({
  address: z.string(),
  original: z.string(),
  kind: z
    .string()
    .openapi({ description: '`delivered`, `deferred`, `failed`, `removed`, `waiting`.' }),
  status: z.string(),
  reply: z.string(),
  at: time.nullable(),
  relay: z.string().nullable(),
})

const summary = z
  .object({
    queueId: z.string(),
    state: z.string().openapi({ description: '`ended`, or as the queue has it.' }),
    reason: z.string().nullable(),
    how: z
      .string()
      .nullable()
      .openapi({ description: 'How it ended: `done`, `deleted`, `nobody`.' }),
    endedAt: time.nullable(),
    nextAt: time.nullable(),
    arrivedAt: time,
    sender: z.string(),
    recipients: z.array(z.string()),
    moreRecipients: z.number().int(),
    messageId: z.string().nullable(),
    bytes: z.number().int(),
    isJunk: z.boolean(),
    filter: z.string().nullable(),
    bornOf: z.string().nullable(),
    origin: z.object({
      remoteAddress: z.string(),
      helo: z.string(),
      listener: z.string(),
      tls: z.string().nullable(),
      login: z.string().nullable(),
    }),
    results: z.array(fate).openapi({ description: 'What became of each, or last.' }),
  })
  .openapi('TracedMessage')

const result = z.object({
  kind: z.string(),
  status: z.string(),
  reply: z.string(),
  recipients: z.array(z.object({ address: z.string(), original: z.string() })),
  more: z.number().int(),
})

const step = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('decision'), at: time, decision: decisionSchema }),
    z.object({ kind: z.literal('accepted'), at: time }),
    z.object({
      kind: z.literal('attempt'),
      at: time,
      to: z.string().nullable(),
      relay: z.string(),
      tls: z.string().nullable(),
      tookMs: z.number(),
      connectMs: z.number(),
      results: z.array(result),
      nextAt: time.nullable(),
      births: z.array(z.object({ queueId: z.string(), to: z.string(), what: z.string() })),
    }),
    z.object({
      kind: z.enum(['held', 'released', 'corrupt']),
      at: time,
      reason: z.string().nullable(),
      recipients: z.array(z.string()),
    }),
    z.object({ kind: z.literal('ended'), at: time, how: z.string() }),
  ])
  .openapi('TraceStep')

const traced = z
  .object({
    queueId: z.string(),
    message: summary.nullable().openapi({ description: 'Null: it was refused.' }),
    timeline: z.array(step),
    omitted: z.number().int().openapi({ description: 'Attempts that are not told.' }),
    isCut: z.boolean(),
  })
  .openapi('Trace')

function summaryOf(story: Story): z.input<typeof summary> {
  const { head, now, groups } = story
  const due = groups.flatMap(({ state, dueMs }) => (state === 'deferred' ? (dueMs ?? []) : []))
  return {
    queueId: head.queueId,
    state: now.kind === 'ended' ? 'ended' : now.state,
    reason: now.kind === 'queued' ? now.reason : null,
    how: now.kind === 'ended' ? now.how : null,
    endedAt: now.kind === 'ended' ? timeOf(now.endedMs) : null,
    nextAt: due.length === 0 ? null : timeOf(due.reduce((a, b) => Math.min(a, b))),
    ...headOf(head),
    results: fatesOf(story).map(({ atMs, ...one }) => ({
      ...one,
      at: atMs === null ? null : timeOf(atMs),
    })),
  }
}

const headOf = ({ origin, ...head }: MessageHead) => ({
  arrivedAt: timeOf(head.arrivedMs),
  sender: head.sender,
  recipients: [...head.recipients],
  moreRecipients: head.more,
  messageId: head.messageId,
  bytes: head.bytes,
  isJunk: head.junk,
  filter: head.filter,
  bornOf: head.bornOf,
  origin: {
    remoteAddress: origin.remoteAddress,
    helo: origin.helo,
    listener: origin.listener,
    tls: origin.tls?.protocol ?? null,
    login: origin.account?.login ?? null,
  },
})

function stepOf(one: StoryStep): z.input<typeof step> {
  const at = timeOf(msOf(one))
  if (one.kind === 'deed') {
    const { kind, reason, recipients } = one.deed
    return { kind, at, reason, recipients: [...recipients] }
  }
  const { event, to } = one
  return {
    kind: 'attempt',
    at,
    to: to === undefined ? null : to.kind === 'local' ? 'local' : to.slot,
    relay: event.relay,
    tls: event.tls,
    tookMs: event.tookMs,
    connectMs: event.connectMs,
    results: event.results.map(({ kind, status, reply, recipients, more }) => ({
      kind,
      status,
      reply,
      recipients: recipients.map(({ address, original }) => ({ address, original })),
      more,
    })),
    nextAt: event.nextMs === null ? null : timeOf(event.nextMs),
    births: event.births.map((birth) => ({ ...birth })),
  }
}

function timelineOf(story: Story | undefined): readonly z.input<typeof step>[] {
  if (story === undefined) return []
  const { head, now, steps } = story
  const ended =
    now.kind === 'ended' ? [{ kind: 'ended', at: timeOf(now.endedMs), how: now.how } as const] : []
  return [{ kind: 'accepted', at: timeOf(head.arrivedMs) }, ...steps.map(stepOf), ...ended]
}

export const ofTraced =
  (queueId: string): FindSubject =>
  async ({ administration }) => ({
    subject: await administration(() => {}).trace.subjectOf(queueId),
    missing: { kind: 'not-traced', field: 'queueId', value: queueId },
  })

export const traceOperations = [
  defineOperation({
    id: 'trace.list',
    method: 'get',
    path: '/trace',
    summary:
      'Finds messages by queue id, Message-ID, address of a sender or recipient, or IP address of a client; also those that were refused. Newest first.',
    right: 'trace.read',
    input: {
      query: z.strictObject({
        what: text('ann@example.org'),
        as: z
          .enum(traceRoles)
          .optional()
          .openapi({ description: 'Only where the address is that.' }),
        since: text('3d').optional().openapi({ description: 'How far back; without it 2d.' }),
      }),
    },
    subject: () => ofList,
    output: z.object({
      messages: z.array(summary),
      refusals: z.array(decisionSchema),
      isCut: z.boolean().openapi({ description: 'Older ones may be left out.' }),
    }),
    async run({ query }, { administration, extent }) {
      const found = await administration.trace.find({ ...query, within: extent })
      switch (found.kind) {
        case 'bad-value':
          return found
        case 'none':
          return answer({ messages: [], refusals: [], isCut: false })
        case 'one': {
          const refused = found.story === undefined ? found.decisions : []
          const messages = found.story === undefined ? [] : [summaryOf(found.story)]
          return answer({ messages, refusals: refused.map(decisionOf), isCut: false })
        }
        case 'several':
          return answer({
            messages: found.stories.map(summaryOf),
            refusals: found.refusals.map(decisionOf),
            isCut: found.isCut,
          })
      }
    },
  }),
  defineOperation({
    id: 'trace.get',
    method: 'get',
    path: '/trace/{queueId}',
    summary: 'The story of a message: what was decided, and each attempt to deliver it.',
    right: 'trace.read',
    input: { params: z.object({ queueId: text('01M0TEXAMP1E000000') }) },
    subject: ({ params }) => ofTraced(params.queueId),
    output: traced,
    async run({ params: { queueId } }, { administration, actor }) {
      const within = extentOf(actor, 'trace.read')
      const found = await administration.trace.find({ what: queueId, within })
      if (found.kind !== 'one') return { kind: 'not-traced', field: 'queueId', value: queueId }
      const decided = found.decisions.map((one) => {
        return { kind: 'decision', at: timeOf(one.atMs), decision: decisionOf(one) } as const
      })
      const timeline = [...decided, ...timelineOf(found.story)].toSorted((a, b) =>
        a.at < b.at ? -1 : a.at > b.at ? 1 : 0,
      )
      return answer({
        queueId: found.queueId,
        message: found.story === undefined ? null : summaryOf(found.story),
        timeline,
        omitted: found.story?.omitted ?? 0,
        isCut: found.story?.isCut ?? false,
      })
    },
  }),
]
