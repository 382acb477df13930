// Hints on their way to other tasks. Publishing only notes them; one loop sends what has gathered, so that a burst of
// changes costs one look at the registry a topic and few messages a task.

import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { inChunks } from './chunks.ts'
import { formatHint, watchQueueAt } from './watch-queue.ts'
import type { WatchRegistry } from './watch-registry.ts'

/** Topics waiting at most; hints of further ones are lost, which the port allows. */
const TOPICS_WAITING_MAX = 10_000
/** Hints of one topic waiting at most; each says no more than "look again". */
const HINTS_WAITING_MAX = 16
const PARALLEL_LOOKUPS_MAX = 8

export type HintOutboxOptions = {
  readonly registry: WatchRegistry
  readonly sqs: SQSClient
  readonly clock: Clock
  readonly log: Log
}

export class HintOutbox {
  readonly #options: HintOutboxOptions
  #waiting = new Map<string, Set<string>>()
  #sending: Promise<void> | undefined

  constructor(options: HintOutboxOptions) {
    this.#options = options
  }

  add(topic: string, hint: string): void {
    const hints = this.#waiting.get(topic)
    if (hints !== undefined) {
      if (hints.size < HINTS_WAITING_MAX) hints.add(hint)
    } else if (this.#waiting.size < TOPICS_WAITING_MAX) {
      this.#waiting.set(topic, new Set([hint]))
    }
    this.#sending ??= this.#sendAll()
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const taken = [...this.#waiting]
      this.#waiting = new Map()
      const bodies = await this.#addressed(taken)
      await Promise.all([...bodies].map(([queueUrl, list]) => this.#send(queueUrl, list)))
    }
    this.#sending = undefined
  }

  async #addressed(
    hintsByTopic: readonly (readonly [string, ReadonlySet<string>])[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const bodies = new Map<string, string[]>()
    const limits = { size: 1, parallel: PARALLEL_LOOKUPS_MAX }
    await inChunks(hintsByTopic, limits, async (chunk) => {
      for (const [topic, hints] of chunk) {
        for (const queueUrl of await this.#watchersOf(topic)) {
          const list = bodies.get(queueUrl) ?? []
          for (const hint of hints) list.push(formatHint({ topic, hint }))
          bodies.set(queueUrl, list)
        }
      }
    })
    return bodies
  }

  async #watchersOf(topic: string): Promise<readonly string[]> {
    try {
      return await this.#options.registry.watchersOf(topic)
    } catch (error) {
      this.#options.log.warn({ error, topic }, 'cannot look up who watches')
      return []
    }
  }

  async #send(queueUrl: string, bodies: readonly string[]): Promise<void> {
    try {
      await watchQueueAt(this.#options, queueUrl).send(bodies)
    } catch (error) {
      this.#options.log.warn({ error, queueUrl }, 'cannot send hints to a task')
    }
  }
}
