// What the AWS drivers make of failures that the emulators never show. Faults are injected into the SDK below its retries;
// no request of these cases leaves the process unless a case says so.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { AwsClientOptions } from '#shared/storage/aws/clients.ts'
import { ConditionFailed, Conflict, StorageMisuse, type Store } from '#shared/storage/ports.ts'
import { type Attempt, type Interceptor, serviceError } from '#test/support/emulators/intercept.ts'
import { openInterceptedStore } from '#test/support/emulators/intercepted-store.ts'

const ATTEMPTS_MAX = 2

let store: Store
/** What the next attempts meet, in order; the last one goes on for ever. */
let script: Interceptor[]
let attempts: Attempt[]

beforeEach(async () => {
  script = []
  attempts = []
  store = await open()
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
})

function open(options: Partial<AwsClientOptions> = {}): Promise<Store> {
  return openInterceptedStore({ attemptsMax: ATTEMPTS_MAX, ...options }, (attempt) => {
    attempts.push(attempt)
    const next = script.length > 1 ? script.shift() : script[0]
    return next === undefined ? Promise.reject(new Error('no script')) : next(attempt)
  })
}

const key = { pk: 'p', sk: 's' }

describe('DynamoDB failures', () => {
  const throttling = () => serviceError('ProvisionedThroughputExceededException', 400)
  const serverError = () => serviceError('InternalServerError', 500)

  it.each([
    ['throttling', throttling],
    ['a server error', serverError],
    ['a reset connection', () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
  ])('are temporary when the retries of a read end in %s', async (_, error) => {
    script = [fails(error())]
    const failure = await rejection(store.tables.mail.get(key))
    expect(failure).toBeInstanceOf(TemporaryFailure)
    expect(failure).toHaveProperty('cause.message', error().message)
    expect(attempts).toHaveLength(ATTEMPTS_MAX)
  })

  it('are forgotten when a retry succeeds', async () => {
    script = [fails(throttling()), answers({ Item: { pk: { S: 'p' }, sk: { S: 's' } } })]
    expect(await store.tables.mail.get(key)).toEqual(key)
  })

  it('are temporary when no answer comes in time', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    await using waiting = await open({
      endpoints: { dynamodb: `http://127.0.0.1:${address.port}` },
      dynamoTimeoutMs: 50,
    })
    script = [passes]
    await expect(waiting.tables.mail.get(key)).rejects.toThrow(TemporaryFailure)
    expect(attempts).toHaveLength(ATTEMPTS_MAX)
    silent.close()
  })

  it.each([
    ['an addition', { update: key, changes: { add: { n: 1 } } }],
    ['a conditional put', { put: key, if: { absent: 'pk' } }],
    ['a conditional delete', { delete: key, if: { exists: 'pk' } }],
    ['a conditional update', { update: key, changes: { set: { n: 1 } }, if: { exists: 'pk' } }],
  ] as const)('never let %s be sent again when it may have been done', async (_, write) => {
    script = [fails(serverError()), answers({})]
    await expect(store.tables.mail.write(write)).rejects.toThrow(TemporaryFailure)
    expect(attempts).toHaveLength(1)
  })

  it.each([
    ['throttling', throttling()],
    ['a failed connect', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
  ])('let a conditional write be sent again after %s', async (_, error) => {
    script = [fails(error), answers({})]
    expect(await store.tables.mail.write({ put: key, if: { absent: 'pk' } })).toEqual(key)
    expect(attempts).toHaveLength(2)
  })

  it('let a repeatable write be sent again', async () => {
    script = [fails(serverError()), answers({})]
    expect(await store.tables.mail.write({ put: key })).toEqual(key)
    expect(attempts).toHaveLength(2)
  })

  it('are misuse when the request can never succeed', async () => {
    script = [fails(serviceError('ValidationException', 400))]
    await expect(store.tables.mail.get(key)).rejects.toThrow(StorageMisuse)
    expect(attempts).toHaveLength(1)
  })
})

describe('DynamoDB conflicts', () => {
  const conflict = () =>
    new TransactionConflictException({ message: 'ongoing', $metadata: { httpStatusCode: 400 } })
  const cancelled = (...codes: readonly string[]) =>
    new TransactionCanceledException({
      message: 'cancelled',
      $metadata: { httpStatusCode: 400 },
      CancellationReasons: codes.map((Code) => ({ Code })),
    })
  const two = [{ put: key }, { put: { pk: 'p', sk: 't' } }]

  it('let a single write be tried again, for it was not done', async () => {
    script = [fails(conflict()), fails(conflict()), answers({})]
    expect(await store.tables.mail.write({ put: key, if: { absent: 'pk' } })).toEqual(key)
  })

  it('are Conflict when a single write meets nothing else', async () => {
    script = [fails(conflict())]
    await expect(store.tables.mail.write({ put: key })).rejects.toThrow(Conflict)
  })

  it('are Conflict in a transaction', async () => {
    script = [fails(cancelled('None', 'TransactionConflict'))]
    await expect(store.tables.mail.transact(two)).rejects.toThrow(Conflict)
    await expect(store.tables.mail.transactGet([key])).rejects.toThrow(Conflict)
  })

  it('yield to a false condition, which is certain', async () => {
    script = [fails(cancelled('TransactionConflict', 'ConditionalCheckFailed'))]
    const failure = await rejection(store.tables.mail.transact(two))
    if (!(failure instanceof ConditionFailed)) throw failure
    expect(failure.failed.map(({ position }) => position)).toEqual([1])
  })

  it('are told from throttling and from misuse', async () => {
    script = [fails(cancelled('ThrottlingError', 'None'))]
    await expect(store.tables.mail.transact(two)).rejects.toThrow(TemporaryFailure)
    script = [fails(cancelled('ValidationError', 'None'))]
    await expect(store.tables.mail.transact(two)).rejects.toThrow(StorageMisuse)
  })

  it('let a transaction be sent again under the same token', async () => {
    script = [fails(serviceError('InternalServerError', 500)), answers({})]
    await store.tables.mail.transact(two)
    const [first, second] = attempts.map(({ input }) => input.ClientRequestToken)
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).toBe(first)
  })

  it('do not hide a false condition of a single write', async () => {
    script = [
      fails(
        new ConditionalCheckFailedException({
          message: 'no',
          $metadata: { httpStatusCode: 400 },
          Item: { pk: { S: 'p' }, sk: { S: 's' }, n: { N: '1' } },
        }),
      ),
    ]
    await expect(store.tables.mail.write({ put: key, if: { absent: 'pk' } })).rejects.toMatchObject(
      { failed: [{ position: 0, item: { ...key, n: 1 } }] },
    )
  })
})

describe('DynamoDB batches', () => {
  const keys = Array.from({ length: 150 }, (_, index) => ({ pk: 'p', sk: `s${index}` }))

  it('are read on until every key is processed, and keep the order', async () => {
    script = [processesFirst(40)]
    expect(await store.tables.mail.batchGet([...keys, keys[3] ?? key])).toEqual([...keys, keys[3]])
    expect(attempts.length).toBeGreaterThan(3)
  })

  it('are written on until every item is processed', async () => {
    const written: unknown[] = []
    script = [
      async ({ input }) => {
        const requests = listAt(input, 'RequestItems', 'mail')
        written.push(...requests.slice(0, 10))
        return { UnprocessedItems: { mail: requests.slice(10) } }
      },
    ]
    await store.tables.mail.batchWrite(keys.map((put) => ({ put })))
    expect(written).toHaveLength(keys.length)
    expect(new Set(written.map((request) => JSON.stringify(request))).size).toBe(keys.length)
  })

  it('fail when nothing is processed any more', async () => {
    script = [processesFirst(0)]
    await expect(store.tables.mail.batchGet(keys)).rejects.toThrow(TemporaryFailure)
  })

  /** Answers BatchGetItem for so many keys of each request. */
  function processesFirst(count: number): Interceptor {
    return async ({ input }) => {
      const asked = listAt(input, 'RequestItems', 'mail', 'Keys')
      const left = asked.slice(count)
      return {
        Responses: { mail: asked.slice(0, count).toReversed() },
        ...(left.length > 0 && { UnprocessedKeys: { mail: { Keys: left } } }),
      }
    }
  }
})

describe('S3 failures', () => {
  const bytes = Buffer.from('0123456789')

  it('are temporary after the retries', async () => {
    script = [fails(serviceError('SlowDown', 503))]
    await expect(store.objects.put('a', bytes)).rejects.toThrow(TemporaryFailure)
    expect(attempts).toHaveLength(ATTEMPTS_MAX)
  })

  it('leave it open who stored an object when the first answer was lost', async () => {
    script = [
      fails(serviceError('InternalError', 500)), // but the object was stored
      fails(serviceError('PreconditionFailed', 412)),
    ]
    await expect(store.objects.put('a', bytes, { ifAbsent: true })).rejects.toThrow(
      TemporaryFailure,
    )
  })

  it('let a put wait for another of the same key', async () => {
    script = [
      fails(serviceError('ConditionalRequestConflict', 409)),
      fails(serviceError('PreconditionFailed', 412)),
    ]
    expect(await store.objects.put('a', bytes, { ifAbsent: true })).toEqual({
      stored: false,
      bytes: 10,
    })
  })

  it('abort an upload whose part fails', async () => {
    script = [
      async ({ command }) => {
        if (command === 'UploadPartCommand') throw serviceError('InternalError', 500)
        return { UploadId: 'u' }
      },
    ]
    await expect(store.objects.put('a', new Uint8Array(9_000_000))).rejects.toThrow(
      TemporaryFailure,
    )
    expect(attempts.at(-1)).toMatchObject({
      command: 'AbortMultipartUploadCommand',
      input: { UploadId: 'u' },
    })
  })

  it('of the source abort its upload too', async () => {
    script = [answers({ UploadId: 'u' })]
    const source = (async function* () {
      yield new Uint8Array(9_000_000)
      throw new Error('the client hung up')
    })()
    await expect(store.objects.put('a', source)).rejects.toThrow('the client hung up')
    expect(attempts.map(({ command }) => command)).toEqual([
      'CreateMultipartUploadCommand',
      'UploadPartCommand',
      'AbortMultipartUploadCommand',
    ])
  })

  it('do not end a stream: it goes on where the connection broke', async () => {
    script = [
      answers({ ContentLength: 8, Body: breaksAfter(bytes.subarray(2, 5)) }),
      answers({ ContentLength: 5, Body: breaksAfter(bytes.subarray(5, 6)) }),
      answers({ ContentLength: 4, Body: Readable.from([bytes.subarray(6)]) }),
    ]
    const stream = await store.objects.stream('a', { offset: 2, length: 100 })
    expect(Buffer.concat(await Array.fromAsync(stream ?? [])).toString()).toBe('23456789')
    expect(attempts.map(({ input }) => input.Range)).toEqual([
      'bytes=2-101',
      'bytes=5-9',
      'bytes=6-9',
    ])
  })

  it('end a stream that brings nothing any more', async () => {
    script = [async () => ({ ContentLength: 10, Body: breaksAfter() })]
    const stream = await store.objects.stream('a')
    await expect(Array.fromAsync(stream ?? [])).rejects.toThrow(TemporaryFailure)
  })

  function breaksAfter(...chunks: readonly Uint8Array[]): Readable {
    return Readable.from(
      (async function* () {
        yield* chunks
        throw new Error('aborted')
      })(),
    )
  }
})

describe('SQS failures', () => {
  const failed = (Id: string, SenderFault = false) => ({ Id, SenderFault, Code: 'InternalError' })

  it('let only the failed entries of a batch be sent again', async () => {
    script = [answers({ Failed: [failed('1')] }), answers({})]
    await store.queues.active.send(['a', 'b', 'c'])
    expect(attempts.map(({ input }) => input.Entries)).toMatchObject([
      [{ MessageBody: 'a' }, { MessageBody: 'b' }, { MessageBody: 'c' }],
      [{ MessageBody: 'b' }],
    ])
  })

  it('are temporary when an entry keeps failing', async () => {
    script = [answers({ Failed: [failed('0')] })]
    await expect(store.queues.active.send(['a'])).rejects.toThrow(TemporaryFailure)
  })

  it('are temporary when an entry is throttled', async () => {
    script = [answers({ Failed: [{ ...failed('0', true), Code: 'RequestThrottled' }] })]
    await expect(store.queues.active.send(['a'])).rejects.toThrow(TemporaryFailure)
  })

  it('are misuse when SQS blames the sender', async () => {
    script = [answers({ Failed: [failed('0', true)] })]
    await expect(store.queues.active.send(['a'])).rejects.toThrow(StorageMisuse)
    expect(attempts).toHaveLength(1)
  })

  it('are no error for a stale receipt', async () => {
    const Code = 'ReceiptHandleIsInvalid'
    script = [answers({ Failed: [{ ...failed('0', true), Code }] })]
    await store.queues.active.extend(['gone'], 10)
    await store.queues.active.acknowledge(['gone'])
  })

  it('cut a batch where its bytes exceed those of one request', async () => {
    script = [answers({})]
    await store.queues.active.send(Array.from({ length: 7 }, () => 'x'.repeat(200_000)))
    expect(attempts.map(({ input }) => listAt(input, 'Entries').length)).toEqual([5, 2])
  })

  it('do not shorten a wait beyond one poll', async () => {
    script = [answers({})]
    const options = { max: 100, visibilitySeconds: 1, waitSeconds: 45 }
    expect(await store.queues.active.receive(options)).toEqual([])
    expect(attempts.map(({ input }) => input.WaitTimeSeconds)).toEqual([20, 20, 5])
    expect(attempts[0]?.input.MaxNumberOfMessages).toBe(10)
  })

  it('drop what was received too often where there is no dead-letter queue', async () => {
    const message = (ReceiptHandle: string, receives: number) => ({
      ReceiptHandle,
      Body: 'b',
      MD5OfBody: createHash('md5').update('b').digest('hex'),
      Attributes: { ApproximateReceiveCount: String(receives) },
    })
    script = [answers({ Messages: [message('old', 1_001), message('new', 1_000)] }), answers({})]
    const received = await store.queues['active-dead'].receive({
      max: 10,
      visibilitySeconds: 1,
      waitSeconds: 0,
    })
    expect(received.map(({ receipt }) => receipt)).toEqual(['new'])
    expect(attempts.at(-1)?.input.Entries).toMatchObject([{ ReceiptHandle: 'old' }])
  })
})

const passes: Interceptor = (attempt) => attempt.pass()

function fails(error: Error): Interceptor {
  return () => Promise.reject(error)
}

function answers(output: object): Interceptor {
  return async () => output
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not reject')
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  let found = value
  for (const name of path) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined
  }
  if (!Array.isArray(found)) throw new Error(`no list at ${path.join('.')}`)
  return found
}
