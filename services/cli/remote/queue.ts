// The queue over the API, as shared/administration/queue.ts has it: what is a stream there comes page by page, and what is done to all that is
// like something is a job of the server.

import { parseQueueIdField, splitList } from '#shared/administration/fields.ts'
import type { QueueAdministration, QueueChanged, QueueVerb } from '#shared/administration/queue.ts'
import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import { type FilterRequest, parseQueueFilter } from '#shared/administration/queue-filter.ts'
import type { QueueTop, StateRow, TopRow } from '#shared/administration/queue-summary.ts'
import type { NotQueued, NotWaiting } from '#shared/administration/refusals.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { CommandFailure } from '../failure.ts'
import { type ApiClient, msOf, msOrNull, path, type Query, RefusedByServer } from './client.ts'
import type { RemoteJobs } from './jobs.ts'

type ResultBody = Omit<NonNullable<GroupFacts['recipients'][number]['last']>, 'atMs'> & {
  readonly at: string | null
}
type GroupBody = Omit<GroupFacts, 'dueMs' | 'recipients'> & {
  readonly dueAt: string | null
  readonly recipients: readonly {
    readonly address: string
    readonly original: string
    readonly last: ResultBody | null
  }[]
}
type MessageBody = Omit<QueueFacts, 'arrivedMs' | 'groups'> & {
  readonly arrivedAt: string
  readonly groups: readonly GroupBody[]
}
type PageBody = {
  readonly data: readonly MessageBody[]
  readonly next: string | null
  readonly looked: number
  readonly total: number
}
type RowBody = Omit<TopRow, 'oldestMs' | 'nextMs'> & {
  readonly oldestAt: string | null
  readonly nextAt: string | null
}
type StateBody = Omit<StateRow, 'oldestMs' | 'nextMs'> & {
  readonly oldestAt: string
  readonly nextAt: string | null
}

export function remoteQueue(client: ApiClient, jobs: RemoteJobs): QueueAdministration {
  const get = (path: string, query: Query = {}) => ({ method: 'GET', path, query }) as const

  async function pageOf(query: Query) {
    const page = await client.ask<PageBody>(get('/queue', query))
    const { data, next, looked, total } = page
    return { items: data.map(messageOf), next: next ?? undefined, looked, total }
  }

  /** Message by message: each is a change of its own. */
  async function change(
    { queueIds: texts }: { readonly queueIds: readonly string[] },
    act: (queueId: QueueId) => Promise<unknown>,
  ): Promise<QueueChanged> {
    const queueIds = texts.flatMap(splitList).map(checkedId)
    const done: QueueId[] = []
    const refused: (NotQueued | NotWaiting)[] = []
    for (const queueId of queueIds) {
      try {
        await act(queueId)
        done.push(queueId)
      } catch (error) {
        const refusal = error instanceof RefusedByServer ? error.refusal : undefined
        if (refusal?.kind !== 'not-queued' && refusal?.kind !== 'not-waiting') throw error
        refused.push(refusal)
      }
    }
    return { kind: 'changed', done, refused }
  }

  const verb = (name: string, queueId: QueueId, body: object = {}) =>
    client.ask({ method: 'POST', path: `${path`/queue/${queueId}`}:${name}`, body })

  async function* all(filter: FilterRequest, after: string | undefined, look: (n: number) => void) {
    let place: Query = { after }
    for (;;) {
      const page = await pageOf({ ...filter, ...place, limit: PAGE_MESSAGES })
      look(page.looked)
      yield* page.items
      if (page.next === undefined) return
      place = { cursor: page.next }
    }
  }

  return {
    list(filter, after) {
      const parsed = parseQueueFilter(filter, systemClock.now())
      if (parsed.kind !== 'ok') return parsed
      const from = after === undefined ? undefined : checkedId(after)
      let looked = 0
      const messages = all(filter, from, (some) => {
        looked += some
      })
      return { kind: 'queue', messages, looked: () => looked }
    },

    async page({ within: _, after, limit, ...filter }) {
      return { kind: 'page', ...(await pageOf({ ...filter, cursor: after, limit })) }
    },

    async subjectOf() {
      return undefined
    },

    async show(queueId) {
      const found = await client.ask<MessageBody>(get(path`/queue/${checkedId(queueId)}`))
      return { kind: 'message', message: messageOf(found) }
    },

    hold: (request) => change(request, (queueId) => verb('hold', queueId)),
    release: ({ recipients, ...request }) =>
      change(request, (queueId) => verb('release', queueId, { recipients })),
    expire: ({ heldToo = false, ...request }) =>
      change(request, (queueId) => verb('expire', queueId, { heldToo })),
    retry: (request) => change(request, (queueId) => verb('retry', queueId)),
    remove: (request) =>
      change(request, (queueId) => client.ask({ method: 'DELETE', path: path`/queue/${queueId}` })),

    async flush(to) {
      const flushed = await client.ask<{ readonly messages: number }>({
        method: 'POST',
        path: '/queue:flush',
        body: { to },
      })
      return { kind: 'flushed', ...flushed }
    },

    async count(filter) {
      const counted = await client.ask<{
        readonly messages: number
        readonly recipients: number
        readonly looked: number
      }>({ method: 'POST', path: '/queue:count', body: { filter } })
      const { messages, recipients, looked } = counted
      return { kind: 'count', messages, recipients, looked }
    },

    changeAll(verb, filter, { after, heldToo } = {}) {
      const parsed = parseQueueFilter(filter, systemClock.now())
      if (parsed.kind !== 'ok') return parsed
      if (after !== undefined) {
        throw new CommandFailure(
          '--after is for a data folder: a server goes on by itself until all is done',
          'usage',
        )
      }
      return { kind: 'changing', outcomes: changing(jobs, verb, { filter, heldToo }) }
    },

    async top(filter, { by, limit }) {
      const top = await client.ask<{
        readonly total: RowBody
        readonly data: readonly RowBody[]
        readonly more: number
      }>(get('/queue:groups', { ...filter, by, limit }))
      const facts: QueueTop = {
        kind: 'top',
        total: rowOf(top.total),
        rows: top.data.map(rowOf),
        more: top.more,
      }
      return facts
    },

    async stats(filter) {
      const { data } = await client.ask<{ readonly data: readonly StateBody[] }>(
        get('/queue:states', { ...filter }),
      )
      const states = data.map(({ oldestAt, nextAt, ...facts }) => ({
        ...facts,
        oldestMs: msOf(oldestAt),
        nextMs: msOrNull(nextAt),
      }))
      return { kind: 'stats', states }
    },

    async content(text) {
      const queueId = checkedId(text)
      const message = messageOf(await client.ask<MessageBody>(get(path`/queue/${queueId}`)))
      const bytes = await client.stream(get(path`/queue/${queueId}/content`))
      return { kind: 'content', message, ...partsOf(bytes) }
    },
  }
}

/** Of a page, at most; the server gives what it can look at in one. */
const PAGE_MESSAGES = 200

function checkedId(text: string): QueueId {
  const parsed = parseQueueIdField(text)
  if (parsed.kind !== 'ok') throw new RefusedByServer(parsed)
  return parsed.value
}

/** One after another, as the job does them: which, the server's log tells. */
async function* changing(
  jobs: RemoteJobs,
  verb: QueueVerb,
  body: { readonly filter: FilterRequest; readonly heldToo?: boolean | undefined },
) {
  const begun = await jobs.begin({
    method: 'POST',
    path: '/queue:changeAll',
    body: { verb, ...body },
  })
  let told = { done: 0, failed: 0 }
  for await (const { done, failed } of jobs.follow(begun)) {
    for (; told.done < done; told = { ...told, done: told.done + 1 }) yield one(true)
    for (; told.failed < failed; told = { ...told, failed: told.failed + 1 }) yield one(false)
  }
}

const one = (isDone: boolean) => ({ queueId: '' as QueueId, isDone })

const messageOf = ({ arrivedAt, groups, ...facts }: MessageBody): QueueFacts => ({
  ...facts,
  arrivedMs: msOf(arrivedAt),
  groups: groups.map(groupOf),
})

const groupOf = ({ dueAt, recipients, ...facts }: GroupBody): GroupFacts => ({
  ...facts,
  dueMs: msOrNull(dueAt),
  recipients: recipients.map(({ last, ...recipient }) => ({
    ...recipient,
    last: last && lastOf(last),
  })),
})

function lastOf({
  at,
  ...last
}: ResultBody): NonNullable<GroupFacts['recipients'][number]['last']> {
  const { kind, status, reply, remoteMta, attempts } = last
  return { kind, status, reply, remoteMta, atMs: msOrNull(at), attempts }
}

const rowOf = ({ oldestAt, nextAt, ...facts }: RowBody): TopRow => ({
  ...facts,
  oldestMs: oldestAt === null ? Number.POSITIVE_INFINITY : msOf(oldestAt),
  nextMs: msOrNull(nextAt),
})

const CR = 0x0d
const LF = 0x0a

/** Header and body of one message that comes as a whole; the empty line between them is the body's. Each is read once, the header first. */
export function partsOf(bytes: AsyncIterable<Uint8Array>) {
  const source = bytes[Symbol.asyncIterator]()
  let rest: Uint8Array | undefined

  async function* header() {
    let held: Uint8Array = new Uint8Array()
    for (;;) {
      const next = await source.next()
      if (next.done === true) {
        rest = new Uint8Array()
        if (held.length > 0) yield held
        return
      }
      const chunk = held.length === 0 ? next.value : Buffer.concat([held, next.value])
      const end = endOfHeader(chunk)
      if (end !== undefined) {
        rest = chunk.subarray(end)
        yield chunk.subarray(0, end)
        return
      }
      // What may be the beginning of the empty line waits for the rest of it.
      const whole = Math.max(0, chunk.length - EMPTY_LINE_BYTES)
      if (whole > 0) yield chunk.subarray(0, whole)
      held = chunk.subarray(whole)
    }
  }

  async function* body() {
    if (rest === undefined) for await (const _ of header());
    if (rest !== undefined && rest.length > 0) yield rest
    for (;;) {
      const next = await source.next()
      if (next.done === true) return
      yield next.value
    }
  }

  return { header, body }
}

/** CRLF CRLF, but for its last byte. */
const EMPTY_LINE_BYTES = 3

/** Behind the CRLF of its last line. */
function endOfHeader(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    const isEmptyLine = bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF
    if (isEmptyLine) return at + 2
  }
  return undefined
}
