// delivery: works on the destination groups that cleanup left, one group for each doorbell, under a lease. Every recipient ends
// delivered, deferred until a next attempt, or failed, of which his sender is told in the same transaction.

import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { Contact, DeliveryResult } from '#shared/contracts/delivery.ts'
import { parseRoute } from '#shared/mail/route.ts'
import { type Bell, parseBell } from '#shared/queue/bells.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import type { StageMessage } from '#shared/queue/created-message.ts'
import { deliverHere, here, outcomeOf, type RecipientOutcome } from '#shared/queue/local-actions.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { bySlot, placeOf, type Routes } from '#shared/queue/new-groups.ts'
import {
  type DestinationReport,
  HELD_FOR_FROZEN,
  type IsFrozen,
  type LocalDelivery,
  type RemoteDelivery,
} from '#shared/queue/pipeline.ts'
import {
  type Group,
  isEnded,
  type QueuedMessage,
  type QueuedRecipient,
} from '#shared/queue/records.ts'
import { logOutcomes } from '#shared/queue/result-log.ts'
import { doubtful, isDone } from '#shared/queue/results.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import type { Settlement } from '#shared/queue/settle.ts'
import type { GuestsNow } from '#shared/queue/source-slots.ts'
import type { Deferred, SeenGroup } from '#shared/queue/suspension.ts'
import { routesThrough } from '#shared/queue/through-filter.ts'
import type { AttemptFacts } from '#shared/queue/trace/trail.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'
import { forEachBell } from './each-bell.ts'
import { keepLease, settleWhileLeased } from './kept-lease.ts'
import type { EndedRecipient } from './notices/ended-attempt.ts'
import type { Notices } from './notices/notices.ts'
import { stageCreated } from './staging.ts'
import { birthOf, createTelling, logNotices, type StagedNotice } from './telling.ts'

/** Until recipients are tried again whose mailbox too many delivered into at once. */
const CONTENDED_PAUSE_MS = 5_000

export interface Delivery {
  /** Handles doorbells whose body is `queueId group`. Groups gone, held or taken are passed over. */
  handle(bells: readonly QueueMessage[]): Promise<BatchResult>
  /** One doorbell: what came of it tells of the destination, for whoever decides when others go there. */
  deliver(bell: string): Promise<GroupOutcome>
  /** Puts a group off as an attempt would that failed for now: its destination is known not to answer, for this reason. */
  suspend(seen: SeenGroup, reason: string): Promise<void>
}

export type GroupOutcome = {
  /** Undefined where it did not come to an attempt elsewhere. */
  readonly destination: DestinationReport | undefined
}

export function createDelivery(deps: {
  readonly queue: MailQueue
  readonly deliverLocal: LocalDelivery
  readonly deliverRemote: RemoteDelivery
  readonly stageMessage: StageMessage
  readonly notices: Notices
  readonly isFrozen: IsFrozen
  readonly suspicion: Pick<Suspicion, 'noteBounces'>
  readonly options: Pick<Routes, 'slotOf'> & {
    readonly guestsNow: GuestsNow
    readonly hostname: string
  }
  readonly schedule: RetrySchedule
  readonly clock: Clock
  readonly log: Log
}): Delivery {
  const { queue, log } = deps
  const { expire, nextAttemptMs } = deps.schedule
  const tell = createTelling(deps)

  const handle = (bells: readonly QueueMessage[]) => forEachBell(bells, deliver, log)

  async function deliver(text: string): Promise<GroupOutcome> {
    const bell = parseBell(text)
    return bell === undefined ? nothingDone : await work(bell)
  }

  async function suspend({ message, group }: SeenGroup, reason: string): Promise<void> {
    const { queueId, name } = group
    const result = suspended(reason)
    // What an attempt would end, or tell anybody of, goes the way of one.
    if (message === undefined || !(await isMereDelay(message, group, result))) {
      await work({ queueId, group: name, isFlush: false }, result)
      return
    }
    const atMs = deps.clock.now()
    if (!(await queue.putOff(group, result, nextAttemptMs(message.arrivedMs)))) return
    const all = group.recipients.map((recipient) => ({ recipient, ...outcomeOf(result) }))
    logOutcomes(log, message, all, { contact: undefined, startedMs: atMs, endedMs: atMs, expire })
  }

  async function isMereDelay(message: QueuedMessage, group: Group, result: Deferred) {
    const isOver = expire(message, result).kind !== 'deferred'
    if (isOver || group.recipients.some(isDone)) return false
    const recipients = group.recipients.map((recipient): EndedRecipient => {
      return { recipient, result, remoteMta: null, relaysDsn: false }
    })
    try {
      const notices = await deps.notices.after(message, { recipients, atMs: deps.clock.now() })
      return notices.length === 0
    } catch {
      // It is found out again, and said, by who takes it.
      return false
    }
  }

  /** `instead`: what came of it, without an attempt. */
  async function work(
    { queueId, group: name, isFlush }: Bell,
    instead?: Deferred,
  ): Promise<GroupOutcome> {
    const taken = await queue.take(queueId, name, { onlyIfDue: !isFlush })
    if (!taken) return nothingDone
    const { message } = taken
    if (await deps.isFrozen(message)) {
      const held = await queue.holdTaken(taken.group, HELD_FOR_FROZEN)
      if (held) log.info({ queueId, group: name, reason: HELD_FOR_FROZEN }, 'message held')
      return nothingDone
    }
    if (isEnded(taken.group)) return await endTaken(message, taken.group)
    const group = await towardsOneHop(message, taken.group)
    return group === undefined ? nothingDone : await deliverTaken(message, group, instead)
  }

  /**
   * Where its mail goes is asked when it goes: the group with the next hop of all of its recipients now. Undefined where they have become
   * several: then each has a group, whose bell is rung.
   */
  async function towardsOneHop(message: QueuedMessage, group: Group): Promise<Group | undefined> {
    if (group.destination.kind === 'local') return group
    const { slotOf, guestsNow } = routesThrough(message, deps.options)
    const now = await guestsNow(group.recipients, message)
    const [first, ...more] = await bySlot(now, message.envelope.sender, slotOf)
    if (first === undefined) throw new Error(`group ${group.name} has no recipients`)
    const [slot, recipients] = first
    if (more.length === 0) {
      const { destination, unreserved } = placeOf(slot)
      return { ...group, recipients, destination, unreserved: group.unreserved || unreserved }
    }
    const parts = [first, ...more].map(([hop, recipients]) => ({ slot: hop, recipients }))
    const { queueId, name } = group
    if (await queue.divide(group, parts))
      log.info({ queueId, group: name, hops: parts.length }, 'group divided')
    else log.warn({ queueId, group: name }, 'lease lost while dividing')
    return undefined
  }

  async function deliverTaken(
    message: QueuedMessage,
    taken: Group,
    instead: Deferred | undefined,
  ): Promise<GroupOutcome> {
    const { queueId } = message
    const lease = keepLease(taken, deps)
    const startedMs = deps.clock.now()
    let contact: Contact | undefined
    const [waiting, ended] = apart(taken.recipients, (recipient) => !isDone(recipient))
    const { outcomes, destination }: Attempt = instead
      ? { outcomes: waiting.map(() => outcomeOf(instead)) }
      : await attempt(message, { ...taken, recipients: waiting }, (reached) => {
          contact = reached
        })
    const endedMs = deps.clock.now()
    const tried = waiting.map((recipient, i): Attempted => {
      const outcome = outcomes[i] ?? noOutcome
      return {
        ...outcome,
        recipient,
        // Once for all: what the sender is told of is what leaves the queue.
        result: expire(message, outcome.result),
        remoteMta: hostOf(contact),
      }
    })
    const told = await withNotices(message, [...tried, ...ended.map(before)])
    const group = await lease.end()
    const settlement = settlementOf(message, told, { startedMs, endedMs, contact })
    const kept = await settleWhileLeased(group, settlement, deps)
    if (kept) logNotices(log, message, told.notices)
    else log.warn({ queueId, group: group.name }, 'lease lost while delivering')
    logOutcomes(log, message, tried, { contact, startedMs, endedMs, expire })
    await noteBounces(message, tried, contact)
    return { destination }
  }

  /** A group with whose recipients nothing is to be tried any more: their sender is told. */
  async function endTaken(message: QueuedMessage, group: Group): Promise<GroupOutcome> {
    const told = await withNotices(message, group.recipients.map(before))
    const kept = await settleWhileLeased(group, settlementOf(message, told), deps)
    if (kept) logNotices(log, message, told.notices)
    else log.warn({ queueId: message.queueId, group: group.name }, 'lease lost while delivering')
    return nothingDone
  }

  async function withNotices(
    message: QueuedMessage,
    all: readonly Attempted[],
  ): Promise<ToldAttempt> {
    const recipients = all.map(({ recipient, result, remoteMta }): EndedRecipient => {
      const relaysDsn = result.kind === 'delivered' && result.relaysDsn === true
      return { recipient, result, remoteMta, relaysDsn }
    })
    const creates = all.flatMap(({ staged = [] }) => staged)
    const attempt = { recipients, atMs: deps.clock.now() }
    const { staged, warned, untold } = await tell(message, attempt, creates)
    return {
      all: all.map((one) => ({
        ...one,
        warned: warned.has(one.recipient) || one.recipient.last?.warned === true,
        untold: untold.has(one.recipient),
      })),
      creates: [...creates, ...staged.map((notice) => notice.message)],
      notices: staged,
    }
  }

  /** What other servers refused tells of who sends; what could not be handed over to them does not. */
  async function noteBounces(
    { origin: { account } }: QueuedMessage,
    outcomes: readonly RecipientOutcome[],
    contact: Contact | undefined,
  ): Promise<void> {
    if (account === null || hostOf(contact) === null) return
    const refused = outcomes.filter(({ result }) => result.kind === 'failed').length
    await deps.suspicion.noteBounces(account, refused)
  }

  /** What the queue is told of the group. */
  function settlementOf(
    { arrivedMs }: QueuedMessage,
    { all, creates, notices }: ToldAttempt,
    facts?: AttemptFacts,
  ): Settlement {
    const contended = all.some((one) => one.contended)
    return {
      results: all.map(({ told, staged, creates: born, contended: again, ...result }) => result),
      // The doorbell comes back before that; should it be lost, the sweeper sees the time.
      dueMs: contended ? deps.clock.now() + CONTENDED_PAUSE_MS : nextAttemptMs(arrivedMs),
      creates,
      births: creates.map((born) => birthOf(born, notices)),
      ...(facts && { attempt: facts }),
    }
  }

  async function attempt(
    message: QueuedMessage,
    group: Group,
    onContact: (contact: Contact) => void,
  ): Promise<Attempt> {
    try {
      if (group.destination.kind === 'remote') {
        const { slot } = group.destination
        const route = parseRoute(slot)
        const isFilter = message.filter !== null
        if (typeof route === 'string' || (isFilter && route.kind !== 'smtp')) {
          const toResult = (recipient: QueuedRecipient) =>
            isFilter ? noFilter(slot) : noRoute(slot, String(route), recipient)
          return { outcomes: group.recipients.map((one) => outcomeOf(toResult(one))) }
        }
        const done = await deps.deliverRemote(message, route, group.recipients, onContact)
        return { outcomes: done.results.map(outcomeOf), destination: done.destination }
      }
      onContact(here)
      return { outcomes: await deliverIntoMailboxes(message, group) }
    } catch (error) {
      // A bug must not loop at full speed: the group waits like any other that could not be delivered.
      log.error({ queueId: message.queueId, error }, 'delivery attempt failed')
      const failure: DeliveryResult = { kind: 'deferred', status: '4.3.0', reply: String(error) }
      const outcome = { ...outcomeOf(failure), uncertain: true }
      return { outcomes: group.recipients.map(() => outcome) }
    }
  }

  async function deliverIntoMailboxes(message: QueuedMessage, group: Group) {
    const { recipients } = group
    if (await queue.isDoubtful(message, group)) {
      return recipients.map(() => ({ ...outcomeOf(doubtful.result), uncertain: true }))
    }
    const blob = mailboxBlobOf(message, deps.options.hostname)
    const reserved = !group.unreserved && (await queue.hasReserved(message))
    const outcomes = await deliverHere(deps.deliverLocal, message, blob, { recipients, reserved })
    return await stageCreated(deps.stageMessage, message, outcomes)
  }

  return { handle, deliver, suspend }
}

type Attempt = {
  readonly outcomes: readonly AttemptOutcome[]
  readonly destination?: DestinationReport
}
/** What a recipient here creates has its bytes stored. */
type AttemptOutcome = RecipientOutcome & { readonly staged?: readonly QueuedMessage[] }
type Attempted = AttemptOutcome & {
  readonly recipient: QueuedRecipient
  readonly remoteMta: string | null
}
type ToldAttempt = {
  readonly all: readonly (Attempted & { readonly warned: boolean; readonly untold: boolean })[]
  /** What follows from it for the queue, what senders are told among it. */
  readonly creates: readonly QueuedMessage[]
  readonly notices: readonly StagedNotice[]
}

const nothingDone: GroupOutcome = { destination: undefined }

/** Postfix's words. */
const suspended = (reason: string): Deferred => ({
  kind: 'deferred',
  status: '4.4.1',
  reply: `delivery temporarily suspended: ${reason}`,
})

/** As he was when nothing was tried any more. */
function before(recipient: QueuedRecipient): Attempted {
  const { last } = recipient
  if (last === undefined) throw new Error('a recipient with whom nothing was tried')
  const { kind, status, reply, remoteMta } = last
  const result: DeliveryResult =
    kind === 'delivered' ? { kind, reply } : { kind: 'failed', status, reply }
  return { ...outcomeOf(result), recipient, remoteMta }
}

function apart<T>(all: readonly T[], test: (one: T) => boolean): readonly [yes: T[], no: T[]] {
  const yes: T[] = []
  const no: T[] = []
  for (const one of all) (test(one) ? yes : no).push(one)
  return [yes, no]
}

/** `host[address]`, without the port; null where no other host was spoken to. */
function hostOf(contact: Contact | undefined): string | null {
  return contact === undefined || contact === here ? null : contact.relay.replace(/:\d+$/, '')
}

/** A domain that is none is the sender's mistake; that a map or a setting names no way is ours, and no reason to return anybody's mail. */
function noRoute(slot: string, why: string, { address }: QueuedRecipient): DeliveryResult {
  if (address.endsWith(`@${slot}`)) return { kind: 'failed', status: '5.1.2', reply: why }
  return { kind: 'deferred', status: '4.3.5', reply: `route ${slot}: ${why}` }
}
const noFilter = (text: string): DeliveryResult => ({
  kind: 'deferred',
  status: '4.3.5',
  reply: `content filter ${text}: none that speaks SMTP`,
})
const noOutcome = outcomeOf({ kind: 'deferred', status: '4.3.0', reply: 'no result' })
