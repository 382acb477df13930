// A queue of the port on one SQS standard queue.

import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { checkReceive, checkSend, checkVisibility } from '../limits.ts'
import { type Queue, type QueueLayout, type QueueMessage, StorageMisuse } from '../ports.ts'
import { backoffMs, inChunks } from './chunks.ts'
import { calling } from './failures.ts'
import { decodeBody, encodeBody } from './queue-body.ts'

const BATCH_ENTRIES_MAX = 10
const BATCH_BYTES_MAX = 1_048_576
const POLL_SECONDS_MAX = 20
const PARALLEL_REQUESTS_MAX = 4
/** Requests for the entries of a batch that SQS failed to process, the first included. */
const BATCH_ATTEMPTS_MAX = 4
const PAUSE_MS = 50
const PAUSE_MAX_MS = 1_000

export type SqsQueueOptions = {
  readonly sqs: SQSClient
  readonly queueUrl: string
  readonly layout: Pick<QueueLayout, 'receivesMax' | 'deadLetter'>
  readonly clock: Clock
}

export class SqsQueue implements Queue {
  readonly #sqs: SQSClient
  readonly #options: SqsQueueOptions

  constructor(options: SqsQueueOptions) {
    this.#options = options
    this.#sqs = options.sqs
  }

  async send(
    bodies: readonly string[],
    options?: { readonly delaySeconds?: number },
  ): Promise<void> {
    const delaySeconds = options?.delaySeconds ?? 0
    checkSend(bodies, delaySeconds)
    const batches = batchesByBytes(bodies.map(encodeBody))
    await inChunks(batches, { size: 1, parallel: PARALLEL_REQUESTS_MAX }, async (chunk) => {
      for (const batch of chunk) {
        await this.#untilAllDone('SendMessageBatch', batch, (entries) =>
          this.#sqs.send(
            new SendMessageBatchCommand({
              QueueUrl: this.#options.queueUrl,
              Entries: entries.map(([id, body]) => ({
                Id: id,
                MessageBody: body,
                DelaySeconds: delaySeconds,
              })),
            }),
          ),
        )
      }
    })
  }

  async receive(options: {
    readonly max: number
    readonly visibilitySeconds: number
    readonly waitSeconds: number
    readonly signal?: AbortSignal
  }): Promise<readonly QueueMessage[]> {
    checkReceive(options)
    let leftSeconds = Math.ceil(options.waitSeconds)
    for (;;) {
      if (options.signal?.aborted) return []
      const waitSeconds = Math.min(leftSeconds, POLL_SECONDS_MAX)
      const messages = await this.#receiveOnce({ ...options, waitSeconds })
      leftSeconds -= waitSeconds
      if (messages.length > 0 || leftSeconds === 0) return messages
    }
  }

  async acknowledge(receipts: readonly string[]): Promise<void> {
    await this.#onReceipts('DeleteMessageBatch', receipts, (entries) =>
      this.#sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#options.queueUrl,
          Entries: entries.map(([id, receipt]) => ({ Id: id, ReceiptHandle: receipt })),
        }),
      ),
    )
  }

  async extend(receipts: readonly string[], visibilitySeconds: number): Promise<void> {
    checkVisibility(visibilitySeconds)
    await this.#onReceipts('ChangeMessageVisibilityBatch', receipts, (entries) =>
      this.#sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: this.#options.queueUrl,
          Entries: entries.map(([id, receipt]) => ({
            Id: id,
            ReceiptHandle: receipt,
            VisibilityTimeout: visibilitySeconds,
          })),
        }),
      ),
    )
  }

  async #receiveOnce(options: {
    readonly max: number
    readonly visibilitySeconds: number
    readonly waitSeconds: number
    readonly signal?: AbortSignal
  }): Promise<readonly QueueMessage[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#options.queueUrl,
      MaxNumberOfMessages: Math.min(options.max, BATCH_ENTRIES_MAX),
      VisibilityTimeout: options.visibilitySeconds,
      WaitTimeSeconds: options.waitSeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    })
    try {
      const sent = this.#sqs.send(command, options.signal && { abortSignal: options.signal })
      const answer = await calling('ReceiveMessage', sent)
      return await this.#withoutOverdue((answer.Messages ?? []).map(queueMessage))
    } catch (error) {
      if (options.signal?.aborted) return []
      throw error
    }
  }

  /** SQS counts deliveries only towards a dead-letter queue; without one the driver drops the message itself. */
  async #withoutOverdue(messages: readonly QueueMessage[]): Promise<readonly QueueMessage[]> {
    const { receivesMax, deadLetter } = this.#options.layout
    if (deadLetter !== undefined) return messages
    const overdue = messages.filter((message) => message.receives > receivesMax)
    if (overdue.length === 0) return messages
    await this.acknowledge(overdue.map((message) => message.receipt))
    return messages.filter((message) => message.receives <= receivesMax)
  }

  async #onReceipts(
    operation: string,
    receipts: readonly string[],
    call: (entries: readonly Entry[]) => Promise<BatchAnswer>,
  ): Promise<void> {
    const limits = { size: BATCH_ENTRIES_MAX, parallel: PARALLEL_REQUESTS_MAX }
    await inChunks([...new Set(receipts)], limits, (chunk) =>
      this.#untilAllDone(operation, chunk, call, isStaleReceipt),
    )
  }

  /** Calls again with the entries that SQS failed to process for reasons of its own. */
  async #untilAllDone(
    operation: string,
    values: readonly string[],
    call: (entries: readonly Entry[]) => Promise<BatchAnswer>,
    isHarmless: (failure: BatchResultErrorEntry) => boolean = () => false,
  ): Promise<void> {
    let entries: readonly Entry[] = values.map((value, index) => [String(index), value])
    for (let attempt = 0; entries.length > 0; attempt++) {
      const answer = await calling(operation, call(entries))
      const failed = (answer.Failed ?? []).filter((failure) => !isHarmless(failure))
      if (failed.length === 0) return
      const refused = failed.find(isMisuse)
      if (refused !== undefined) {
        throw new StorageMisuse(`${operation}: ${refused.Code}: ${refused.Message}`)
      }
      if (attempt + 1 === BATCH_ATTEMPTS_MAX) {
        throw new TemporaryFailure(`${operation}: ${failed.length} entries failed`)
      }
      const failedIds = new Set(failed.map((failure) => failure.Id))
      entries = entries.filter(([id]) => failedIds.has(id))
      await this.#options.clock.sleep(backoffMs(attempt, PAUSE_MS, PAUSE_MAX_MS))
    }
  }
}

type Entry = readonly [id: string, value: string]
type BatchAnswer = { readonly Failed?: BatchResultErrorEntry[] | undefined }

const staleReceiptCodes: ReadonlySet<string> = new Set([
  'ReceiptHandleIsInvalid',
  'MessageNotInflight',
  'AWS.SimpleQueueService.MessageNotInflight',
  'InvalidParameterValue', // "… The receipt handle has expired"
])

function isStaleReceipt(failure: BatchResultErrorEntry): boolean {
  return staleReceiptCodes.has(failure.Code ?? '')
}

/** SQS counts it as the sender's fault, too, to have sent too much. */
function isMisuse(failure: BatchResultErrorEntry): boolean {
  return failure.SenderFault === true && !/throttl/i.test(failure.Code ?? '')
}

function queueMessage(message: Message): QueueMessage {
  return {
    id: message.MessageId ?? '',
    body: decodeBody(message.Body ?? ''),
    receipt: message.ReceiptHandle ?? '',
    receives: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
  }
}

/** Batches in order, each within SQS's number of entries and total of bytes. */
function batchesByBytes(bodies: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = []
  let batch: string[] = []
  let bytes = 0
  for (const body of bodies) {
    const bodyBytes = Buffer.byteLength(body)
    if (batch.length === BATCH_ENTRIES_MAX || bytes + bodyBytes > BATCH_BYTES_MAX) {
      batches.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(body)
    bytes += bodyBytes
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
