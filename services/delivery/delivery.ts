// delivery: works on the destination groups that cleanup left, one group for each doorbell, under a lease. Every recipient ends
// delivered, deferred until a next attempt, or on hold with the reason.

import type { DeliveryResult, Via } from '#shared/contracts/delivery.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { LocalDelivery, LocalResult, RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { Group, QueuedMessage } from '#shared/queue/records.ts'
import { logResult } from '#shared/queue/result-log.ts'
import { doubtful, type RecipientResult } from '#shared/queue/results.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'

/** Between attempts to write results down. */
const SETTLE_PAUSE_MS = 1_000
/** Until recipients are tried again whose mailbox too many delivered into at once. */
const CONTENDED_PAUSE_MS = 5_000
/** Deliveries of one group into mailboxes at the same time. */
const DELIVERIES_AT_ONCE = 25

export type Delivery = ReturnType<typeof createDelivery>

export function createDelivery(deps: {
  readonly queue: MailQueue
  readonly deliverLocal: LocalDelivery
  readonly deliverRemote: RemoteDelivery
  readonly options: { readonly hostname: string }
  readonly schedule: RetrySchedule
  readonly clock: Clock
  readonly log: Log
}) {
  const { queue, log } = deps

  /** Handles doorbells whose body is `queueId group`. Groups gone, held or taken are passed over. */
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
    const lease = keepLease(taken.group)
    const startedMs = deps.clock.now()
    let via: Via | undefined
    const results = await attempt(message, taken.group, (reached) => {
      via = reached
    })
    const endedMs = deps.clock.now()
    const group = await lease.end()
    const settled = group.recipients.map((recipient, i) => {
      const { result, ...facts } = results[i] ?? noResult
      return { recipient, result: deps.schedule.expire(message.arrivedMs, result), ...facts }
    })
    const contended = results.some((result) => result.contended)
    // The doorbell comes back before that; should it be lost, the sweeper sees the time.
    const dueMs = contended
      ? deps.clock.now() + CONTENDED_PAUSE_MS
      : deps.schedule.nextAttemptMs(message.arrivedMs)
    const kept = await settle(group, settled, dueMs)
    if (!kept) log.warn({ queueId, group: name }, 'lease lost while delivering')
    for (const one of settled) logResult(log, message, { ...one, via, startedMs, endedMs })
    return contended ? 'contended' : undefined
  }

  /**
   * Writes the results down, again and again while the store fails and the lease holds: what another host has taken must not
   * be sent to it a second time.
   */
  async function settle(group: Group, settled: readonly RecipientResult[], dueMs: number) {
    for (;;) {
      try {
        return await queue.settle(group, settled, dueMs)
      } catch (error) {
        const late = deps.clock.now() + SETTLE_PAUSE_MS >= group.leaseUntilMs
        if (!(error instanceof TemporaryFailure) || late) throw error
        await deps.clock.sleep(SETTLE_PAUSE_MS)
      }
    }
  }

  /** Renews the lease for as long as another host keeps us waiting, so that no second worker sends the same mail. */
  function keepLease(taken: Group): { end(): Promise<Group> } {
    const ending = new AbortController()
    let group = taken
    const renewing = (async () => {
      for (;;) {
        await deps.clock.sleep(GROUP_LEASE_MS / 3, ending.signal)
        if (ending.signal.aborted) return
        const renewed = await queue.renew(group).catch(() => group)
        if (renewed === undefined) return
        group = renewed
      }
    })()
    return {
      async end() {
        ending.abort()
        await renewing
        return group
      },
    }
  }

  async function attempt(
    message: QueuedMessage,
    group: Group,
    reached: (via: Via) => void,
  ): Promise<readonly LocalResult[]> {
    try {
      if (group.destination.kind === 'remote') {
        const { nextHop } = group.destination
        const results = await deps.deliverRemote(message, nextHop, group.recipients, reached)
        return results.map(plain)
      }
      reached(here)
      if (await queue.isDoubtful(message, group)) {
        return group.recipients.map(() => ({ ...plain(doubtful.result), uncertain: true }))
      }
      const blob = mailboxBlobOf(message, deps.options.hostname)
      const reserved = !group.unreserved && (await queue.hasReserved(message))
      return await concurrently(group.recipients, DELIVERIES_AT_ONCE, (recipient) =>
        deps.deliverLocal(message, blob, recipient, reserved),
      )
    } catch (error) {
      // A bug must not loop at full speed: the group waits like any other that could not be delivered.
      log.error({ queueId: message.queueId, error }, 'delivery attempt failed')
      const failure: DeliveryResult = { kind: 'deferred', status: '4.3.0', reply: String(error) }
      return group.recipients.map(() => ({ ...plain(failure), uncertain: true }))
    }
  }

  return { handle }
}

const plain = (result: DeliveryResult): LocalResult => ({
  result,
  usedReserved: false,
  contended: false,
  uncertain: false,
})

const here: Via = { relay: 'local', connectMs: 0 }
const noResult = plain({ kind: 'deferred', status: '4.3.0', reply: 'no result' })
