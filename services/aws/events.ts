// Change events where no process knows what another changes: read from what they all store, by the time of the last one that was told. Of what is
// stored nowhere in the order of time (a message that is delivered hours after it came) only that it happened is told, a minute or two late, by
// the figures. Where there is too much to tell, whoever asks is told to look anew.
//
//   queue      the journal of messages that came in, and the figures of the minute
//   jobs       those that are open, and of the others those that began last
//   directory  the record of what was done
//   log        refusals, as far as decisions are recorded
//
// Implementation notes: an id is a time. What was stored less than SETTLED_MS ago is not told yet: clocks differ, and a write takes a moment. The id
// stays the same while there is nothing to tell, by which a client knows that it need not ask soon.

import { decisionsWithin } from '#services/policy/records/reading.ts'
import { auditRange, readAudit } from '#shared/administration/audit/records.ts'
import { jobEvent } from '#shared/administration/jobs/job-event.ts'
import { type DecisionRecord, outcomeOf } from '#shared/contracts/decisions.ts'
import { changeEvent } from '#shared/events/change-event.ts'
import {
  type ChangeEvent,
  type EventAnswer,
  type EventId,
  type EventSource,
  type EventTopic,
  eventTopics,
  type NewEvent,
  noScope,
} from '#shared/events/event.ts'
import { domainScope } from '#shared/events/line-events.ts'
import { splitKey } from '#shared/figures/counter.ts'
import { MINUTE_MS, minuteKey, readFigures } from '#shared/figures/records.ts'
import { isEnded, type JobId } from '#shared/jobs/job.ts'
import { factsOf, JOBS_PK, type JobRecord, jobKey, OPEN_PK, readJob } from '#shared/jobs/records.ts'
import { JOB_LEASE_MS } from '#shared/jobs/runner.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { journalOf, queueIdsIn } from '#shared/queue/trace/journal.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Query, Store, Table } from '#shared/storage/ports.ts'

const FEED = 'stored'
/** What is younger is told with the next question. */
export const SETTLED_MS = 3_000
/** Whoever asks after longer looks anew. */
export const LOOKED_BACK_MS_MAX = 15 * MINUTE_MS
/** An id without news is given back for so long: then the time that is looked through begins later. */
const SAME_ID_MS = 2 * MINUTE_MS
/** Items of one kind in one answer. */
export const ITEMS_MAX = 200
/** An act that has not ended by then is told without what it changed: it may take as long as an answer may. */
const ACT_MS_MAX = 35_000
const JOBS_LOOKED_AT = 10
/** When the figures of a minute are gathered, after its beginning. */
const FIGURES_AFTER_MS = 150_000

/** After `fromMs`, up to `toMs` and with it. */
type Span = { readonly fromMs: number; readonly toMs: number; readonly nowMs: number }

type Told = {
  readonly events: readonly NewEvent[]
  /** Where it is not known yet what comes after. */
  readonly untilMs?: number
  /** There is more than is told. */
  readonly isCut?: boolean
}

export function createStoredEvents(deps: {
  readonly tables: Store['tables']
  readonly clock: Pick<Clock, 'now'>
}): EventSource {
  const { tables, clock } = deps
  const sources: { readonly [topic in EventTopic]: (span: Span) => Promise<Told> } = {
    queue: (span) => queueEvents(tables, span),
    jobs: (span) => jobEvents(tables.counters, span),
    directory: (span) => directoryEvents(tables.directory, span),
    log: (span) => refusals(tables.counters, span),
  }

  return {
    topics: eventTopics,
    async read({ after, topics, sees, limit }) {
      const nowMs = clock.now()
      const toMs = nowMs - SETTLED_MS
      const anew: EventAnswer = { events: [], last: idOf(toMs), reset: after !== undefined }
      const fromMs = after === undefined ? undefined : timeOf(after)
      if (fromMs === undefined || fromMs > nowMs || fromMs < nowMs - LOOKED_BACK_MS_MAX) return anew
      if (fromMs >= toMs) return { events: [], last: idOf(fromMs), reset: false }
      const told = await Promise.all(
        [...new Set(topics)].map((topic) => sources[topic]({ fromMs, toMs, nowMs })),
      )
      if (told.some(({ isCut }) => isCut)) return anew
      const untilMs = Math.min(toMs, ...told.map((one) => one.untilMs ?? toMs))
      const seen = told
        .flatMap(({ events }) => events)
        .filter(({ topic, scope, atMs }) => atMs <= untilMs && sees(topic, scope))
        .sort((a, b) => a.atMs - b.atMs)
      return pageOf(seen, { fromMs, untilMs, limit })
    },
  }
}

/** All of one moment go together: the next question begins after it. */
function pageOf(
  seen: readonly NewEvent[],
  { fromMs, untilMs, limit }: Record<'fromMs' | 'untilMs' | 'limit', number>,
): EventAnswer {
  const [first, next] = [seen[0], seen[limit]]
  if (first === undefined) {
    const lastMs = untilMs - fromMs < SAME_ID_MS ? fromMs : untilMs
    return { events: [], last: idOf(lastMs), reset: false }
  }
  if (next === undefined) return { events: seen.map(asTold), last: idOf(untilMs), reset: false }
  const page = seen.filter(({ atMs }) => atMs < next.atMs)
  // More than fit in one moment.
  if (page.length === 0) return { events: [], last: idOf(untilMs), reset: true }
  return { events: page.map(asTold), last: idOf(next.atMs - 1), reset: false }
}

const asTold = (event: NewEvent): ChangeEvent => {
  const { topic, atMs } = event
  return { id: idOf(atMs), topic, atMs, data: event.data() }
}

const idOf = (ms: number) => `${FEED}-${ms}` as EventId

function timeOf(id: string): number | undefined {
  const [, digits] = /^stored-(\d{1,15})$/.exec(id) ?? []
  return digits === undefined ? undefined : Number(digits)
}

// ------------------------------------------------------------------------------------------------- queue

async function queueEvents({ queue, counters }: Store['tables'], span: Span): Promise<Told> {
  const [came, went] = await Promise.all([arrivals(queue, span), movements(counters, span)])
  return { events: [...came.events, ...went], ...(came.isCut && { isCut: true }) }
}

async function arrivals(table: Table, { fromMs, toMs }: Span): Promise<Told> {
  const items = await Promise.all(journalOf(fromMs + 1, toMs).map((query) => some(table, query)))
  const times = new Map<QueueId, number>()
  for (const item of items.flat()) {
    const atMs = Number.parseInt(item.sk, 10)
    for (const id of queueIdsIn(item)) times.set(id, atMs)
  }
  if (items.some((one) => one.length === ITEMS_MAX) || times.size > ITEMS_MAX) {
    return { events: [], isCut: true }
  }
  const messages = await table.batchGet([...times.keys()].map(messageKey))
  const events = messages.flatMap((item): readonly NewEvent[] => {
    const queueId = item?.pk.slice(2) as QueueId | undefined
    const atMs = queueId && times.get(queueId)
    if (item === undefined || atMs === undefined) return []
    const { from, to } = partiesOf(item)
    return [
      {
        topic: 'queue',
        scope: domainScope(from, ...to),
        atMs,
        data: () => ({ queueId, what: 'message accepted', from, to: to[0] ?? '' }),
      },
    ]
  })
  return { events }
}

/** Of one that waits, and of one that has ended already: shared/queue/records.ts, trace/ended.ts. */
function partiesOf({ sender, recipients }: Item) {
  const to = Array.isArray(recipients) ? recipients.flat(1).slice(0, 1) : []
  return { from: typeof sender === 'string' ? sender : '', to: to.map(String) }
}

const moving: ReadonlySet<string> = new Set(['delivered', 'deferred', 'failed'])

/** What became of messages since they came is in no order; that something did is counted. */
async function movements(counters: Table, { fromMs, toMs }: Span): Promise<readonly NewEvent[]> {
  const first = Math.ceil((fromMs + 1 - FIGURES_AFTER_MS) / MINUTE_MS)
  const last = Math.floor((toMs - FIGURES_AFTER_MS) / MINUTE_MS)
  const minutes = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n)
  const items = await Promise.all(minutes.map((n) => counters.get(minuteKey(n * MINUTE_MS))))
  return items.flatMap((item, n) => {
    const counts: { [name: string]: number } = {}
    for (const [key, count] of item === undefined ? [] : readFigures(item)) {
      const { name } = splitKey(key)
      if (moving.has(name)) counts[name] = (counts[name] ?? 0) + count
    }
    if (Object.keys(counts).length === 0) return []
    const atMs = (first + n) * MINUTE_MS + FIGURES_AFTER_MS
    const data = () => ({ what: 'queue moved', ...counts })
    return [{ topic: 'queue', scope: noScope, atMs, data } as const]
  })
}

// -------------------------------------------------------------------------------------------------- jobs

async function jobEvents(table: Table, { fromMs, toMs, nowMs }: Span): Promise<Told> {
  const [open, recent] = await Promise.all([
    some(table, { pk: OPEN_PK }),
    some(table, { pk: JOBS_PK, reverse: true }, JOBS_LOOKED_AT),
  ])
  const ids = new Set([...open, ...recent].map(({ sk }) => sk as JobId))
  const items = await table.batchGet([...ids].map(jobKey))
  const events = items.flatMap((item) => {
    const job = item && readJob(item)
    const atMs = job === undefined ? 0 : changedMs(job)
    if (job === undefined || atMs <= fromMs || atMs > toMs) return []
    return [jobEvent(factsOf(job, nowMs), atMs)]
  })
  return { events, ...(open.length === ITEMS_MAX && { isCut: true }) }
}

/** Who works on a job has a lease from when he last kept something. */
function changedMs(job: JobRecord): number {
  if (isEnded(job.state)) return job.endedMs ?? 0
  const kept = job.leaseUntilMs === 0 ? 0 : job.leaseUntilMs - JOB_LEASE_MS
  return Math.max(job.begunMs, job.startedMs ?? 0, kept)
}

// --------------------------------------------------------------------------------------------- directory

async function directoryEvents(table: Table, { fromMs, toMs, nowMs }: Span): Promise<Told> {
  const days = await Promise.all(auditRange(fromMs + 1, toMs).map((query) => some(table, query)))
  const events: NewEvent[] = []
  for (const item of days.flat()) {
    const { atMs, result, operation, object, domain, changes, moreChanges } = readAudit(item)
    // What comes after it is told when its end is known.
    if (result === null && nowMs - atMs < ACT_MS_MAX) return { events, untilMs: atMs - 1 }
    for (const change of changes) events.push(changeEvent(change, atMs))
    if (moreChanges > 0 || result === null) {
      const name = object === '' ? (domain ?? '') : object.slice(object.lastIndexOf('/') + 1)
      events.push(changeEvent({ what: operation, name, before: {}, after: {} }, atMs))
    }
  }
  return { events, ...(days.some((day) => day.length === ITEMS_MAX) && { isCut: true }) }
}

// --------------------------------------------------------------------------------------------------- log

async function refusals(counters: Table, span: Span): Promise<Told> {
  const found = await decisionsWithin(counters, { ...span, limit: ITEMS_MAX })
  const events = found.records.flatMap((record): readonly NewEvent[] =>
    record.verdict.kind === 'permit'
      ? []
      : [{ topic: 'log', scope: noScope, atMs: record.atMs, data: () => refusalData(record) }],
  )
  return { events, isCut: found.isCut }
}

const refusalData = ({ request, verdict }: DecisionRecord) => ({
  level: 'info',
  message: 'refused',
  fields: {
    queueId: request.queueId,
    remoteAddress: request.origin.remoteAddress,
    reason: outcomeOf(verdict),
  },
})

/** Up to ITEMS_MAX: with as many there may be more. */
async function some(table: Table, query: Query, max = ITEMS_MAX): Promise<readonly Item[]> {
  const found: Item[] = []
  let after: string | undefined
  do {
    const page = await table.query({
      ...query,
      limit: max - found.length,
      ...(after !== undefined && { after }),
    })
    found.push(...page.items)
    after = page.next
  } while (after !== undefined && found.length < max)
  return found
}
