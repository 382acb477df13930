// What an administrator does with accepted mail that is not delivered yet: what mailq, postcat, postsuper and postqueue do. The
// operator itself tells the log what becomes of each message.

import { parseQueueId, type QueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import { HELD_BY_OPERATOR } from '#shared/queue/pipeline.ts'
import type { QueuedMessage, QueueEntry } from '#shared/queue/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ByteRange } from '#shared/storage/ports.ts'
import type { AdministrationDeps } from './deps.ts'
import { parseQueueIdField, splitList } from './fields.ts'
import {
  createMessageScope,
  createSenderScope,
  type MessageParties,
  type MessageScope,
  messageSubject,
} from './message-scope.ts'
import { describeEntry, isHeld, type QueueFacts } from './queue-facts.ts'
import { type FilterRequest, parseQueueFilter, type QueueFilter } from './queue-filter.ts'
import { type QueueTop, type StateRow, statesOf, type TopKind, topOf } from './queue-summary.ts'
import type { BadValue, NotQueued, NotWaiting, SwitchedOff } from './refusals.ts'
import type { Actor, Extent, Subject } from './rights/actor.ts'
import type { Order } from './sorting.ts'

export interface QueueAdministration {
  /** Oldest first, as a stream: there may be very many. `after`: only what is younger than this message. */
  list(filter: FilterRequest, after?: string): QueueListed | BadValue
  /** The same a page at a time, with so much looked at: what is seldom is found in several. */
  page(request: QueuePageRequest): Promise<QueuePage | BadValue>
  /** What rights on it are asked about; undefined: it is not in the queue. */
  subjectOf(queueId: string): Promise<Subject | undefined>
  /** `within`: what of it is told. */
  show(queueId: string, within?: Extent): Promise<QueueShown | BadValue | NotQueued>
  /** Keeps messages from being delivered until they are released. */
  hold(request: QueueRequest): Promise<QueueChanged | BadValue>
  /** Tries held, corrupt or deferred messages again now, and follows their aliases anew (postsuper's requeue). */
  release(request: ReleaseRequest): Promise<QueueChanged | BadValue>
  /** Removes messages; nobody is told. */
  remove(request: QueueRequest): Promise<QueueChanged | BadValue>
  /** Returns messages to their senders now. What is held stays so, and is returned when it is released, unless `heldToo`. */
  expire(request: ExpireRequest): Promise<QueueChanged | BadValue>
  /** Tries all deferred mail again now, that for one next hop or domain, or one message. */
  flush(to?: string): Promise<{ readonly kind: 'flushed'; readonly messages: number }>
  /**
   * Does this to all messages that are like that, one by one, each whole; yields each. Whoever stops and begins again does the rest:
   * what is done is not like that any more, or stays as it is. `after`: only what is younger.
   */
  changeAll(
    verb: QueueVerb,
    filter: FilterRequest,
    options?: ChangeAllOptions,
  ): QueueChanging | BadValue
  /** How much a change of all would be about. */
  count(
    filter: FilterRequest,
    options?: Pick<ChangeAllOptions, 'arrivedUntilMs' | 'sentWithin'>,
  ): Promise<QueueCount | BadValue>
  /** Whose mail waits most: by destination, recipient's domain, sender or reason, in spans of age. */
  top(
    filter: FilterRequest,
    options: {
      readonly by: TopKind
      readonly limit: number
      readonly within?: Extent | undefined
    },
  ): Promise<QueueTop | BadValue>
  /** What is in each state. */
  stats(filter: FilterRequest, within?: Extent): Promise<QueueStats | BadValue>
  /**
   * The message as it is sent, but for what depends on the host it is sent to, and our signatures. `reader`: who wants to read it; whoever
   * has the data folder needs nobody's leave.
   */
  content(
    queueId: string,
    reader?: Pick<Actor, 'accountId'>,
  ): Promise<QueueContent | BadValue | NotQueued | SwitchedOff>
  /** Tries deferred messages again now. */
  retry(request: QueueRequest): Promise<QueueChanged | BadValue>
}

export type ChangeAllOptions = {
  readonly after?: string | undefined
  readonly heldToo?: boolean
  /** Only of what was there by then (epoch ms); ages of the filter are meant as of then, too. */
  readonly arrivedUntilMs?: number | undefined
  /** Only what was sent from there. */
  readonly sentWithin?: Extent | undefined
}

export const queueVerbs = ['hold', 'release', 'delete', 'expire', 'flush'] as const
export type QueueVerb = (typeof queueVerbs)[number]

export type QueueChanging = {
  readonly kind: 'changing'
  readonly outcomes: AsyncIterable<{ readonly queueId: QueueId; readonly isDone: boolean }>
}

export type QueueCount = {
  readonly kind: 'count'
  readonly messages: number
  readonly recipients: number
  /** Messages gone through for it. */
  readonly looked: number
}

export type QueueStats = { readonly kind: 'stats'; readonly states: readonly StateRow[] }

export type QueueContent = {
  readonly kind: 'content'
  readonly message: QueueFacts
  /** Fields, those that were added first; without the empty line behind them. */
  readonly header: () => AsyncIterable<Uint8Array>
  /** With that line. */
  readonly body: () => AsyncIterable<Uint8Array>
}

export type QueuePageRequest = FilterRequest & {
  readonly within?: Extent | undefined
  /** By arrival; default: `asc`, the oldest first. */
  readonly order?: Order | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

export type QueuePage = {
  readonly kind: 'page'
  /** Oldest first; of one that matches in a part, that part. */
  readonly items: readonly QueueFacts[]
  /** Where to go on; undefined: all that there is was looked at. */
  readonly next: string | undefined
  /** Messages looked at for this page, of so many in the queue. */
  readonly looked: number
  readonly total: number
}

/** Messages of a page, and what is looked at for one. */
export const QUEUE_PAGE_MAX = 200
export const LOOKED_AT_MAX = 2_000

/** Each may be a list with commas. */
export type QueueRequest = { readonly queueIds: readonly string[] }

/** `recipients`: only these, or what these addresses led to. */
export type ReleaseRequest = QueueRequest & { readonly recipients?: readonly string[] | undefined }

export type ExpireRequest = QueueRequest & { readonly heldToo?: boolean }

/** `looked`: messages gone through so far, the ones not wanted counted too. */
export type QueueListed = {
  readonly kind: 'queue'
  readonly messages: AsyncIterable<QueueFacts>
  readonly looked: () => number
}
export type QueueShown = { readonly kind: 'message'; readonly message: QueueFacts }

/** What could be done is done, whatever else could not. */
export type QueueChanged = {
  readonly kind: 'changed'
  readonly done: readonly QueueId[]
  readonly refused: readonly (NotQueued | NotWaiting)[]
}

/** Those of the envelope, and whom these led to. */
export function partiesOf({ message: { origin, envelope }, groups }: QueueEntry): MessageParties {
  const led = groups.flatMap(({ recipients }) => recipients.map(({ address }) => address))
  const named = envelope.recipients.map(({ address }) => address)
  return { origin, sender: envelope.sender, recipients: [...new Set([...named, ...led])] }
}

export function createQueueAdministration(
  deps: Pick<AdministrationDeps, 'operator' | 'directory' | 'objects' | 'settings' | 'clock'>,
): QueueAdministration {
  const { operator, directory, clock } = deps

  const wholeScope = () => createMessageScope(directory, undefined)

  /** Message by message: each is a change of its own. */
  async function change(
    { queueIds: texts, recipients = [] }: ReleaseRequest,
    act: (queueId: QueueId) => Promise<boolean>,
  ): Promise<QueueChanged | BadValue> {
    const queueIds: QueueId[] = []
    for (const text of texts.flatMap(splitList)) {
      const queueId = parseQueueIdField(text)
      if (queueId.kind !== 'ok') return queueId
      queueIds.push(queueId.value)
    }
    const done: QueueId[] = []
    const refused: (NotQueued | NotWaiting)[] = []
    for (const queueId of queueIds) {
      if (await act(queueId)) done.push(queueId)
      else refused.push(await whyNot(operator, queueId, recipients))
    }
    return { kind: 'changed', done, refused }
  }

  return {
    list(request, after) {
      const filter = parseQueueFilter(request, clock.now())
      if (filter.kind !== 'ok') return filter
      const from = after === undefined ? undefined : parseQueueIdField(after)
      if (from !== undefined && from.kind !== 'ok') return from
      return listQueue(operator, filter.value, { after: from?.value })
    },

    async page({ within, after, order, limit = QUEUE_PAGE_MAX, ...request }) {
      const filter = parseQueueFilter(request, clock.now())
      if (filter.kind !== 'ok') return filter
      const from = after === undefined ? undefined : parseQueueIdField(after)
      if (from !== undefined && from.kind !== 'ok') return from
      const scope = createMessageScope(directory, within)
      const most = Math.min(Math.max(1, limit), QUEUE_PAGE_MAX)
      const items: QueueFacts[] = []
      let looked = 0
      let next: string | undefined
      const listed =
        order === 'desc' ? operator.listYoungest(from?.value) : operator.list(from?.value)
      for await (const entry of listed) {
        if (items.length === most || looked === LOOKED_AT_MAX) break
        looked++
        next = entry.message.queueId
        const wanted = await wantedOf(entry, filter.value, scope)
        if (wanted !== undefined) items.push(describeEntry(wanted))
      }
      const isAll = items.length < most && looked < LOOKED_AT_MAX
      const total = await operator.messages()
      return { kind: 'page', items, next: isAll ? undefined : next, looked, total }
    },

    async subjectOf(text) {
      const queueId = parseQueueId(text)
      const entry = queueId && (await operator.show(queueId))
      return entry && (await messageSubject(directory, partiesOf(entry)))
    },

    async show(text, within) {
      const queueId = parseQueueIdField(text)
      if (queueId.kind !== 'ok') return queueId
      const scope = createMessageScope(directory, within)
      const entry = await seen(await operator.show(queueId.value), scope)
      return entry === undefined
        ? notQueued(queueId.value)
        : { kind: 'message', message: describeEntry(entry) }
    },

    hold: (request) =>
      change(request, async (queueId) => {
        await operator.hold(queueId, HELD_BY_OPERATOR)
        // Not what was done counts, but what is: a group that a worker has this moment goes on.
        const entry = await operator.show(queueId)
        return entry !== undefined && isHeld(entry)
      }),

    release: (request) =>
      change(request, (queueId) => operator.release(queueId, request.recipients)),

    remove: (request) => change(request, (queueId) => operator.remove(queueId)),

    expire: ({ heldToo = false, ...request }) =>
      change(request, (queueId) => operator.expire(queueId, { heldToo })),

    async flush(to) {
      const queueId = to === undefined ? undefined : parseQueueId(to.toUpperCase())
      const messages = await operator.flush(queueId === undefined ? to : { queueId })
      return { kind: 'flushed', messages }
    },

    async count(request, { sentWithin, arrivedUntilMs } = {}) {
      const filter = parseQueueFilter(request, arrivedUntilMs ?? clock.now())
      if (filter.kind !== 'ok') return filter
      const scope = { ...wholeScope(), ...createSenderScope(sentWithin) }
      const listed = listQueue(operator, filter.value, { scope })
      const untilMs = arrivedUntilMs ?? Number.POSITIVE_INFINITY
      let messages = 0
      let recipients = 0
      for await (const message of arrivedBy(listed.messages, untilMs)) {
        messages++
        recipients +=
          message.groups.length === 0
            ? message.recipients.length
            : message.groups.reduce((sum, group) => sum + group.recipients.length, 0)
      }
      return { kind: 'count', messages, recipients, looked: listed.looked() }
    },

    changeAll(verb, request, { after, heldToo = false, sentWithin, arrivedUntilMs } = {}) {
      const filter = parseQueueFilter(request, arrivedUntilMs ?? clock.now())
      if (filter.kind !== 'ok') return filter
      const from = after === undefined ? undefined : parseQueueIdField(after)
      if (from !== undefined && from.kind !== 'ok') return from
      const acts: { readonly [name in QueueVerb]: (queueId: QueueId) => Promise<boolean> } = {
        hold: (queueId) => operator.hold(queueId, HELD_BY_OPERATOR),
        release: (queueId) => operator.release(queueId),
        delete: (queueId) => operator.remove(queueId),
        expire: (queueId) => operator.expire(queueId, { heldToo }),
        flush: async (queueId) => (await operator.flush({ queueId })) > 0,
      }
      const scope = { ...wholeScope(), ...createSenderScope(sentWithin) }
      const { messages } = listQueue(operator, filter.value, { after: from?.value, scope })
      const wanted = arrivedUntilMs === undefined ? messages : arrivedBy(messages, arrivedUntilMs)
      return { kind: 'changing', outcomes: changing(wanted, acts[verb]) }
    },

    async top(request, { by, limit, within }) {
      const filter = parseQueueFilter(request, clock.now())
      if (filter.kind !== 'ok') return filter
      const scope = createMessageScope(directory, within)
      const { messages } = listQueue(operator, filter.value, { scope })
      return topOf(messages, { by, limit, nowMs: clock.now() })
    },

    async stats(request, within) {
      const filter = parseQueueFilter(request, clock.now())
      if (filter.kind !== 'ok') return filter
      const scope = createMessageScope(directory, within)
      const { messages } = listQueue(operator, filter.value, { scope })
      return { kind: 'stats', states: await statesOf(messages) }
    },

    retry: (request) => change(request, async (queueId) => (await operator.flush({ queueId })) > 0),

    async content(text, reader) {
      const queueId = parseQueueIdField(text)
      if (queueId.kind !== 'ok') return queueId
      if (reader !== undefined && reader.accountId !== null && !deps.settings.operatorsReadMail) {
        const setting = 'operatorsReadMail'
        return { kind: 'switched-off', field: 'queueId', value: text, setting }
      }
      const entry = await operator.show(queueId.value)
      if (entry === undefined) return notQueued(queueId.value)
      const { message } = entry
      const added = addedFields(message, deps.settings.hostname)
      const { objects } = deps
      const { key, length } = message.object
      const fields = message.headerBytes - (await emptyLineBytes(objects, message))
      return {
        kind: 'content',
        message: describeEntry(entry),
        async *header() {
          yield Buffer.from(added, 'latin1')
          yield* read(objects, key, { offset: 0, length: fields })
        },
        body: () => read(objects, key, { offset: fields, length: length - fields }),
      }
    },
  }
}

/** Ids are in the order of arrival. */
async function* arrivedBy(
  messages: AsyncIterable<QueueFacts>,
  untilMs: number,
): AsyncGenerator<QueueFacts> {
  for await (const message of messages) {
    if (queueIdMs(message.queueId) > untilMs) return
    yield message
  }
}

/** Changes under way at a time: they share the waits for the disk. */
const CHANGES_AT_ONCE_MAX = 16

async function* changing(
  messages: AsyncIterable<QueueFacts>,
  act: (queueId: QueueId) => Promise<boolean>,
): AsyncGenerator<{ readonly queueId: QueueId; readonly isDone: boolean }> {
  let some: QueueId[] = []
  const changed = (ids: readonly QueueId[]) =>
    Promise.all(ids.map(async (queueId) => ({ queueId, isDone: await act(queueId) })))
  for await (const { queueId } of messages) {
    some.push(queueId)
    if (some.length < CHANGES_AT_ONCE_MAX) continue
    yield* await changed(some)
    some = []
  }
  yield* await changed(some)
}

const HEADER_END = '\r\n\r\n'

/** Behind the header, where there is one. */
async function emptyLineBytes(
  objects: AdministrationDeps['objects'],
  { object: { key }, headerBytes }: QueuedMessage,
): Promise<number> {
  const offset = Math.max(0, headerBytes - HEADER_END.length)
  const last = await Array.fromAsync(read(objects, key, { offset, length: headerBytes - offset }))
  const text = Buffer.concat(last).toString('latin1')
  return text === HEADER_END || text === '\r\n' ? 2 : 0
}

async function* read(
  objects: AdministrationDeps['objects'],
  key: string,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  const stream = await objects.stream(key, range)
  if (stream === undefined) throw new TemporaryFailure(`the bytes of ${key} are gone`)
  yield* stream
}

function listQueue(
  operator: QueueOperator,
  filter: QueueFilter,
  {
    after,
    scope,
  }: { readonly after?: QueueId | undefined; readonly scope?: MessageScope | undefined },
): QueueListed {
  let looked = 0
  async function* messages(): AsyncGenerator<QueueFacts> {
    for await (const entry of operator.list(after)) {
      looked++
      const wanted = await wantedOf(entry, filter, scope)
      if (wanted !== undefined) yield describeEntry(wanted)
    }
  }
  return { kind: 'queue', messages: messages(), looked: () => looked }
}

/**
 * What is wanted of what is seen. The filter is asked again of that alone: else whoever is not told of a recipient, or of what his host
 * replied, could guess until an answer comes.
 */
async function wantedOf(
  entry: QueueEntry,
  filter: QueueFilter,
  scope: MessageScope | undefined,
): Promise<QueueEntry | undefined> {
  const shown = await seen(filter(entry), scope)
  return shown === undefined || scope === undefined ? shown : filter(shown)
}

/** What of it is seen, if anything is. */
async function seen(
  entry: QueueEntry | undefined,
  scope: MessageScope | undefined,
): Promise<QueueEntry | undefined> {
  if (entry === undefined || scope === undefined) return entry
  const parties = partiesOf(entry)
  if (!(await scope.sees(parties))) return undefined
  const isTold = await scope.recipientsTold(parties)
  const { message, groups } = entry
  const { envelope } = message
  const recipients = envelope.recipients.filter(({ address }) => isTold(address))
  return {
    message: { ...message, envelope: { ...envelope, recipients } },
    groups: groups
      .map((group) => ({
        ...group,
        recipients: group.recipients.filter((one) => isTold(one.address) || isTold(one.original)),
      }))
      .filter((group) => group.recipients.length > 0),
  }
}

const notQueued = (queueId: QueueId): NotQueued => ({
  kind: 'not-queued',
  field: 'queueId',
  value: queueId,
})

async function whyNot(
  operator: QueueOperator,
  queueId: QueueId,
  recipients: readonly string[],
): Promise<NotQueued | NotWaiting> {
  if ((await operator.show(queueId)) === undefined) return notQueued(queueId)
  return { kind: 'not-waiting', field: 'queueId', value: queueId, recipients }
}
