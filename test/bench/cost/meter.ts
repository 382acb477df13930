// Counts what AWS would bill for the requests that go through the clients of a store, by operation: as a middleware of the SDK it
// sees every attempt, also those the SDK repeats by itself. What it cannot price makes it incomplete; nothing unknown is zero.

import { AsyncLocalStorage } from 'node:async_hooks'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { AwsClients } from '#shared/storage/aws/clients.ts'
import { dynamoUnits, type Outcome, reportingCommands } from './dynamo-units.ts'
import type { FunctionTime } from './function-time.ts'
import { ItemBook } from './item-book.ts'
import { LATENCY_OTHERWISE_MS, latenciesMs } from './latencies.ts'
import { sum, type Usage } from './usage.ts'

/** One kind of call within an operation, such as `Query mail F`: command, table and what the first key begins with. */
export type Entry = {
  readonly operation: string
  readonly call: string
  readonly requests: number
  readonly usage: Usage
}

/** Polls that bring nothing, and renewed leases, are a matter of time and not of mail: they are in the idle cost. */
export const IDLE = 'idle'
const LEASE_RENEWAL = 'PutItem mail T'
/** What comes before and between the operations that are of interest. */
export const SETUP = 'setup'
const SQS_CHUNK_BYTES = 65_536

type Scope = { readonly operation: string; readonly time?: FunctionTime | undefined }
type Fields = Readonly<Record<string, unknown>>
type Arguments = { readonly input: Fields }
type Result = { readonly response: unknown; readonly output: object }
type Next = (args: Arguments) => Promise<Result>
type Context = { readonly commandName?: string }

export class CostMeter {
  /** Operation of calls that come from outside of `run`. */
  operation = SETUP
  readonly #scopes = new AsyncLocalStorage<Scope>()
  readonly #entries = new Map<string, Entry>()
  readonly #unknown = new Set<string>()
  readonly #items: ItemBook

  /** A client of the same tables whose requests are not counted. */
  constructor(dynamo: DynamoDBClient) {
    this.#items = new ItemBook(dynamo)
  }

  /** Requests that could not be priced, with their operation; empty when the count is complete. */
  get unknown(): readonly string[] {
    return [...this.#unknown]
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  /** The time of the invocation that this is called in. */
  get time(): FunctionTime | undefined {
    return this.#scopes.getStore()?.time
  }

  run<T>(operation: string, work: () => Promise<T>, time?: FunctionTime): Promise<T> {
    return this.#scopes.run({ operation, time }, work)
  }

  /** Sum over all calls of an operation. */
  of(operation: string): Usage {
    return sum(
      ...this.entries.filter((entry) => entry.operation === operation).map(({ usage }) => usage),
    )
  }

  add(call: string, usage: Usage, operation = this.#scopes.getStore()?.operation): void {
    const name = operation ?? this.operation
    const key = `${name}\0${call}`
    const known = this.#entries.get(key)
    this.#entries.set(key, {
      operation: name,
      call,
      requests: (known?.requests ?? 0) + 1,
      usage: sum(known?.usage ?? {}, usage),
    })
  }

  /** Before anything is read here: what requests with several writes cost is known only then. */
  settle(): Promise<void> {
    return this.#items.settle()
  }

  /** Of items written so far, by table and what their key begins with, such as `mail B`. */
  averageBytes(kind: string): number {
    return this.#items.averageBytes(kind)
  }

  async clear(): Promise<void> {
    await this.settle()
    this.#entries.clear()
  }

  attach({ dynamo, dynamoExact, s3, sqs }: AwsClients): void {
    for (const { middlewareStack } of [dynamo, dynamoExact, s3, sqs]) {
      // Each client's stack has a type of its own; what is common to them has none.
      const add = (middleware: unknown, place: object) =>
        Reflect.apply(middlewareStack.add, middlewareStack, [middleware, place])
      add(this.#asking, { step: 'initialize', priority: 'high', name: 'costAsking' })
      add(this.#counting, { step: 'finalizeRequest', priority: 'low', name: 'costCounting' })
    }
  }

  /** Asks for what was consumed; holds the answer of the whole call until it would have come. */
  readonly #asking = (next: Next, { commandName = '' }: Context) => {
    return (args: Arguments): Promise<Result> => {
      const input = reportingCommands.has(commandName)
        ? { ...args.input, ReturnConsumedCapacity: 'INDEXES' }
        : args.input
      const pass = () => next({ ...args, input })
      const latencyMs = latenciesMs[commandName] ?? LATENCY_OTHERWISE_MS
      return this.time === undefined ? pass() : this.time.taking(latencyMs, pass)
    }
  }

  readonly #counting = (next: Next, { commandName = '' }: Context) => {
    return async (args: Arguments): Promise<Result> => {
      try {
        const result = await next(args)
        const output = Object.fromEntries(Object.entries(result.output))
        this.#count(commandName, args.input, { kind: 'answered', output })
        return result
      } catch (error) {
        this.#count(commandName, args.input, { kind: 'failed', error })
        throw error
      }
    }
  }

  #count(command: string, input: Fields, outcome: Outcome): void {
    const call = callName(command, input)
    const operation = isIdle(call, outcome)
      ? IDLE
      : (this.#scopes.getStore()?.operation ?? this.operation)
    if (outcome.kind === 'answered') {
      this.#items.note(command, input, outcome.output)
      if (this.#items.isWriteOfMany(command)) {
        this.#items.expect(command, input, (usage) => this.add(call, usage, operation))
        return
      }
    }
    const usage =
      dynamoUnits(command, input, outcome) ??
      s3Usage(command, outcome) ??
      sqsUsage(command, input, outcome)
    if (usage !== undefined) {
      this.add(call, usage, operation)
      return
    }
    const error = outcome.kind === 'failed' ? ` (${nameOf(outcome.error)})` : ''
    this.#unknown.add(`${operation}: ${command}${error}`)
  }
}

const s3Classes: Readonly<Record<string, Usage>> = {
  CreateBucketCommand: { 's3.put': 1 },
  PutObjectCommand: { 's3.put': 1 },
  CopyObjectCommand: { 's3.put': 1 },
  CreateMultipartUploadCommand: { 's3.put': 1 },
  UploadPartCommand: { 's3.put': 1 },
  CompleteMultipartUploadCommand: { 's3.put': 1 },
  ListObjectsV2Command: { 's3.put': 1 },
  GetObjectCommand: { 's3.get': 1 },
  HeadObjectCommand: { 's3.get': 1 },
  DeleteObjectCommand: {},
  AbortMultipartUploadCommand: {},
}

/** Refused requests are paid, those that S3 failed are not. Without an answer nobody knows. */
function s3Usage(command: string, outcome: Outcome): Usage | undefined {
  const usage = s3Classes[command]
  if (usage === undefined || outcome.kind === 'answered') return usage
  const status = statusOf(outcome.error)
  if (status === undefined) return undefined
  return status < 500 ? usage : {}
}

const sqsCommands: ReadonlySet<string> = new Set([
  'SendMessageBatchCommand',
  'ReceiveMessageCommand',
  'DeleteMessageBatchCommand',
  'ChangeMessageVisibilityBatchCommand',
  'CreateQueueCommand',
  'DeleteQueueCommand',
  'GetQueueAttributesCommand',
  'ListQueuesCommand',
])

/** Every request is paid, what it carries in pieces of 64 KB. */
function sqsUsage(command: string, input: Fields, outcome: Outcome): Usage | undefined {
  if (!sqsCommands.has(command)) return undefined
  const received = outcome.kind === 'answered' ? outcome.output.Messages : []
  const bytes = bytesOf(input.Entries, 'MessageBody') + bytesOf(received, 'Body')
  return { 'sqs.std': Math.max(1, Math.ceil(bytes / SQS_CHUNK_BYTES)) }
}

function bytesOf(messages: unknown, field: string): number {
  if (!Array.isArray(messages)) return 0
  return messages.reduce((total, message) => {
    const text: unknown = Reflect.get(Object(message), field)
    return total + (typeof text === 'string' ? Buffer.byteLength(text) : 0)
  }, 0)
}

function isIdle(call: string, outcome: Outcome): boolean {
  if (call === LEASE_RENEWAL) return true
  if (!call.startsWith('ReceiveMessage')) return false
  if (outcome.kind === 'failed') return nameOf(outcome.error) === 'AbortError'
  const { Messages } = outcome.output
  return !Array.isArray(Messages) || Messages.length === 0
}

function callName(command: string, input: Fields): string {
  const name = command.replace(/Command$/, '')
  const text = JSON.stringify(input, (_key, value) => (ArrayBuffer.isView(value) ? '' : value))
  const table =
    /"TableName":"[^"]*-(\w+)"/.exec(text) ?? /"RequestItems":\{"[^"]*-(\w+)"/.exec(text)
  const queue = /"QueueUrl":"[^"]*?(watch|incoming|active|deferred)[^"]*"/.exec(text)
  const key = /\{"S":"([A-Z@]+)#/.exec(text)
  return [name, table?.[1] ?? queue?.[1], table && (input.IndexName ?? key?.[1])]
    .filter((word) => word !== undefined && word !== null)
    .join(' ')
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = Object(Object(error).$metadata).httpStatusCode
  return typeof status === 'number' ? status : undefined
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : String(error))
