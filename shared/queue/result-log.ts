// What became of a recipient, as one line of the log for each attempt, written when the queue knows it too. Fields have the names and
// the meanings they have in Postfix.

import type {
  Contact,
  DeliveryResult,
  FinalRecipient,
  LocalAction,
} from '#shared/contracts/delivery.ts'
import { queueIdMs } from '#shared/mail/queue-id.ts'
import type { Log } from '#shared/runtime/log.ts'
import { replyOf, type Tried } from './local-actions.ts'
import type { QueuedMessage } from './records.ts'
import type { Aging, RetrySchedule } from './retry-schedule.ts'

export type Attempted = {
  readonly recipient: FinalRecipient
  readonly result: DeliveryResult | LocalAction
  /** Undefined where nothing was tried: an alias that leads nowhere. */
  readonly contact?: Contact | undefined
}

/** All that was done for these recipients in one attempt, a line each; what waited too long has failed. */
export function logOutcomes(
  log: Log,
  message: Pick<QueuedMessage, 'queueId'> & Aging,
  outcomes: readonly Tried[],
  attempt: {
    readonly contact: Contact | undefined
    readonly startedMs: number
    readonly endedMs: number
    readonly expire: RetrySchedule['expire']
  },
): void {
  const { expire, ...facts } = attempt
  for (const { recipient, told } of outcomes) {
    for (const one of told) {
      logResult(log, message, { recipient, result: expire(message, one), ...facts })
    }
  }
}

export function logResult(
  log: Log,
  message: Pick<QueuedMessage, 'queueId' | 'arrivedMs'>,
  attempted: Attempted & { readonly startedMs: number; readonly endedMs: number },
): void {
  const { queueId, arrivedMs } = message
  const { recipient, result, contact, startedMs, endedMs } = attempted
  const { address: to, original } = recipient
  const begunMs = queueIdMs(queueId)
  const connectMs = contact?.connectMs ?? 0
  const delays = [
    arrivedMs - begunMs,
    startedMs - arrivedMs,
    connectMs,
    endedMs - startedMs - connectMs,
  ]
  log.info(
    {
      queueId,
      to,
      ...(original !== to && { origTo: original }),
      relay: contact?.relay ?? 'none',
      ...(contact?.tls !== undefined && { tls: contact.tls }),
      ...(contact?.sessionUse !== undefined && { sessionUse: contact.sessionUse }),
      delay: seconds(endedMs - begunMs),
      // Before it was in the queue, in the queue, making the connection, handing it over.
      delays: delays.map(seconds).join('/'),
      dsn: 'status' in result ? result.status : '2.0.0',
      status: result.kind,
      reply: 'reply' in result ? result.reply : replyOf(result),
    },
    result.kind,
  )
}

const seconds = (ms: number) => Math.round(Math.max(0, ms) / 10) / 100
