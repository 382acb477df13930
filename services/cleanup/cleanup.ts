// cleanup: takes incoming messages from the queue, expands aliases, delivers to our own accounts on the spot and leaves a
// group in the queue for every other destination and for whatever could not be delivered now.

import type { Contact } from '#shared/contracts/delivery.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import type { OnTheSpot } from '#shared/queue/incoming.ts'
import { deliverHere, here, outcomeOf, type Tried } from '#shared/queue/local-actions.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { LOCAL_GROUP_RECIPIENTS_MAX, type NewGroup, type Routes } from '#shared/queue/new-groups.ts'
import {
  type Expand,
  type ExpandedRecipients,
  HELD_FOR_FROZEN,
  type IsFrozen,
  type LocalDelivery,
  type LocalRecipient,
} from '#shared/queue/pipeline.ts'
import { keptGroups, releasedOf } from '#shared/queue/quarantine.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { References } from '#shared/queue/references.ts'
import { logOutcomes } from '#shared/queue/result-log.ts'
import { doubtful } from '#shared/queue/results.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import { expandOf, routesThrough } from '#shared/queue/through-filter.ts'
import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { ObjectStore, QueueMessage } from '#shared/storage/ports.ts'
import { createGroupPlan, isCreating, isLeftToDelivery } from './group-plan.ts'
import { reportingOnAliases } from './reporting-on-aliases.ts'

/** Counted starts after which a message that makes the worker fail is set aside as corrupt; the first is not counted. */
export const FAILURES_MAX = 3
/** Final recipients up to which a message is delivered here on the spot; one with more is split into groups only. */
export const RECIPIENTS_ON_THE_SPOT_MAX = LOCAL_GROUP_RECIPIENTS_MAX
/** Memory for the final recipients of all messages that are cleaned up at the same time. */
export const EXPANSION_BYTES_MAX = 64 * 1024 * 1024
/** Of one final recipient, about. */
const FINAL_RECIPIENT_BYTES = 500
/** How long a message waits for that memory; then its doorbell comes back. */
const EXPANSION_WAIT_MS = 30_000

type Outcome =
  /** To all recipients; the message is still to be taken off the queue. */
  | { readonly kind: 'delivered'; readonly references: References; readonly done: OnTheSpot }
  /** Split into groups or set aside. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'retry' }

export function createCleanup(deps: {
  readonly queue: MailQueue
  readonly objects: ObjectStore
  readonly expand: Expand
  readonly isFrozen: IsFrozen
  readonly delivery: {
    readonly deliverLocal: LocalDelivery
    /** It may read messages, and says itself what of them is left. */
    readonly reads: boolean
  }
  readonly schedule: RetrySchedule
  readonly options: Routes & {
    readonly hostname: string
    /** Final recipients of one envelope recipient at most. */
    readonly virtualAliasExpansionLimit: number
  }
  readonly clock: Clock
  readonly log: Log
}) {
  const { queue, log } = deps
  const { deliverLocal, reads } = deps.delivery
  const expansions = new ByteBudget(EXPANSION_BYTES_MAX)

  /** Handles doorbells whose body is a queue id. Unknown ids are messages already finished. */
  async function handle(bells: readonly QueueMessage[]): Promise<BatchResult> {
    const ids = bells.map((bell) => parseQueueId(bell.body))
    const messages = await queue.load(ids.filter((id) => id !== undefined))
    const byId = new Map(
      messages.flatMap((message) => (message ? [[message.queueId, message]] : [])),
    )
    const retry: string[] = []
    const finishes: (() => Promise<void>)[] = []
    // Beside all else; nothing leaves cleanup before it is written.
    const noted = queue.journal.note([...byId.values()].filter(({ state }) => state === 'incoming'))
    noted.catch(() => undefined)
    await Promise.all(
      bells.map(async (bell, i) => {
        const id = ids[i]
        const message = id && byId.get(id)
        if (message === undefined || message.state !== 'incoming') return
        const outcome = await settleOne(message, bell, noted)
        if (outcome.kind === 'retry') retry.push(bell.id)
        if (outcome.kind === 'delivered') {
          const { references, done } = outcome
          finishes.push(() => queue.finish(message, { references, done }))
        }
      }),
    )
    return { retry, underWay: Promise.all(finishes.map((finish) => finish())) }
  }

  async function settleOne(
    message: QueuedMessage,
    bell: QueueMessage,
    noted: Promise<void>,
  ): Promise<Outcome> {
    const { queueId } = message
    let { starts } = message
    try {
      // A queue counts deliveries, also those to a worker that was never started; what is held against a message is counted here.
      if (bell.receives > 1) starts = await queue.countStart(queueId)
      const outcome = await clean(message, noted)
      if (outcome.kind === 'retry' && starts > 0) await queue.forgetStarts(queueId)
      return outcome
    } catch (error) {
      log.error({ queueId, error }, 'cleanup failed')
      if (error instanceof TemporaryFailure) {
        if (starts > 0) await queue.forgetStarts(queueId).catch(() => {})
        return { kind: 'retry' }
      }
      if (starts < FAILURES_MAX) return { kind: 'retry' }
      await queue.markCorrupt(queueId, String(error))
      log.error({ queueId }, 'message set aside as corrupt')
      return { kind: 'settled' }
    }
  }

  async function clean(message: QueuedMessage, noted: Promise<void>): Promise<Outcome> {
    if (await isWithoutObject(message)) {
      await noted
      await queue.markCorrupt(message.queueId, 'its bytes are missing; its sender got no 250')
      return { kind: 'settled' }
    }
    if (await deps.isFrozen(message)) {
      await noted
      await queue.holdIncoming(message.queueId, HELD_FOR_FROZEN)
      log.info({ queueId: message.queueId, reason: HELD_FOR_FROZEN }, 'message held')
      return { kind: 'settled' }
    }
    const { released, kept } = releasedOf(message)
    const bytesMax = released.length * deps.options.virtualAliasExpansionLimit
    // As much as the message may need, then as much as it does.
    using held = new HeldBytes(expansions)
    const mayNeed = Math.min(bytesMax * FINAL_RECIPIENT_BYTES, expansions.bytesMax)
    if (!(await held.wait(mayNeed, { clock: deps.clock, waitMs: EXPANSION_WAIT_MS }))) {
      throw new TemporaryFailure('no memory for its recipients now')
    }
    const expand = expandOf(message, deps.expand)
    const expansion = await withoutDoubtful(message, await expand(released))
    const { local, remote, failed } = expansion
    const count = local.length + remote.length + failed.length
    held.keep(count * FINAL_RECIPIENT_BYTES)
    return await handOn(message, { ...expansion, kept: keptGroups(kept) }, count, noted)
  }

  /** Those here fail of whom nobody can say whether they have it. */
  async function withoutDoubtful(
    message: QueuedMessage,
    all: ExpandedRecipients,
  ): Promise<ExpandedRecipients> {
    if (!(await queue.isDoubtful(message))) return all
    const { local, remote, failed } = all
    const unknown = local.map((recipient) => ({ recipient, ...doubtful }))
    return { local: [], remote, failed: [...failed, ...unknown] }
  }

  async function handOn(
    message: QueuedMessage,
    { kept, ...expansion }: ExpandedRecipients & { readonly kept: readonly NewGroup[] },
    recipients: number,
    noted: Promise<void>,
  ): Promise<Outcome> {
    const { local, remote, failed, aliases } = reportingOnAliases(
      message,
      expansion,
      deps.clock.now(),
    )
    const options = routesThrough(message, deps.options)
    const { groupsLeft, allGroups } = createGroupPlan({ ...deps, options })
    const handedOn = [...local, ...remote]
    const all = Promise.all([noted, queue.journal.noteRecipients(message, handedOn)])
    all.catch(() => undefined)
    const blob = mailboxBlobOf(message, deps.options.hostname)
    // Of a folder that may be removed with what it remembers none is reserved (references.ts).
    const reserved = await queue.reserve(blob, message.junk ? [] : local)
    const unsuccessful = failed.map((one) => ({ ...outcomeOf(one.result), ...one }))
    const startedMs = deps.clock.now()
    if (recipients > RECIPIENTS_ON_THE_SPOT_MAX) {
      await all
      const groups = await allGroups(message, { local, remote, failed, aliases })
      await queue.split(message, [...groups, ...kept], {
        references: { reserved, used: 0 },
        handedOn,
      })
      tell(message, unsuccessful, startedMs)
      return { kind: 'settled' }
    }
    const isLeft = (recipient: LocalRecipient) => isLeftToDelivery(recipient, reads)
    const onTheSpot = local.filter((recipient) => !isLeft(recipient))
    const tried = await deliverHere(deliverLocal, message, blob, {
      recipients: onTheSpot,
      reserved: reserved !== undefined,
    })
    // Others deliver there too, and it is not their fault: again in some seconds. Who has it already does not get it again. Where
    // references are reserved a group goes on at once: a second worker here would not know which of them were used.
    if (reserved === undefined && tried.some(({ contended }) => contended)) {
      return { kind: 'retry' }
    }
    const ended = tried.filter((one) => !isCreating(one))
    const used = tried.filter(({ usedReserved }) => usedReserved).length
    const references = { reserved, used }
    const left = await groupsLeft(message, {
      ended: [...ended, ...unsuccessful],
      leftToDelivery: local.filter(isLeft),
      aliases,
      creating: tried.filter(isCreating),
      remote,
    })
    const groups = [...left, ...kept]
    // What is in a mailbox is there, whatever becomes of the rest.
    const isDelivered = ({ result }: Tried) => result.kind === 'delivered'
    tell(message, ended.filter(isDelivered), startedMs, here)
    await all
    const facts = { startedMs, endedMs: deps.clock.now(), contact: here }
    const done = { ...facts, results: ended.filter(isDelivered) }
    if (groups.length === 0) return { kind: 'delivered', references, done }
    await queue.split(message, groups, { references, handedOn, done })
    tell(
      message,
      ended.filter((one) => !isDelivered(one)),
      startedMs,
      here,
    )
    tell(message, unsuccessful, startedMs)
    return { kind: 'settled' }
  }

  function tell(
    message: QueuedMessage,
    all: readonly Tried[],
    startedMs: number,
    contact?: Contact,
  ): void {
    const endedMs = deps.clock.now()
    const { expire } = deps.schedule
    logOutcomes(log, message, all, { contact, startedMs, endedMs, expire })
  }

  /**
   * Where object and queue item share a commit, a failure between the two can leave the item alone. Its sender got no 250, and
   * an operator may look.
   */
  async function isWithoutObject({ object }: QueuedMessage): Promise<boolean> {
    return !object.storedFirst && (await deps.objects.size(object.key)) === undefined
  }

  return { handle }
}
