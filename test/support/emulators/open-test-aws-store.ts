// Stores on the AWS drivers for any test: DynamoDB Local of the run, fauxqs of this process, fresh resources a store.

import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { type AwsClients, closeAwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type AwsStoreOptions, openAwsStore } from '#shared/storage/aws/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { type AwsResources, createAwsResources } from './aws-resources.ts'
import { dynamoDbEndpoint } from './broker.ts'
import { type Fauxqs, startFauxqs } from './fauxqs.ts'

/** Closed with the process: the emulator's listener does not keep it alive. */
let fauxqs: Promise<Fauxqs> | undefined

/** The S3 and SQS emulator of this process. */
export function testFauxqs(): Promise<Fauxqs> {
  fauxqs ??= startFauxqs()
  return fauxqs
}

/** Whether this run has DynamoDB Local: tests that need it are skipped without. */
export async function hasDynamoDb(): Promise<boolean> {
  return (await dynamoDbEndpoint(inject('emulatorBrokerUrl'))) !== undefined
}

export type TestAwsOptions = {
  readonly clock?: Clock
  readonly log?: Log
  readonly registerAfterMs?: number
  /** False: the tables do not exist, so that S3 and SQS can be tested without Java. Default true. */
  readonly withTables?: boolean
}

/** A place at the emulators where stores can be opened; several on one place are several tasks. */
export type TestAws = {
  readonly clients: AwsClients
  readonly options: Omit<AwsStoreOptions, 'taskId'> & AwsResources
  open(overrides?: Partial<AwsStoreOptions>): Promise<Store>
}

/** Undefined without Java, unless no tables are wanted. */
export async function createTestAws(options: TestAwsOptions = {}): Promise<TestAws | undefined> {
  const { endpoint } = await testFauxqs()
  const withTables = options.withTables !== false
  const dynamodb = withTables ? await dynamoDbEndpoint(inject('emulatorBrokerUrl')) : undefined
  if (withTables && dynamodb === undefined) return undefined
  const clientOptions = {
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoints: { s3: endpoint, sqs: endpoint, dynamodb: dynamodb ?? 'http://127.0.0.1:9' },
  }
  const clients = openAwsClients(clientOptions)
  const prefix = `t-${randomUUID().slice(0, 13)}`
  const dynamo = withTables ? clients.dynamo : undefined
  const storeOptions = {
    ...clientOptions,
    ...(await createAwsResources({ ...clients, dynamo }, prefix)),
    watchQueuePrefix: `${prefix}-watch-`,
    ...(options.registerAfterMs !== undefined && { registerAfterMs: options.registerAfterMs }),
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLog,
  }
  return {
    clients,
    options: storeOptions,
    open: (overrides = {}) =>
      openAwsStore({ ...storeOptions, taskId: randomUUID().slice(0, 8), ...overrides }),
  }
}

/** A fresh store on the AWS drivers; undefined without Java. */
export async function openTestAwsStore(
  options: TestAwsOptions = {},
): Promise<{ readonly store: Store; close(): Promise<void> } | undefined> {
  const aws = await createTestAws(options)
  if (aws === undefined) return undefined
  const store = await aws.open()
  closeAwsClients(aws.clients) // the store has its own
  return { store, close: async () => store[Symbol.asyncDispose]() }
}

/** The same for suites that are skipped as a whole without Java. */
export async function openAws(
  options: TestAwsOptions = {},
): Promise<{ readonly store: Store; close(): Promise<void> }> {
  const opened = await openTestAwsStore(options)
  if (opened === undefined) throw new Error('this needs DynamoDB Local')
  return opened
}
