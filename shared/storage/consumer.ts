// The loop that turns doorbells into work: receives batches from a queue, hands them to a handler, acknowledges what is
// done. The same handlers run behind an event source mapping on AWS.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Queue, QueueMessage } from './ports.ts'

export type BatchResult = {
  /** Messages (by id) that are to be delivered again, as a partial batch response names them. */
  readonly retry: readonly string[]
  /** Writes under way that may share a commit with the acknowledgement. Should they fail, the work is found again. */
  readonly underWay?: Promise<unknown>
}

/** What becomes of a batch: messages that are done, and those that come back, by the seconds until then. */
export type SortedBatch = {
  readonly done: readonly QueueMessage[]
  readonly again: ReadonlyMap<number, readonly QueueMessage[]>
}

/**
 * What failed for now comes back soon, then later. Before its last delivery it is dropped instead, and the sweeper rings again while
 * its work is due: only what no worker survived becomes a dead letter, not what an outage delayed.
 */
export function sortBatch(
  messages: readonly QueueMessage[],
  retry: readonly string[],
  receivesMax: number,
): SortedBatch {
  const failed = new Set(retry)
  const done: QueueMessage[] = []
  const again = new Map<number, QueueMessage[]>()
  for (const message of messages) {
    const { id, receives } = message
    if (!failed.has(id) || receives >= receivesMax - 1) done.push(message)
    else {
      const seconds = Math.min(RETRY_SECONDS_MAX, RETRY_SECONDS * RETRY_FACTOR ** (receives - 1))
      again.set(seconds, [...(again.get(seconds) ?? []), message])
    }
  }
  return { done, again }
}

const RETRY_SECONDS = 5
const RETRY_FACTOR = 3
const RETRY_SECONDS_MAX = 300

export type BatchHandler = (messages: readonly QueueMessage[]) => Promise<BatchResult>

export type ConsumerOptions = {
  readonly batchMax: number
  /** Batches in work at the same time. */
  readonly concurrency: number
  readonly visibilitySeconds: number
  /** Pause after a batch, in which doorbells gather for the next one. A doorbell that finds the worker idle never waits. */
  readonly gatherMs: number
  /** Deliveries after which the queue takes a message for dead. */
  readonly receivesMax: number
}

const waitSeconds = 20
const pauseAfterErrorMs = 1_000

/** Runs until `stop` is called, which resolves when batches in work are finished. */
export function startConsumer(
  queue: Queue,
  handle: BatchHandler,
  options: ConsumerOptions,
  deps: { readonly log: Log; readonly clock: Clock },
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        const messages = await queue.receive({
          max: options.batchMax,
          visibilitySeconds: options.visibilitySeconds,
          waitSeconds,
          signal,
        })
        if (messages.length > 0) {
          await work(messages)
          if (options.gatherMs > 0) await deps.clock.sleep(options.gatherMs, signal)
        }
      } catch (error) {
        deps.log.error({ error }, 'consumer failed')
        await deps.clock.sleep(pauseAfterErrorMs, signal)
      }
    }
  }

  async function work(messages: readonly QueueMessage[]): Promise<void> {
    const result = await handle(messages)
    const { done, again } = sortBatch(messages, result.retry, options.receivesMax)
    // Not awaited, so that the next batch shares its commit; what is not acknowledged comes again and does no harm.
    if (result.underWay) settle(result.underWay)
    if (done.length > 0) settle(queue.acknowledge(done.map(({ receipt }) => receipt)))
    for (const [seconds, later] of again) {
      settle(
        queue.extend(
          later.map(({ receipt }) => receipt),
          seconds,
        ),
      )
    }
  }

  const settling = new Set<Promise<unknown>>()

  function settle(call: Promise<unknown>): void {
    const settled = call
      .catch((error) => deps.log.warn({ error }, 'doorbells not settled'))
      .finally(() => settling.delete(settled))
    settling.add(settled)
  }

  const loops = Array.from({ length: options.concurrency }, loop)
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
      await Promise.all(settling)
    },
  }
}
