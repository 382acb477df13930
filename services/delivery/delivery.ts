// delivery: works on the destination groups that cleanup left, one group for each doorbell, under a lease. Every recipient ends
// delivered, deferred until a next attempt, or on hold with the reason.

import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { Contact, DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import { parseNextHop } from '#shared/mail/next-hop.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import type { StageMessage } from '#shared/queue/created-message.ts'
import { deliverHere, here, outcomeOf, type RecipientOutcome } from '#shared/queue/local-actions.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { byHop, type Routes } from '#shared/queue/new-groups.ts'
import {
  HELD_FOR_FROZEN,
  type IsFrozen,
  type LocalDelivery,
  type RemoteDelivery,
} from '#shared/queue/pipeline.ts'
import type { Group, QueuedMessage } from '#shared/queue/records.ts'
import { logOutcomes } from '#shared/queue/result-log.ts'
import { doubtful } from '#shared/queue/results.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import type { Settlement } from '#shared/queue/settle.ts'
import { routesThrough } from '#shared/queue/through-filter.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'
import { keepLease, settleWhileLeased } from './kept-lease.ts'
import { stageCreated } from './staging.ts'

/** Until recipients are tried again whose mailbox too many delivered into at once. */
const CONTENDED_PAUSE_MS = 5_000

export interface Delivery {
  /** Handles doorbells whose body is `queueId group`. Groups gone, held or taken are passed over. */
  handle(bells: readonly QueueMessage[]): Promise<BatchResult>
}

export function createDelivery(deps: {
  readonly queue: MailQueue
  readonly deliverLocal: LocalDelivery
  readonly deliverRemote: RemoteDelivery
  readonly stageMessage: StageMessage
  readonly isFrozen: IsFrozen
  readonly suspicion: Pick<Suspicion, 'noteBounces'>
  readonly options: Pick<Routes, 'hopOf'> & { readonly hostname: string }
  readonly schedule: RetrySchedule
  readonly clock: Clock
  readonly log: Log
}): Delivery {
  const { queue, log } = deps
  const { expire, nextAttemptMs } = deps.schedule

  async function handle(bells: readonly QueueMessage[]): Promise<BatchResult> {
    const retry: string[] = []
    await Promise.all(
      bells.map(async (bell) => {
        try {
          if ((await deliverGroup(bell.body)) === 'contended') retry.push(bell.id)
        } catch (error) {
          log.error({ bell: bell.body, error }, 'delivery failed')
          if (error instanceof TemporaryFailure) retry.push(bell.id)
        }
      }),
    )
    return { retry }
  }

  /** `contended`: some are to be tried again in seconds. */
  async function deliverGroup(body: string): Promise<'contended' | undefined> {
    const [id = '', name = ''] = body.split(' ')
    const queueId = parseQueueId(id)
    const taken = queueId && (await queue.take(queueId, name))
    if (!taken) return undefined
    const { message } = taken
    if (await deps.isFrozen(message)) {
      const held = await queue.holdTaken(taken.group)
      if (held) log.info({ queueId, group: name, reason: HELD_FOR_FROZEN }, 'message held')
      return undefined
    }
    const group = await towardsOneHop(message, taken.group)
    if (group === undefined) return undefined
    const settled = await deliverTaken(message, group)
    return settled.some(({ contended }) => contended) ? 'contended' : undefined
  }

  /**
   * Where its mail goes is asked when it goes: the group with the next hop of all of its recipients now. Undefined where they have become
   * several: then each has a group, whose bell is rung.
   */
  async function towardsOneHop(message: QueuedMessage, group: Group): Promise<Group | undefined> {
    if (group.destination.kind === 'local') return group
    const [first, ...more] = byHop(group.recipients, routesThrough(message, deps.options).hopOf)
    if (first === undefined) throw new Error(`group ${group.name} has no recipients`)
    const [slot] = first
    if (more.length === 0) return { ...group, destination: { kind: 'remote', slot } }
    const parts = [first, ...more].map(([hop, recipients]) => ({ slot: hop, recipients }))
    const { queueId, name } = group
    if (await queue.divide(group, parts))
      log.info({ queueId, group: name, hops: parts.length }, 'group divided')
    else log.warn({ queueId, group: name }, 'lease lost while dividing')
    return undefined
  }

  async function deliverTaken(message: QueuedMessage, taken: Group) {
    const { queueId } = message
    const lease = keepLease(taken, deps)
    const startedMs = deps.clock.now()
    let contact: Contact | undefined
    const outcomes = await attempt(message, taken, (reached) => {
      contact = reached
    })
    const endedMs = deps.clock.now()
    const group = await lease.end()
    const all = group.recipients.map((recipient, i) => ({
      recipient,
      ...(outcomes[i] ?? noOutcome),
    }))
    const kept = await settleWhileLeased(group, settlementOf(message, all, contact), deps)
    if (!kept) log.warn({ queueId, group: group.name }, 'lease lost while delivering')
    logOutcomes(log, message, all, { contact, startedMs, endedMs, expire })
    await noteBounces(message, all, contact)
    return all
  }

  /** What other servers refused tells of who sends; what could not be handed over to them does not. */
  async function noteBounces(
    { origin: { account } }: QueuedMessage,
    all: readonly Attempted[],
    contact: Contact | undefined,
  ): Promise<void> {
    if (account === null || hostOf(contact) === null) return
    const refused = all.filter(({ result }) => result.kind === 'failed').length
    await deps.suspicion.noteBounces(account, refused)
  }

  /** What the queue is told of the group. */
  function settlementOf(
    { arrivedMs }: QueuedMessage,
    all: readonly Attempted[],
    contact: Contact | undefined,
  ): Settlement {
    const remoteMta = hostOf(contact)
    const contended = all.some((one) => one.contended)
    return {
      results: all.map(({ recipient, result, usedReserved, uncertain }) => {
        return { recipient, result: expire(arrivedMs, result), remoteMta, usedReserved, uncertain }
      }),
      // The doorbell comes back before that; should it be lost, the sweeper sees the time.
      dueMs: contended ? deps.clock.now() + CONTENDED_PAUSE_MS : nextAttemptMs(arrivedMs),
      creates: all.flatMap(({ staged = [] }) => staged),
    }
  }

  async function attempt(
    message: QueuedMessage,
    group: Group,
    onContact: (contact: Contact) => void,
  ): Promise<readonly Attempt[]> {
    try {
      if (group.destination.kind === 'remote') {
        const { slot } = group.destination
        const hop = parseNextHop(slot)
        if (hop === undefined) {
          const result = message.filter === null ? noHop(slot) : noFilter(slot)
          return group.recipients.map(() => outcomeOf(result))
        }
        const results = await deps.deliverRemote(message, hop, group.recipients, onContact)
        return results.map(outcomeOf)
      }
      onContact(here)
      if (await queue.isDoubtful(message, group)) {
        return group.recipients.map(() => ({ ...outcomeOf(doubtful.result), uncertain: true }))
      }
      const blob = mailboxBlobOf(message, deps.options.hostname)
      const reserved = !group.unreserved && (await queue.hasReserved(message))
      const { recipients } = group
      const outcomes = await deliverHere(deps.deliverLocal, message, blob, { recipients, reserved })
      return await stageCreated(deps.stageMessage, message, outcomes)
    } catch (error) {
      // A bug must not loop at full speed: the group waits like any other that could not be delivered.
      log.error({ queueId: message.queueId, error }, 'delivery attempt failed')
      const failure: DeliveryResult = { kind: 'deferred', status: '4.3.0', reply: String(error) }
      return group.recipients.map(() => ({ ...outcomeOf(failure), uncertain: true }))
    }
  }

  return { handle }
}

/** What a recipient here creates has its bytes stored. */
type Attempt = RecipientOutcome & { readonly staged?: readonly QueuedMessage[] }
type Attempted = Attempt & { readonly recipient: FinalRecipient }

/** `host[address]`, without the port; null where no other host was spoken to. */
function hostOf(contact: Contact | undefined): string | null {
  return contact === undefined || contact === here ? null : contact.relay.replace(/:\d+$/, '')
}

const noHop = (text: string): DeliveryResult => ({
  kind: 'failed',
  status: '5.1.2',
  reply: `${text}: no domain and no host`,
})
/** Our own mistake, and no reason to return anybody's mail. */
const noFilter = (text: string): DeliveryResult => ({
  kind: 'deferred',
  status: '4.3.5',
  reply: `content filter ${text}: none that speaks SMTP`,
})
const noOutcome = outcomeOf({ kind: 'deferred', status: '4.3.0', reply: 'no result' })
