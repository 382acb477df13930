// When a recipient that could not be served now is tried again: as long as it has waited already, between a floor and a
// ceiling (Postfix's minimal_backoff_time, maximal_backoff_time), spread by jitter, until its lifetime is over. That is looked at after an
// attempt and at no other time: whatever is in the queue is tried once, however old it is.

import type { DeliveryResult, LocalAction, Undelivered } from '#shared/contracts/delivery.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { NewGroup } from './new-groups.ts'

export type RetryOptions = {
  readonly minimalBackoffMs: number
  readonly maximalBackoffMs: number
  readonly maximalQueueLifetimeMs: number
  /** Of mail without a sender, where it is shorter: nobody waits for an answer. */
  readonly bounceQueueLifetimeMs: number
}

/** What of a message says how long it is tried. */
export type Aging = {
  readonly arrivedMs: number
  readonly envelope: { readonly sender: string }
}

const jitter = 0.2

export interface RetrySchedule {
  nextAttemptMs(arrivedMs: number): number
  /** A result with its queue lifetime taken into account: what waited too long has failed. */
  expire<Result extends DeliveryResult | LocalAction>(
    message: Aging,
    result: Result,
  ): Result | Undelivered
  /** State of a new group whose first attempt ended like this, its lifetime taken into account. */
  afterAttempt(arrivedMs: number, kind: 'deferred' | 'failed'): NewGroup['state']
}

export function createRetrySchedule(
  options: RetryOptions,
  clock: Clock,
  random: () => number,
): RetrySchedule {
  function nextAttemptMs(arrivedMs: number): number {
    const nowMs = clock.now()
    const age = nowMs - arrivedMs
    const pause = Math.min(options.maximalBackoffMs, Math.max(options.minimalBackoffMs, age))
    return Math.round(nowMs + pause * (1 - jitter + 2 * jitter * random()))
  }

  function expire<Result extends DeliveryResult | LocalAction>(
    { arrivedMs, envelope }: Aging,
    result: Result,
  ): Result | Undelivered {
    const { maximalQueueLifetimeMs, bounceQueueLifetimeMs } = options
    const lifetimeMs =
      envelope.sender === ''
        ? Math.min(bounceQueueLifetimeMs, maximalQueueLifetimeMs)
        : maximalQueueLifetimeMs
    return result.kind === 'deferred' && clock.now() - arrivedMs >= lifetimeMs
      ? { kind: 'failed', status: '5.4.7', reply: `delivery time expired: ${result.reply}` }
      : result
  }

  function afterAttempt(arrivedMs: number, kind: 'deferred' | 'failed'): NewGroup['state'] {
    // Whoever failed for good is waited for by what tells the sender.
    return kind === 'failed'
      ? { kind: 'waiting' }
      : { kind: 'deferred', dueMs: nextAttemptMs(arrivedMs) }
  }

  return { nextAttemptMs, expire, afterAttempt }
}
