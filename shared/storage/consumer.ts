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

export type BatchHandler = (messages: readonly QueueMessage[]) => Promise<BatchResult>

export type ConsumerOptions = {
  readonly batchMax: number
  /** Batches in work at the same time. */
  readonly concurrency: number
  readonly visibilitySeconds: number
  /** Pause after a batch, in which doorbells gather for the next one. A doorbell that finds the worker idle never waits. */
  readonly gatherMs: number
  /** Pause after which a message asked for again comes back. */
  readonly retrySeconds: number
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
    const retry = new Set(result.retry)
    const done = messages.filter((message) => !retry.has(message.id))
    const again = messages.filter((message) => retry.has(message.id))
    // Not awaited, so that the next batch shares its commit; what is not acknowledged comes again and does no harm.
    if (result.underWay) settle(result.underWay)
    if (done.length > 0) settle(queue.acknowledge(done.map((message) => message.receipt)))
    if (again.length > 0) {
      const receipts = again.map((message) => message.receipt)
      settle(queue.extend(receipts, options.retrySeconds))
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
