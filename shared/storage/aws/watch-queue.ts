// The task's own SQS queue, through which other tasks tell it of changes. Made with the first subscription, removed when
// the store is closed; a crashed task's queue is left to the operator's janitor.

import {
  CreateQueueCommand,
  DeleteQueueCommand,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { calling } from './failures.ts'
import { SqsQueue } from './queue.ts'

/** SQS's least. Hints older than this help nobody. */
const RETENTION_SECONDS = 60
const POLL_SECONDS = 20
const RECEIVE_MAX = 10
const VISIBILITY_SECONDS = 30
const PAUSE_AFTER_FAILURE_MS = 5_000

export type WatchQueueOptions = {
  readonly sqs: SQSClient
  readonly queueName: string
  readonly clock: Clock
  readonly log: Log
}

export type Hint = { readonly topic: string; readonly hint: string }

export class WatchQueue {
  readonly #options: WatchQueueOptions
  #url = ''

  constructor(options: WatchQueueOptions) {
    this.#options = options
  }

  /** Makes the queue unless it exists; resolves to its URL. */
  async create(): Promise<string> {
    const command = new CreateQueueCommand({
      QueueName: this.#options.queueName,
      Attributes: { MessageRetentionPeriod: String(RETENTION_SECONDS) },
      tags: { 'postwolke:component': 'watch' },
    })
    const answer = await calling('CreateQueue', this.#options.sqs.send(command))
    this.#url = answer.QueueUrl ?? ''
    return this.#url
  }

  async remove(): Promise<void> {
    const command = new DeleteQueueCommand({ QueueUrl: this.#url })
    await calling('DeleteQueue', this.#options.sqs.send(command))
  }

  /** Passes on hints until the signal aborts. */
  async poll(signal: AbortSignal, listener: (hint: Hint) => void): Promise<void> {
    const { clock, log } = this.#options
    const queue = watchQueueAt(this.#options, this.#url)
    while (!signal.aborted) {
      try {
        const messages = await queue.receive({
          max: RECEIVE_MAX,
          visibilitySeconds: VISIBILITY_SECONDS,
          waitSeconds: POLL_SECONDS,
          signal,
        })
        for (const message of messages) {
          const hint = parseHint(message.body)
          if (hint !== undefined) listener(hint)
        }
        await queue.acknowledge(messages.map((message) => message.receipt))
      } catch (error) {
        log.warn({ error }, 'cannot read the watch queue')
        await clock.sleep(PAUSE_AFTER_FAILURE_MS, signal)
        if (wasRemoved(error) && !signal.aborted) await this.create().catch(() => undefined)
      }
    }
  }
}

/** A task's queue as seen by those who write to it. */
export function watchQueueAt(
  options: { readonly sqs: SQSClient; readonly clock: Clock },
  queueUrl: string,
): SqsQueue {
  const layout = { receivesMax: Number.MAX_SAFE_INTEGER } // the retention ends a hint's life
  return new SqsQueue({ sqs: options.sqs, clock: options.clock, queueUrl, layout })
}

export function formatHint(hint: Hint): string {
  return JSON.stringify(hint)
}

function parseHint(body: string): Hint | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null) return undefined
    if (!('topic' in parsed) || typeof parsed.topic !== 'string') return undefined
    if (!('hint' in parsed) || typeof parsed.hint !== 'string') return undefined
    return { topic: parsed.topic, hint: parsed.hint }
  } catch {
    return undefined // not ours: whoever may write to the queue can at most waste a hint
  }
}

/** A janitor took the task for dead: a fresh queue of the same name has the same URL. */
function wasRemoved(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof QueueDoesNotExist
}
