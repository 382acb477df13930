// What an administrator does with accepted mail that is not delivered yet: what mailq, postcat, postsuper and postqueue do. The
// operator itself tells the log what becomes of each message.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import type { AdministrationDeps } from './deps.ts'
import { parseQueueIdField, splitList } from './fields.ts'
import { describeEntry, isHeld, type QueueFacts } from './queue-facts.ts'
import { type FilterRequest, parseQueueFilter, type QueueFilter } from './queue-filter.ts'
import type { BadValue, NotQueued, NotWaiting } from './refusals.ts'

export interface QueueAdministration {
  /** Oldest first, as a stream: there may be very many. */
  list(filter: FilterRequest): QueueListed | BadValue
  show(queueId: string): Promise<QueueShown | BadValue | NotQueued>
  /** Keeps messages from being delivered until they are released. */
  hold(request: QueueRequest): Promise<QueueChanged | BadValue>
  /** Tries held, corrupt or deferred messages again now, and follows their aliases anew (postsuper's requeue). */
  release(request: ReleaseRequest): Promise<QueueChanged | BadValue>
  /** All that were set aside as corrupt; yields each as it is on its way. */
  releaseCorrupt(): AsyncIterable<QueueId>
  /** Removes messages; nobody is told. */
  remove(request: QueueRequest): Promise<QueueChanged | BadValue>
  /** Tries all deferred mail again now, or that for one next hop. */
  flush(nextHop?: string): Promise<{ readonly kind: 'flushed'; readonly messages: number }>
}

/** Each may be a list with commas. */
export type QueueRequest = { readonly queueIds: readonly string[] }

/** `recipients`: only these, or what these addresses led to. */
export type ReleaseRequest = QueueRequest & { readonly recipients?: readonly string[] | undefined }

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

const HELD_REASON = 'held by operator'

export function createQueueAdministration(deps: AdministrationDeps): QueueAdministration {
  const { operator, clock } = deps

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
    list(request) {
      const filter = parseQueueFilter(request, clock.now())
      return filter.kind === 'ok' ? listQueue(operator, filter.value) : filter
    },

    async show(text) {
      const queueId = parseQueueIdField(text)
      if (queueId.kind !== 'ok') return queueId
      const entry = await operator.show(queueId.value)
      return entry === undefined
        ? notQueued(queueId.value)
        : { kind: 'message', message: describeEntry(entry) }
    },

    hold: (request) =>
      change(request, async (queueId) => {
        await operator.hold(queueId, HELD_REASON)
        // Not what was done counts, but what is: a group that a worker has this moment goes on.
        const entry = await operator.show(queueId)
        return entry !== undefined && isHeld(entry)
      }),

    release: (request) =>
      change(request, (queueId) => operator.release(queueId, request.recipients)),

    releaseCorrupt: () => operator.releaseCorrupt(),

    remove: (request) => change(request, (queueId) => operator.remove(queueId)),

    flush: async (nextHop) => ({ kind: 'flushed', messages: await operator.flush(nextHop) }),
  }
}

function listQueue(operator: QueueOperator, filter: QueueFilter): QueueListed {
  let looked = 0
  async function* messages(): AsyncGenerator<QueueFacts> {
    for await (const entry of operator.list()) {
      looked++
      const wanted = filter(entry)
      if (wanted !== undefined) yield describeEntry(wanted)
    }
  }
  return { kind: 'queue', messages: messages(), looked: () => looked }
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
