// The SDK with its own repetitions, and a server in place of DynamoDB that is asked for too much.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logThrottling } from '#shared/storage/aws/throttling.ts'
import {
  type FakeService,
  ServiceError,
  startJsonService,
} from '#test/support/acme/json-service.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const ATTEMPTS = 3

describe('throttling of DynamoDB', () => {
  let service: FakeService
  let client: DynamoDBClient
  let log: ReturnType<typeof recordedLog>
  let clock: ManualClock

  beforeEach(async () => {
    service = await startJsonService({ GetItem: () => ({}) })
    client = new DynamoDBClient({
      region: 'eu-central-1',
      endpoint: service.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: ATTEMPTS,
    })
    log = recordedLog()
    clock = new ManualClock()
    logThrottling([client], { clock, log })
  })
  afterEach(async () => {
    client.destroy()
    await service[Symbol.asyncDispose]()
  })

  const read = () => client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'p' } } }))

  it('is logged once a second with the number of attempts since, those that are repeated too', async () => {
    service.failing = new ServiceError('ProvisionedThroughputExceededException')
    await expect(read()).rejects.toThrow()
    expect(service.calls).toHaveLength(ATTEMPTS)
    expect(log.lines).toEqual(['warn DynamoDB throttles'])
    expect(log.fields).toEqual([{ attempts: 1 }])
    await clock.advance(1_000)
    await expect(read()).rejects.toThrow()
    expect(log.fields).toEqual([{ attempts: 1 }, { attempts: ATTEMPTS }])
  })

  it('is logged once where another store was opened on the same client', async () => {
    const later = recordedLog()
    logThrottling([client], { clock, log: later })
    service.failing = new ServiceError('ProvisionedThroughputExceededException')
    await expect(read()).rejects.toThrow()
    expect(later.lines).toEqual(['warn DynamoDB throttles'])
    expect(log.lines).toEqual([])
  })

  it('is not what other failures are', async () => {
    service.failing = new ServiceError('InternalServerError', 500)
    await expect(read()).rejects.toThrow()
    service.failing = new ServiceError('ResourceNotFoundException')
    await expect(read()).rejects.toThrow()
    expect(log.lines).toEqual([])
  })
})
