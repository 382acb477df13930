// The queue: mail that was accepted and is not delivered yet.

import { z } from '@hono/zod-openapi'
import { QUEUE_CHANGE, type QueueChangeInput } from '#shared/administration/jobs/queue-change.ts'
import { type QueueChanged, queueVerbs } from '#shared/administration/queue.ts'
import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import { queueStates } from '#shared/administration/queue-states.ts'
import { AGE_MINUTES, type TopRow, topKinds } from '#shared/administration/queue-summary.ts'
import { type BadValue, badValue } from '#shared/administration/refusals.ts'
import type { Extent } from '#shared/administration/rights/actor.ts'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import { orders } from '#shared/administration/sorting.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation, type Outcome, problem } from '../operation.ts'
import { LIST_ENTRIES, pageOf, pageQuery, text, time, timeOf } from '../schemas.ts'
import { type FindSubject, ofList, ofSystem } from '../subjects.ts'
import { beginJob, jobSchema, ownerOf, rehearsedJob } from './jobs.ts'

const age = text('4h')

/** Which messages are meant: the words of the command line. */
export const queueFilter = {
  state: text('deferred').optional(),
  sender: text('news@example.org')
    .optional()
    .openapi({ description: 'This address, or `@domain`; `<>` for the null sender.' }),
  recipient: text('ann@example.net').optional(),
  domain: text('example.org').optional().openapi({ description: 'From or to it.' }),
  olderThan: age.optional(),
  newerThan: age.optional(),
  destination: text('gmail.com')
    .optional()
    .openapi({ description: "A next hop or a recipient's domain; `local` for accounts here." }),
  reason: text('4.7.1').optional().openapi({ description: 'Has this in the last reply.' }),
  reasonGroup: text('450 4.7.1 (address) try again later')
    .optional()
    .openapi({ description: 'The name of a group of like reasons.' }),
}

const lastResult = z.object({
  kind: z.string(),
  status: z.string(),
  reply: z.string(),
  remoteMta: z.string().nullable(),
  at: time.nullable(),
  attempts: z.number().int(),
})

const state = z.enum(queueStates)

const group = z.object({
  name: z.string(),
  state,
  destination: z.object({ kind: z.enum(['local', 'remote']), nextHop: z.string().optional() }),
  recipients: z.array(
    z.object({ address: z.string(), original: z.string(), last: lastResult.nullable() }),
  ),
  isExpired: z.boolean().openapi({ description: 'It is returned to its sender.' }),
  attempts: z.number().int(),
  lastReply: z.string().nullable(),
  dueAt: time.nullable().openapi({ description: 'When it is looked after again.' }),
})

const message = z
  .object({
    queueId: z.string(),
    state,
    reason: z.string().nullable(),
    isSplit: z.boolean(),
    bytes: z.number().int(),
    arrivedAt: time,
    sender: z.string().openapi({ description: 'Empty: the null sender.' }),
    recipients: z.array(z.string()),
    origin: z.object({
      helo: z.string(),
      remoteAddress: z.string(),
      listener: z.string(),
      login: z.string().nullable(),
    }),
    groups: z.array(group),
  })
  .openapi('QueuedMessage')

const timeOrNull = (ms: number | null) => (ms === null ? null : timeOf(ms))

const groupOf = ({ dueMs, recipients, destination, ...facts }: GroupFacts) => ({
  ...facts,
  destination: { ...destination },
  dueAt: timeOrNull(dueMs),
  recipients: recipients.map(({ address, original, last }) => ({
    address,
    original,
    last: last && {
      kind: last.kind,
      status: last.status,
      reply: last.reply,
      remoteMta: last.remoteMta,
      at: timeOrNull(last.atMs),
      attempts: last.attempts,
    },
  })),
})

const messageOf = ({ arrivedMs, groups, recipients, ...facts }: QueueFacts) => ({
  ...facts,
  recipients: [...recipients],
  arrivedAt: timeOf(arrivedMs),
  groups: groups.map(groupOf),
})

const row = z.object({
  name: z.string(),
  messages: z.number().int(),
  recipients: z.number().int(),
  ages: z.array(z.number().int()).openapi({
    description: `Recipients by age, in minutes up to ${AGE_MINUTES.join(', ')}, and older.`,
  }),
  oldestAt: time.nullable(),
  nextAt: time.nullable().openapi({ description: 'When the first of them is tried again.' }),
  reason: z.string().nullable().openapi({ description: 'What was said most often.' }),
})

const rowOf = ({ name, messages, recipients, ages, oldestMs, nextMs, reason }: TopRow) => ({
  name,
  messages,
  recipients,
  ages: [...ages],
  oldestAt: Number.isFinite(oldestMs) ? timeOf(oldestMs) : null,
  nextAt: timeOrNull(nextMs),
  reason,
})

const queueParams = z.object({ queueId: text('01M0TEXAMP1E000000') })

/** Whoever may not see it is told that it is not there. */
export const ofQueued =
  (queueId: string): FindSubject =>
  async ({ administration }) => ({
    subject: await administration(() => {}).queue.subjectOf(queueId),
    missing: { kind: 'not-queued', field: 'queueId', value: queueId },
  })

/** Of one message: what was done, or why it was not. */
function changed(outcome: QueueChanged | BadValue): Outcome<{ queueId: string }> {
  if (outcome.kind === 'bad-value') return outcome
  const [refusal] = outcome.refused
  const [queueId = ''] = outcome.done
  return refusal ?? answer({ queueId })
}

const notHisToSend = problem({
  status: 403,
  code: 'no-right',
  detail: 'this needs the right queue.send',
})

/** Nothing is begun: how much it would be about. */
const done = z.object({ queueId: z.string() })

const verb = (
  name: string,
  summary: string,
  right: 'queue.act' | 'queue.send',
  act: (call: Call, queueIds: readonly string[]) => Promise<QueueChanged | BadValue>,
) =>
  defineOperation({
    id: `queue.${name}`,
    method: 'post',
    path: `/queue/{queueId}:${name}`,
    summary,
    right,
    input: { params: queueParams },
    subject: ({ params }) => ofQueued(params.queueId),
    output: done,
    run: async ({ params }, call) => changed(await act(call, [params.queueId])),
  })

const all = z.strictObject(queueFilter)

/** Undefined: whoever has sent it. */
const sentFromOf = (extent: Extent) => (extent.kind === 'domains' ? extent.domains : undefined)

export const queueOperations = [
  defineOperation({
    id: 'queue.count',
    method: 'post',
    path: '/queue:count',
    summary: 'Counts what a filter means, before something is done to all of it.',
    right: 'queue.act',
    onlyAsks: true,
    input: { body: z.strictObject({ filter: all }) },
    subject: () => ofList,
    output: z.object({
      messages: z.number().int(),
      recipients: z.number().int(),
      looked: z.number().int(),
      countedAt: time.openapi({ description: 'For `queue.changeAll`: newcomers are left alone.' }),
    }),
    async run({ body }, { administration, extent, nowMs }) {
      const counted = await administration.queue.count(body.filter, {
        arrivedUntilMs: nowMs,
        sentWithin: extent,
      })
      if (counted.kind !== 'count') return counted
      const { kind: _, ...counts } = counted
      return answer({ ...counts, countedAt: timeOf(nowMs) })
    },
  }),
  defineOperation({
    id: 'queue.changeAll',
    method: 'post',
    path: '/queue:changeAll',
    summary:
      'Begins a job that does one thing to all messages that a filter means: those that were counted, and no newcomers.',
    right: 'queue.act',
    status: 202,
    input: {
      body: z.strictObject({
        verb: z.enum(queueVerbs).openapi({
          description: '`expire` deletes with notice, `delete` without, `flush` tries again.',
        }),
        filter: all,
        heldToo: z.boolean().optional(),
        countedAt: z.iso.datetime().optional(),
      }),
    },
    subject: () => ofList,
    output: jobSchema,
    async run({ body: { verb, filter, heldToo, countedAt } }, call) {
      const { administration, extent, nowMs } = call
      const sends = verb === 'release' || verb === 'flush'
      if (sends && extentOf(call.actor, 'queue.send')?.kind !== 'all') return notHisToSend
      const countedMs = Math.min(nowMs, countedAt === undefined ? nowMs : Date.parse(countedAt))
      // What is wrong with the filter is said now, and how much it means.
      const options = { arrivedUntilMs: countedMs, sentWithin: extent }
      const counted = await administration.queue.count(filter, options)
      if (counted.kind !== 'count') return counted
      const sentFrom = sentFromOf(extent)
      const input: QueueChangeInput = {
        ...{ verb, filter, countedMs },
        ...(heldToo !== undefined && { heldToo }),
        ...(sentFrom && { sentFrom }),
      }
      const total = counted.messages
      if (call.isRehearsal) return answer(rehearsedJob(call, { kind: QUEUE_CHANGE, total }))
      const job = { kind: QUEUE_CHANGE, input, about: { verb }, owner: ownerOf(call), total }
      return await beginJob(call, job)
    },
  }),
  defineOperation({
    id: 'queue.list',
    method: 'get',
    path: '/queue',
    summary: 'Lists messages that wait, oldest first, or youngest first.',
    right: 'queue.read',
    input: {
      query: z.strictObject({
        ...pageQuery,
        ...queueFilter,
        order: z
          .enum(orders)
          .optional()
          .openapi({ description: 'By arrival: `asc`, the oldest first, unless asked otherwise.' }),
        after: text('01M0TEXAMP1E000000').optional().openapi({
          description: 'Of the first page: only what comes behind this message.',
        }),
      }),
    },
    subject: () => ofList,
    output: pageOf(message).extend({
      looked: z.number().int().openapi({ description: 'Messages looked at for this page.' }),
      total: z.number().int().openapi({ description: 'Messages in the queue.' }),
    }),
    async run({ query: { limit = LIST_ENTRIES, cursor, after: first, ...filter } }, call) {
      const { administration, cursors, extent } = call
      const binding = [filter, extent]
      const after = cursor === undefined ? first : cursors.open(cursor, binding)
      if (cursor !== undefined && after === undefined) {
        return badValue('after', cursor, { name: 'cursor' })
      }
      const page = await administration.queue.page({ ...filter, limit, after, within: extent })
      if (page.kind !== 'page') return page
      const { items, next, looked, total } = page
      const sealed = next === undefined ? null : cursors.seal(next, binding)
      return answer({ data: items.map(messageOf), next: sealed, looked, total })
    },
  }),
  defineOperation({
    id: 'queue.groups',
    method: 'get',
    path: '/queue:groups',
    summary: 'Counts what waits by like reasons, destinations, domains or senders.',
    right: 'queue.read',
    input: {
      query: z.strictObject({
        ...queueFilter,
        by: z.enum(topKinds).default('reason'),
        limit: z.coerce.number().int().min(1).max(1_000).default(LIST_ENTRIES),
      }),
    },
    subject: () => ofList,
    output: z.object({ total: row, data: z.array(row), more: z.number().int() }),
    async run({ query: { by, limit, ...filter } }, { administration, extent }) {
      const top = await administration.queue.top(filter, { by, limit, within: extent })
      if (top.kind !== 'top') return top
      return answer({ total: rowOf(top.total), data: top.rows.map(rowOf), more: top.more })
    },
  }),
  defineOperation({
    id: 'queue.states',
    method: 'get',
    path: '/queue:states',
    summary: 'Counts what is in each state, with the oldest of it.',
    right: 'queue.read',
    input: { query: z.strictObject(queueFilter) },
    subject: () => ofList,
    output: z.object({
      data: z.array(
        z.object({
          state,
          messages: z.number().int(),
          recipients: z.number().int(),
          bytes: z.number().int(),
          oldestAt: time,
          nextAt: time.nullable(),
        }),
      ),
    }),
    async run({ query }, { administration, extent }) {
      const stats = await administration.queue.stats(query, extent)
      if (stats.kind !== 'stats') return stats
      const data = stats.states.map(({ oldestMs, nextMs, ...facts }) => ({
        ...facts,
        oldestAt: timeOf(oldestMs),
        nextAt: timeOrNull(nextMs),
      }))
      return answer({ data })
    },
  }),
  defineOperation({
    id: 'queue.get',
    method: 'get',
    path: '/queue/{queueId}',
    summary: 'Tells of a message in the queue.',
    right: 'queue.read',
    input: { params: queueParams },
    subject: ({ params }) => ofQueued(params.queueId),
    output: message,
    async run({ params }, { administration, actor }) {
      const within = extentOf(actor, 'queue.read')
      const shown = await administration.queue.show(params.queueId, within)
      return shown.kind === 'message' ? answer(messageOf(shown.message)) : shown
    },
  }),
  defineOperation({
    id: 'queue.content',
    method: 'get',
    path: '/queue/{queueId}/content',
    summary: 'The message as it will be sent. Nobody else may read it unless a setting says so.',
    right: 'queue.content',
    input: { params: queueParams },
    subject: ({ params }) => ofQueued(params.queueId),
    output: z.string(),
    produces: 'message/rfc822',
    async run({ params }, { administration, actor }) {
      const content = await administration.queue.content(params.queueId, actor)
      if (content.kind !== 'content') return content
      const { header, body } = content
      async function* whole() {
        yield* header()
        yield* body()
      }
      const headers = {
        'content-type': 'message/rfc822',
        'content-disposition': `attachment; filename="${content.message.queueId}.eml"`,
      }
      return { kind: 'response', response: new Response(ReadableStream.from(whole()), { headers }) }
    },
  }),
  verb(
    'hold',
    'Keeps a message from being delivered until it is released.',
    'queue.act',
    (call, queueIds) => call.administration.queue.hold({ queueIds }),
  ),
  defineOperation({
    id: 'queue.release',
    method: 'post',
    path: '/queue/{queueId}:release',
    summary: 'Tries a held, corrupt or deferred message again now, and follows its aliases anew.',
    right: 'queue.send',
    input: {
      params: queueParams,
      body: z.strictObject({
        recipients: z.array(text('ann@example.org')).max(1_000).optional().openapi({
          description: 'Only these, or what these addresses led to.',
        }),
      }),
    },
    subject: ({ params }) => ofQueued(params.queueId),
    output: done,
    run: async ({ params: { queueId }, body: { recipients } }, { administration }) =>
      changed(await administration.queue.release({ queueIds: [queueId], recipients })),
  }),
  verb(
    'retry',
    'Tries a deferred message again now.',
    'queue.send',
    async ({ administration }, queueIds) => administration.queue.retry({ queueIds }),
  ),
  defineOperation({
    id: 'queue.expire',
    method: 'post',
    path: '/queue/{queueId}:expire',
    summary: 'Returns a message to its sender now: deletes it with notice.',
    right: 'queue.act',
    input: {
      params: queueParams,
      body: z.strictObject({
        heldToo: z.boolean().default(true).openapi({
          description: 'False: what is held is returned when it is released.',
        }),
      }),
    },
    subject: ({ params }) => ofQueued(params.queueId),
    output: done,
    run: async ({ params: { queueId }, body: { heldToo } }, { administration }) =>
      changed(await administration.queue.expire({ queueIds: [queueId], heldToo })),
  }),
  defineOperation({
    id: 'queue.delete',
    method: 'delete',
    path: '/queue/{queueId}',
    summary: 'Removes a message; nobody is told.',
    right: 'queue.act',
    input: { params: queueParams },
    subject: ({ params }) => ofQueued(params.queueId),
    output: 'nothing',
    async run({ params }, { administration }) {
      const outcome = changed(await administration.queue.remove({ queueIds: [params.queueId] }))
      return outcome.kind === 'answer' ? answer(null) : outcome
    },
  }),
  defineOperation({
    id: 'queue.flush',
    method: 'post',
    path: '/queue:flush',
    summary: 'Tries all deferred mail again now, or that for one next hop or domain.',
    right: 'queue.send',
    input: { body: z.strictObject({ to: text('gmail.com').optional() }) },
    subject: () => ofSystem,
    output: z.object({ messages: z.number().int() }),
    async run({ body }, { administration }) {
      const { messages } = await administration.queue.flush(body.to)
      return answer({ messages })
    },
  }),
]
