// What Lambda does between a queue and a function: receives in the function's role, gathers batches, calls, deletes what was
// done. What failed comes back when its visibility is over.

import { setTimeout as delay } from 'node:timers/promises'
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { EventSourceMapping, Queue } from './inventory.ts'
import type { Outcome } from './lambda-process.ts'

/** The most that SQS gives or takes at once. */
const SQS_BATCH_MAX = 10
const POLL_SECONDS = 20
/** Batches under way at once when the mapping sets no limit. */
const CONCURRENCY = 2
const PAUSE_AFTER_FAILURE_MS = 500

export type PollerOptions = {
  readonly mapping: EventSourceMapping
  readonly queue: Queue
  readonly region: string
  /** With the credentials of the function's role; closed with the poller. */
  readonly sqs: SQSClient
  readonly invoke: (payload: string) => Promise<Outcome>
  /** What Lambda would only put into its metrics. */
  readonly onFailure: (error: unknown) => void
}

export class Poller {
  readonly #options: PollerOptions
  readonly #stopping = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()

  constructor(options: PollerOptions) {
    this.#options = options
  }

  /** Rejects when the role may not even look at the queue, as creating the mapping does at AWS. */
  async start(): Promise<void> {
    const { sqs, queue, mapping } = this.#options
    await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['QueueArn'] }),
    )
    const count = Math.min(CONCURRENCY, mapping.concurrencyMax ?? CONCURRENCY)
    this.#loops = Promise.all(Array.from({ length: count }, () => this.#poll()))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loops
    this.#options.sqs.destroy()
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        const batch = await this.#gather()
        if (batch.length > 0) await this.#handle(batch)
      } catch (error) {
        if (signal.aborted) return
        this.#options.onFailure(error)
        await delay(PAUSE_AFTER_FAILURE_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** Up to the size of a batch, and no longer than its window after the first message. */
  async #gather(): Promise<readonly Message[]> {
    const { batchSize, windowSeconds } = this.#options.mapping
    const batch = [...(await this.#receive(batchSize, POLL_SECONDS))]
    if (batch.length === 0 || windowSeconds === 0) return batch
    const endMs = Date.now() + windowSeconds * 1000
    while (batch.length < batchSize) {
      const leftSeconds = Math.floor((endMs - Date.now()) / 1000)
      if (leftSeconds < 0) break
      const more = await this.#receive(batchSize - batch.length, leftSeconds)
      if (more.length === 0) break
      batch.push(...more)
    }
    return batch
  }

  async #receive(max: number, waitSeconds: number): Promise<readonly Message[]> {
    const { sqs, queue } = this.#options
    const answer = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MaxNumberOfMessages: Math.min(max, SQS_BATCH_MAX),
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: this.#stopping.signal },
    )
    return answer.Messages ?? []
  }

  async #handle(batch: readonly Message[]): Promise<void> {
    const { mapping, queue, region, invoke } = this.#options
    const records = batch.map((message) => sqsRecord(message, queue.arn, region))
    const outcome = await invoke(JSON.stringify({ Records: records }))
    const failed = failedIds(outcome, batch, mapping.reportsItemFailures)
    await this.#remove(batch.filter(({ MessageId }) => !failed.has(MessageId ?? '')))
  }

  async #remove(messages: readonly Message[]): Promise<void> {
    const { sqs, queue } = this.#options
    for (let from = 0; from < messages.length; from += SQS_BATCH_MAX) {
      const Entries = messages
        .slice(from, from + SQS_BATCH_MAX)
        .map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }))
    }
  }
}

/** One record of the event, as Lambda builds it. */
function sqsRecord(message: Message, eventSourceARN: string, awsRegion: string) {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: message.MessageAttributes ?? {},
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion,
  }
}

/** Ids that stay in the queue. An answer that cannot be read, or names what was not in the batch, fails all of it. */
export function failedIds(
  outcome: Outcome,
  batch: readonly Message[],
  reportsItemFailures: boolean,
): ReadonlySet<string> {
  const all = new Set(batch.map(({ MessageId }) => MessageId ?? ''))
  if (outcome.kind === 'failed') return all
  if (!reportsItemFailures) return new Set()
  const answer: unknown = JSON.parse(outcome.payload)
  if (answer === null) return new Set()
  if (typeof answer !== 'object' || !('batchItemFailures' in answer)) return new Set()
  const { batchItemFailures: failures } = answer
  if (failures === null) return new Set()
  if (!Array.isArray(failures)) return all
  const ids = failures.map((failure: { readonly itemIdentifier?: unknown }) =>
    typeof failure?.itemIdentifier === 'string' ? failure.itemIdentifier : '',
  )
  return ids.every((id) => all.has(id)) ? new Set(ids) : all
}
