// The queue as the API tells it, and what is done with it.

import { call, get } from '../../api/client.ts'
import { isEnded, type Job } from '../../api/jobs.ts'
import { ApiFailure } from '../../api/problem.ts'

export const states = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type State = (typeof states)[number]

export type QueueMessage = {
  readonly queueId: string
  readonly state: State
  readonly reason: string | null
  readonly bytes: number
  readonly arrivedAt: string
  /** '' for the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly origin: {
    readonly helo: string
    readonly remoteAddress: string
    readonly listener: string
    readonly login: string | null
  }
  readonly groups: readonly QueueGroup[]
}

export type QueueGroup = {
  readonly name: string
  readonly state: State
  readonly destination: { readonly kind: 'local' | 'remote'; readonly nextHop?: string }
  readonly recipients: readonly { readonly address: string; readonly original: string }[]
  readonly attempts: number
  readonly lastReply: string | null
  readonly dueAt: string | null
}

export const groupings = ['reason', 'destination', 'sender'] as const
export type Grouping = (typeof groupings)[number]

export type GroupRow = {
  readonly name: string
  readonly messages: number
  readonly recipients: number
  readonly oldestAt: string | null
  readonly nextAt: string | null
  /** What was said most often. */
  readonly reason: string | null
}

export type Groups = {
  readonly total: GroupRow
  readonly data: readonly GroupRow[]
  /** How many other groups there are. */
  readonly more: number
}

/** Names of the query that choose messages; the API's. */
export const filterNames = [
  'state',
  'sender',
  'recipient',
  'domain',
  'destination',
  'olderThan',
  'newerThan',
  'reason',
  'reasonGroup',
] as const

export type QueueFilter = { readonly [name in (typeof filterNames)[number]]?: string }

export const readGroups = (by: Grouping, filter: QueueFilter, signal: AbortSignal) =>
  get<Groups>('/queue:groups', { ...filter, by }, signal)

export const readMessage = (queueId: string, signal: AbortSignal) =>
  get<QueueMessage>(`/queue/${encodeURIComponent(queueId)}`, {}, signal)

/** What has to be asked to get the messages of a group. */
export function filterOfGroup(by: Grouping, name: string, filter: QueueFilter): QueueFilter {
  switch (by) {
    case 'reason':
      return { ...filter, reasonGroup: name }
    case 'destination':
      return { ...filter, destination: name }
    case 'sender':
      return { ...filter, sender: name }
  }
}

export type Verb = 'retry' | 'hold' | 'release' | 'delete' | 'expire'

/** Named messages; or all that are like that, which the server does as a job. */
export type Chosen =
  | { readonly kind: 'messages'; readonly queueIds: readonly string[] }
  | {
      readonly kind: 'filter'
      readonly filter: QueueFilter
      readonly count: number
      /** When they were counted; newcomers are left alone. */
      readonly countedAt?: string
    }

export const countOf = (chosen: Chosen): number =>
  chosen.kind === 'messages' ? chosen.queueIds.length : chosen.count

export type Done = { readonly count: number; readonly refused: number }

/** A job: it goes on, or did not come to its end. */
export type Acted =
  | ({ readonly kind: 'done' } & Done)
  | { readonly kind: 'job'; readonly jobId: string }

export function act(verb: Verb, chosen: Chosen): Promise<Acted> {
  return chosen.kind === 'messages' ? actOnEach(verb, chosen.queueIds) : actOnAll(verb, chosen)
}

async function actOnEach(verb: Verb, queueIds: readonly string[]): Promise<Acted> {
  let count = 0
  let refused = 0
  for (const queueId of queueIds) {
    const path = `/queue/${encodeURIComponent(queueId)}`
    try {
      if (verb === 'delete') await call('DELETE', path)
      else await call('POST', `${path}:${verb}`, { body: {} })
      count++
    } catch (failure) {
      // Delivered meanwhile, or a worker has it this moment.
      if (!(failure instanceof ApiFailure) || ![404, 409].includes(failure.problem.status)) {
        throw failure
      }
      refused++
    }
  }
  return { kind: 'done', count, refused }
}

/** Looked at again and again for so long, before one is led to it. */
const WAIT_MS = 20_000
const ASK_MS = 400

async function actOnAll(
  verb: Verb,
  { filter, countedAt }: Extract<Chosen, { readonly kind: 'filter' }>,
): Promise<Acted> {
  const { body: begun } = await call<Job>('POST', '/queue:changeAll', {
    body: {
      verb: verb === 'retry' ? 'flush' : verb,
      filter,
      ...(verb === 'expire' && { heldToo: true }),
      ...(countedAt !== undefined && { countedAt }),
    },
  })
  const endMs = Date.now() + WAIT_MS
  for (let job = begun; ; job = await get<Job>(`/jobs/${begun.id}`)) {
    if (job.state === 'done') return { kind: 'done', count: job.done, refused: job.failed }
    if (isEnded(job) || Date.now() > endMs) return { kind: 'job', jobId: job.id }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}

/** What a filter means now; what comes later is not meant. */
export async function counted(chosen: Chosen): Promise<Chosen> {
  if (chosen.kind === 'messages') return chosen
  const { body } = await call<{ readonly messages: number; readonly countedAt: string }>(
    'POST',
    '/queue:count',
    { body: { filter: chosen.filter } },
  )
  return { ...chosen, count: body.messages, countedAt: body.countedAt }
}
