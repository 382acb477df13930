// What SQS refuses and fauxqs does not, and what becomes of messages whose receiver has hung up.

import { basename } from 'node:path'
import { SqsStore } from '../../../node_modules/fauxqs/dist/sqs/sqsStore.js'
import { type EmulatorRequest, type Refusal, sqsRefusal } from './refusal.ts'

const DELAY_SECONDS_MAX = 900
/** SQS does not make a queue of the same name again so soon. */
const NAME_BLOCKED_MS = 60_000

export class StrictSqsStore extends SqsStore {
  readonly #removedMs = new Map<string, number>()

  override deleteQueue(url: string): boolean {
    this.#removedMs.set(basename(new URL(url).pathname), Date.now())
    return super.deleteQueue(url)
  }

  wasJustRemoved(queueName: string): boolean {
    return Date.now() - (this.#removedMs.get(queueName) ?? 0) < NAME_BLOCKED_MS
  }

  /** Puts messages back that nobody got, as if they had not been received. */
  takeBack(queueUrl: string, receipts: readonly string[]): void {
    const queue = this.getQueue(queueUrl)
    for (const receipt of receipts) {
      const inflight = queue?.inflightMessages.get(receipt)
      if (inflight === undefined) continue
      inflight.message.approximateReceiveCount--
      queue?.changeVisibility(receipt, 0)
    }
  }
}

export function sqsRefusalOf(request: EmulatorRequest, store: StrictSqsStore): Refusal | undefined {
  const action = sqsAction(request)
  if (action === undefined || !isRecord(request.body)) return undefined
  if (action === 'CreateQueue' && store.wasJustRemoved(String(request.body.QueueName))) {
    return sqsRefusal(400, 'QueueDeletedRecently')
  }
  if (action === 'SendMessage' || action === 'SendMessageBatch') {
    const { Entries: entries } = request.body
    const messages: readonly unknown[] = Array.isArray(entries) ? entries : [request.body]
    if (messages.some(isDelayedTooLong)) return sqsRefusal(400, 'InvalidParameterValue')
  }
  return undefined
}

/** Receipts in an answer to ReceiveMessage, none for other requests. */
export function receiptsIn(request: EmulatorRequest, answer: unknown): readonly string[] {
  if (sqsAction(request) !== 'ReceiveMessage' || typeof answer !== 'string') return []
  const parsed: unknown = JSON.parse(answer)
  if (!isRecord(parsed) || !Array.isArray(parsed.Messages)) return []
  return parsed.Messages.map((message: unknown) =>
    isRecord(message) ? String(message.ReceiptHandle) : '',
  )
}

export function sqsAction(request: EmulatorRequest): string | undefined {
  const target = request.headers['x-amz-target']
  return typeof target === 'string' ? target.replace('AmazonSQS.', '') : undefined
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isDelayedTooLong(message: unknown): boolean {
  return isRecord(message) && Number(message.DelaySeconds ?? 0) > DELAY_SECONDS_MAX
}
