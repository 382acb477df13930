// The cost meter against requests whose price is known by hand.

import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { openAwsStore } from '#shared/storage/aws/open.ts'
import { ConditionFailed, type Store } from '#shared/storage/ports.ts'
import { dynamoUnits } from '#test/bench/cost/dynamo-units.ts'
import { FunctionTime } from '#test/bench/cost/function-time.ts'
import { CostMeter, IDLE } from '#test/bench/cost/meter.ts'
import { dollars, type Usage } from '#test/bench/cost/usage.ts'
import { intercept, serviceError } from '#test/support/emulators/intercept.ts'
import {
  createTestAws,
  hasDynamoDb,
  testFauxqs,
} from '#test/support/emulators/open-test-aws-store.ts'

let meter: CostMeter
let clients: AwsClients
let store: Store
/** Stands below the meter. */
let failures: Error[]

const withTables = await hasDynamoDb()

beforeEach(async () => {
  const aws = await createTestAws({ withTables })
  if (aws === undefined) throw new Error('no emulators')
  meter = new CostMeter(aws.clients.dynamo)
  failures = []
  clients = openAwsClients(aws.options)
  meter.attach(clients)
  intercept(clients, (attempt) => {
    const failure = failures.shift()
    return failure === undefined ? attempt.pass() : Promise.reject(failure)
  })
  store = await openAwsStore({ ...aws.options, taskId: 'task' }, clients)
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
})

/** What the work costs alone. */
async function usageOf(work: () => Promise<unknown>): Promise<Usage> {
  await meter.clear()
  await meter.run('work', work)
  await meter.settle()
  return meter.of('work')
}

const key = { pk: 'p', sk: 's' }
const item = (sk: string, bytes: number) => ({ pk: 'p', sk, text: 'x'.repeat(bytes) })
const due = (dueSk: string) => ({ duePk: 'DUE#1', dueSk })

describe('a batch that DynamoDB did not finish', () => {
  const input = {
    RequestItems: {
      mail: { ConsistentRead: true, Keys: ['a', 'b', 'c', 'd'].map((pk) => ({ pk })) },
    },
  }
  const ConsumedCapacity = [{ TableName: 'mail', CapacityUnits: 1 }]
  const Responses = { mail: [{ pk: 'a' }] }

  it('pays for what it found and for what is not there, not for what it left', () => {
    const left = { UnprocessedKeys: { mail: { Keys: [{ pk: 'c' }, { pk: 'd' }] } } }
    const units = (output: object) =>
      dynamoUnits('BatchGetItemCommand', input, {
        kind: 'answered',
        output: { ConsumedCapacity, Responses, ...output },
      })
    expect(units({})).toEqual({ 'ddb.rru': 4 })
    expect(units(left)).toEqual({ 'ddb.rru': 2 })
  })
})

describe.skipIf(!withTables)('reads of DynamoDB', () => {
  it('cost by size and consistency, found or not', async () => {
    const { mail } = store.tables
    await mail.batchWrite([{ put: item('small', 100) }, { put: item('large', 5_000) }])
    const get = (sk: string, consistent: boolean) =>
      usageOf(() => mail.get({ pk: 'p', sk }, { consistent }))
    expect(await get('small', false)).toEqual({ 'ddb.rru': 0.5 })
    expect(await get('small', true)).toEqual({ 'ddb.rru': 1 })
    expect(await get('large', true)).toEqual({ 'ddb.rru': 2 })
    expect(await get('none', true)).toEqual({ 'ddb.rru': 1 })
  })

  it('cost in a batch as much as one by one, missing ones too', async () => {
    const { mail } = store.tables
    await mail.batchWrite([{ put: item('small', 100) }, { put: item('large', 5_000) }])
    const keys = ['small', 'large', 'none', 'nothing'].map((sk) => ({ pk: 'p', sk }))
    expect(await usageOf(() => mail.batchGet(keys, { consistent: true }))).toEqual({ 'ddb.rru': 5 })
    expect(await usageOf(() => mail.batchGet(keys))).toEqual({ 'ddb.rru': 2.5 })
  })

  it('cost a query by the sum of what it read, and the least when that was nothing', async () => {
    const { mail } = store.tables
    await mail.batchWrite(Array.from({ length: 20 }, (_, n) => ({ put: item(`${n}`, 1_000) })))
    expect(await usageOf(() => mail.query({ pk: 'p', consistent: true }))).toEqual({ 'ddb.rru': 5 })
    expect(await usageOf(() => mail.query({ pk: 'q', consistent: true }))).toEqual({ 'ddb.rru': 1 })
    expect(await usageOf(() => mail.query({ pk: 'q' }))).toEqual({ 'ddb.rru': 0.5 })
    expect(await usageOf(() => mail.queryIndex('dead', { pk: 'q' }))).toEqual({ 'ddb.rru': 0.5 })
  })

  it('cost double in a transaction', async () => {
    const { mail } = store.tables
    await mail.write({ put: item('small', 100) })
    const keys = [
      { pk: 'p', sk: 'small' },
      { pk: 'p', sk: 'none' },
    ]
    expect(await usageOf(() => mail.transactGet(keys))).toEqual({ 'ddb.rru': 4 })
  })
})

describe.skipIf(!withTables)('writes of DynamoDB', () => {
  it('cost by size, index entries besides', async () => {
    const { queue } = store.tables
    const put = (sk: string, extra: object) =>
      usageOf(() => queue.write({ put: { ...item(sk, 2_500), ...extra } }))
    expect(await put('a', {})).toEqual({ 'ddb.wru': 3, 'ddb.wru.index': 0 })
    expect(await put('b', due('1'))).toEqual({ 'ddb.wru': 3, 'ddb.wru.index': 1 })
    expect(await put('b', due('2'))).toEqual({ 'ddb.wru': 3, 'ddb.wru.index': 2 })
  })

  it('cost the larger item when their condition is false', async () => {
    const { mail } = store.tables
    await mail.write({ put: item('large', 2_500) })
    const refused = (bytes: number) =>
      usageOf(() =>
        mail
          .write({ put: item('large', bytes), if: { absent: 'pk' } })
          .catch((error) => expect(error).toBeInstanceOf(ConditionFailed)),
      )
    expect(await refused(100)).toEqual({ 'ddb.wru': 3 })
    expect(await refused(4_500)).toEqual({ 'ddb.wru': 5 })
  })

  it('are idle when they renew the lease of a task', async () => {
    const lease = { pk: 'T#task', sk: 'LEASE' }
    expect(await usageOf(() => store.tables.mail.write({ put: lease }))).toEqual({})
    expect(meter.of(IDLE)).toEqual({ 'ddb.wru': 1, 'ddb.wru.index': 0 })
  })

  it('cost double in a transaction, each item and each index entry', async () => {
    const { queue } = store.tables
    const usage = await usageOf(() =>
      queue.transact([
        { put: { ...item('a', 100), ...due('1') } },
        { put: item('b', 100) },
        { put: item('c', 2_500) },
      ]),
    )
    expect(usage).toEqual({ 'ddb.wru': 10, 'ddb.wru.index': 2 })
  })

  it('cost in a transaction by the larger of what was there and what is there now', async () => {
    const { queue } = store.tables
    const at = (sk: string) => ({ pk: 'p', sk })
    await queue.write({ put: { ...item('goes', 2_500), ...due('1') } })
    await queue.write({ put: { ...item('shrinks', 2_500), ...due('2') } })
    await queue.write({ put: { ...item('moves', 100), ...due('3') } })
    await queue.write({ put: item('grows', 1_000) })
    await queue.write({ put: item('is looked at', 1_500) })
    const usage = await usageOf(() =>
      queue.transact([
        { delete: at('goes') }, // 3 and 1
        { update: at('shrinks'), changes: { set: { text: '' }, remove: ['duePk', 'dueSk'] } }, // 3, 1
        { update: at('moves'), changes: { set: due('4') } }, // 1 and 2
        { update: at('grows'), changes: { set: { more: 'x'.repeat(1_000) } } }, // 2
        { check: at('is looked at'), if: { exists: 'pk' } }, // 2
      ]),
    )
    expect(usage).toEqual({ 'ddb.wru': 22, 'ddb.wru.index': 8 })
  })

  it('cost in a batch as much as one by one', async () => {
    const { queue } = store.tables
    await queue.write({ put: { ...item('goes', 2_500), ...due('1') } })
    const usage = await usageOf(() =>
      queue.batchWrite([
        { put: { ...item('a', 100), ...due('2') } },
        { put: item('b', 100) },
        { delete: { pk: 'p', sk: 'goes' } },
        { delete: { pk: 'p', sk: 'was never there' } },
      ]),
    )
    expect(usage).toEqual({ 'ddb.wru': 6, 'ddb.wru.index': 2 })
  })

  it('cost as much in a transaction that was cancelled', async () => {
    const { mail } = store.tables
    await mail.write({ put: item('large', 2_500) })
    const usage = await usageOf(() =>
      mail
        .transact([{ put: item('a', 100) }, { put: item('large', 100), if: { absent: 'pk' } }])
        .catch((error) => expect(error).toBeInstanceOf(ConditionFailed)),
    )
    expect(usage).toEqual({ 'ddb.wru': 8 })
  })

  it('cost nothing when they were throttled, and something unknown when no answer came', async () => {
    failures = [serviceError('ProvisionedThroughputExceededException', 400)]
    expect(await usageOf(() => store.tables.mail.write({ put: key }))).toEqual({
      'ddb.wru': 1,
      'ddb.wru.index': 0,
    })
    expect(meter.unknown).toEqual([])
    failures = [serviceError('InternalServerError', 500)]
    await usageOf(() => store.tables.mail.write({ put: key }))
    expect(meter.unknown).toEqual(['work: PutItemCommand (InternalServerError)'])
  })
})

describe('requests to S3', () => {
  it('cost by their class', async () => {
    const { objects } = store
    const bytes = Buffer.from('text')
    expect(await usageOf(() => objects.put('a', bytes))).toEqual({ 's3.put': 1 })
    expect(await usageOf(() => objects.read('a'))).toEqual({ 's3.get': 1 })
    expect(await usageOf(() => objects.size('a'))).toEqual({ 's3.get': 1 })
    expect(await usageOf(() => objects.list('a'))).toEqual({ 's3.put': 1 })
    expect(await usageOf(() => objects.delete('a'))).toEqual({})
  })

  it('cost each part of a large object', async () => {
    const large = Buffer.alloc(9 * 1024 * 1024)
    expect(await usageOf(() => store.objects.put('large', large))).toEqual({ 's3.put': 4 })
  })

  it('cost also when they are refused, but not when S3 fails', async () => {
    await store.objects.put('a', Buffer.from('text'))
    const again = () => store.objects.put('a', Buffer.from('text'), { ifAbsent: true })
    expect(await usageOf(again)).toEqual({ 's3.put': 1 })
    const fauxqs = await testFauxqs()
    let failing = 1
    fauxqs.failWhen(() => failing-- > 0)
    expect(await usageOf(() => store.objects.put('b', Buffer.from('text')))).toEqual({
      's3.put': 1,
    })
    fauxqs.failWhen(() => false)
    expect(meter.entries.map(({ requests }) => requests)).toEqual([2])
  })
})

describe('requests to SQS', () => {
  const receive = { max: 10, visibilitySeconds: 60, waitSeconds: 0 }

  it('cost one each for up to 64 KB', async () => {
    const { incoming } = store.queues
    const ten = Array.from({ length: 10 }, (_, n) => `message ${n}`)
    expect(await usageOf(() => incoming.send(ten))).toEqual({ 'sqs.std': 1 })
    let receipts: string[] = []
    const received = await usageOf(async () => {
      receipts = (await incoming.receive(receive)).map(({ receipt }) => receipt)
    })
    expect(received).toEqual({ 'sqs.std': 1 })
    expect(await usageOf(() => incoming.extend(receipts, 5))).toEqual({ 'sqs.std': 1 })
    expect(await usageOf(() => incoming.acknowledge(receipts))).toEqual({ 'sqs.std': 1 })
  })

  it('cost one for every further 64 KB', async () => {
    const { incoming } = store.queues
    expect(await usageOf(() => incoming.send(['x'.repeat(100_000)]))).toEqual({ 'sqs.std': 2 })
    expect(await usageOf(() => incoming.receive(receive))).toEqual({ 'sqs.std': 2 })
  })

  it('are idle polling when they bring nothing', async () => {
    expect(await usageOf(() => store.queues.incoming.receive(receive))).toEqual({})
    expect(meter.of(IDLE)).toEqual({ 'sqs.std': 1 })
  })

  it('cost each attempt', async () => {
    failures = [serviceError('ServiceUnavailable', 503)]
    expect(await usageOf(() => store.queues.incoming.send(['a']))).toEqual({ 'sqs.std': 2 })
  })
})

describe('operations', () => {
  it('are what the call was made in, also behind others', async () => {
    const { objects } = store
    meter.operation = 'elsewhere'
    await Promise.all([
      meter.run('one', () => objects.put('a', Buffer.from('text'))),
      meter.run('two', async () => {
        await objects.put('b', Buffer.from('text'))
        await objects.put('c', Buffer.from('text'))
      }),
      objects.size('a'),
    ])
    expect(meter.of('one')).toEqual({ 's3.put': 1 })
    expect(meter.of('two')).toEqual({ 's3.put': 2 })
    expect(meter.of('elsewhere')).toEqual({ 's3.get': 1 })
  })

  it.skipIf(!withTables)('name their calls by table and kind of key', async () => {
    await store.tables.mail.query({ pk: 'F#1', sk: { prefix: 'C#' } })
    await store.tables.directory.batchGet([{ pk: 'ACC#1', sk: 's' }])
    await store.tables.queue.queryIndex('due', { pk: 'DUE#1' })
    await store.queues.incoming.send(['a'])
    expect(meter.entries.map(({ call }) => call)).toEqual([
      'Query mail F',
      'BatchGetItem directory ACC',
      'Query queue due',
      'SendMessageBatch incoming',
    ])
  })

  it.skipIf(!withTables)('that cannot be priced make the count incomplete', async () => {
    await clients.dynamo
      .send(new DescribeTableCommand({ TableName: 'none' }))
      .catch(() => undefined)
    expect(meter.unknown).toEqual(['setup: DescribeTableCommand (ResourceNotFoundException)'])
  })

  it('cost what the price list says', () => {
    expect(dollars({ 'ddb.wru': 1e6, 'ddb.wru.index': 1e6, 'ddb.rru': 1e6 })).toBeCloseTo(1.375)
    expect(dollars({ 's3.put': 1e6, 's3.get': 1e6, 'sqs.std': 1e6 })).toBeCloseTo(5.8)
    expect(dollars({ 'lambda.request': 1e6, 'lambda.gbs.arm': 1e3 })).toBeCloseTo(0.2133)
    expect(dollars({ 'cw.logs.std': 2 })).toBeCloseTo(1)
  })
})

describe('time of a function', () => {
  const answer = async () => 'answer'

  it('adds up for requests that follow each other', async () => {
    const time = new FunctionTime(1_000)
    expect(await time.taking(4, answer)).toBe('answer')
    await time.taking(6, answer)
    expect(time.waitedMs).toBe(10)
    expect(time.now()).toBe(1_010)
  })

  it('counts what runs together once', async () => {
    const time = new FunctionTime(0)
    const order: string[] = []
    const two = async () => {
      await time.taking(4, answer)
      order.push('4')
      await time.taking(5, answer)
      order.push('9')
    }
    await Promise.all([time.taking(6, answer).then(() => order.push('6')), two()])
    expect(order).toEqual(['4', '6', '9'])
    expect(time.waitedMs).toBe(9)
  })

  it('passes for requests that fail', async () => {
    const time = new FunctionTime(0)
    const failure = time.taking(7, () => Promise.reject(new Error('refused')))
    await expect(failure).rejects.toThrow('refused')
    expect(time.waitedMs).toBe(7)
  })

  it('passes in sleep, but not for a timeout that nobody waits for', async () => {
    const time = new FunctionTime(0)
    const ending = new AbortController()
    const timeout = time.sleep(60_000, ending.signal)
    await time.sleep(20)
    ending.abort()
    await timeout
    expect(time.waitedMs).toBe(20)
  })

  it('is that of the invocation that a request was made in', async () => {
    const times = [new FunctionTime(0), new FunctionTime(0)] as const
    const put = (name: string) => store.objects.put(name, Buffer.from('text'))
    await Promise.all([
      meter.run('one', () => put('a'), times[0]),
      meter.run('two', () => put('b').then(() => put('c')), times[1]),
    ])
    expect(times.map(({ waitedMs }) => waitedMs)).toEqual([25, 50])
  })
})
