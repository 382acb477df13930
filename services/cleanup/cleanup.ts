// cleanup: takes incoming messages from the queue, expands aliases, delivers to our own accounts on the spot and leaves a
// group in the queue for every other destination and for whatever could not be delivered now.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import type { MailQueue, NewGroup, Settled } from '#shared/queue/mail-queue.ts'
import type { Expand, LocalDelivery } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { ObjectStore, QueueMessage } from '#shared/storage/ports.ts'

/** Deliveries of a doorbell after which a message that makes the worker fail is set aside as corrupt. */
export const FAILURES_MAX = 3

export function createCleanup(deps: {
  readonly queue: MailQueue
  readonly objects: ObjectStore
  readonly expand: Expand
  readonly deliverLocal: LocalDelivery
  readonly schedule: RetrySchedule
  readonly options: {
    readonly hostname: string
    /** Next hop for all mail that leaves, '' for the recipient domain's MX. */
    readonly relayhost: string
    readonly destinationRecipientLimit: number
  }
  readonly clock: Clock
  readonly log: Log
}) {
  const { queue, log } = deps

  /** Handles doorbells whose body is a queue id. Unknown ids are messages already finished. */
  async function handle(bells: readonly QueueMessage[]): Promise<BatchResult> {
    const ids = bells.map((bell) => parseQueueId(bell.body))
    const messages = await queue.load(ids.filter((id) => id !== undefined))
    const byId = new Map(
      messages.flatMap((message) => (message ? [[message.queueId, message]] : [])),
    )
    const retry: string[] = []
    const delivered: QueuedMessage[] = []
    await Promise.all(
      bells.map(async (bell, i) => {
        const id = ids[i]
        const message = id && byId.get(id)
        if (message === undefined || message.state !== 'incoming') return
        const outcome = await settleOne(message, bell)
        if (outcome === 'retry') retry.push(bell.id)
        if (outcome === 'delivered') delivered.push(message)
      }),
    )
    return { retry, underWay: Promise.all(delivered.map(queue.finish)) }
  }

  async function settleOne(message: QueuedMessage, bell: QueueMessage) {
    const { queueId } = message
    try {
      return await clean(message)
    } catch (error) {
      log.error({ queueId, error }, 'cleanup failed')
      if (error instanceof TemporaryFailure || bell.receives < FAILURES_MAX) return 'retry'
      await queue.markCorrupt(queueId, String(error))
      log.error({ queueId }, 'message set aside as corrupt')
      return 'corrupt'
    }
  }

  /** `delivered`: to all recipients, and the message is still to be taken off the queue. */
  async function clean(message: QueuedMessage): Promise<'delivered' | 'split' | 'corrupt'> {
    if (await isWithoutObject(message)) {
      await queue.markCorrupt(message.queueId, 'its bytes are missing; its sender got no 250')
      return 'corrupt'
    }
    const blob = mailboxBlobOf(message, deps.options.hostname)
    const expansion = await deps.expand(message.envelope.recipients)
    const results = await Promise.all(
      expansion.local.map(async (recipient) => ({
        recipient,
        result: await deps.deliverLocal(message, blob, recipient),
      })),
    )
    const groups = [
      ...unfinished(message, [...results, ...expansion.failed]),
      ...remoteGroups(expansion.remote),
    ]
    if (groups.length > 0) await queue.split(message, groups)
    return groups.length > 0 ? 'split' : 'delivered'
  }

  /**
   * Where object and queue item share a commit, a failure between the two can leave the item alone. Its sender got no 250, and
   * an operator may look.
   */
  async function isWithoutObject({ object }: QueuedMessage): Promise<boolean> {
    return !object.storedFirst && (await deps.objects.size(object.key)) === undefined
  }

  /** Deferred and failed recipients of one reason share a group. */
  function unfinished(message: QueuedMessage, settled: readonly Settled[]): NewGroup[] {
    const groups = new Map<string, NewGroup & { recipients: FinalRecipient[] }>()
    for (const { recipient, result } of settled) {
      if (result.kind === 'delivered') continue
      const key = `${result.kind} ${result.reply}`
      const group = groups.get(key)
      if (group) group.recipients.push(recipient)
      else {
        const state = deps.schedule.afterAttempt(message.arrivedMs, result)
        groups.set(key, { destination: { kind: 'local' }, recipients: [recipient], state })
      }
    }
    return [...groups.values()]
  }

  function remoteGroups(recipients: readonly FinalRecipient[]): NewGroup[] {
    const byHop = new Map<string, FinalRecipient[]>()
    for (const recipient of recipients) {
      const at = recipient.address.lastIndexOf('@')
      const nextHop = deps.options.relayhost || recipient.address.slice(at + 1)
      const list = byHop.get(nextHop)
      if (list) list.push(recipient)
      else byHop.set(nextHop, [recipient])
    }
    const groups: NewGroup[] = []
    for (const [nextHop, all] of byHop) {
      for (let i = 0; i < all.length; i += deps.options.destinationRecipientLimit) {
        groups.push({
          destination: { kind: 'remote', nextHop },
          recipients: all.slice(i, i + deps.options.destinationRecipientLimit),
          state: { kind: 'active' },
        })
      }
    }
    return groups
  }

  return { handle }
}
