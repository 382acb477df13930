// Opens the AWS store: DynamoDB tables, an S3 bucket and SQS queues that the deployment has made. The entry files of the
// services read names and addresses from their environment and pass them in here.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type QueueName, queueLayouts, type Store, type TableName, tableLayouts } from '../ports.ts'
import {
  type AwsClientOptions,
  type AwsClients,
  closeAwsClients,
  openAwsClients,
} from './clients.ts'
import { S3ObjectStore } from './object-store.ts'
import { SqsQueue } from './queue.ts'
import { AwsSignals } from './signals.ts'
import { DynamoTable } from './table.ts'

export type AwsStoreOptions = AwsClientOptions & {
  /** Names of the tables at DynamoDB. */
  readonly tables: { readonly [name in TableName]: string }
  readonly bucket: string
  readonly queueUrls: { readonly [name in QueueName]: string }
  /** The task's own queue for signals is this and the task's id. Default `pw-watch-`. */
  readonly watchQueuePrefix?: string
  /** Unique among running tasks: letters, digits, `-` and `_`. */
  readonly taskId: string
  readonly clock: Clock
  readonly log: Log
}

/** Connects to nothing yet: the first request of each kind does. Closing the store closes the clients too. */
export async function openAwsStore(
  options: AwsStoreOptions,
  clients: AwsClients = openAwsClients(options),
): Promise<Store> {
  const { clock } = options
  const table = (name: TableName) =>
    new DynamoTable({
      clients,
      tableName: options.tables[name],
      layout: tableLayouts[name],
      clock,
    })
  const queue = (name: QueueName) =>
    new SqsQueue({
      sqs: clients.sqs,
      queueUrl: options.queueUrls[name],
      layout: queueLayouts[name],
      clock,
    })
  const tables = {
    directory: table('directory'),
    mail: table('mail'),
    queue: table('queue'),
    counters: table('counters'),
  }
  const signals = new AwsSignals({
    table: tables.mail,
    sqs: clients.sqs,
    queueName: `${options.watchQueuePrefix ?? 'pw-watch-'}${options.taskId}`,
    taskId: options.taskId,
    clock,
    log: options.log,
  })
  return {
    tables,
    objects: new S3ObjectStore({ s3: clients.s3, bucket: options.bucket, clock }),
    queues: {
      incoming: queue('incoming'),
      active: queue('active'),
      'incoming-dead': queue('incoming-dead'),
      'active-dead': queue('active-dead'),
    },
    signals,
    async [Symbol.asyncDispose]() {
      await signals.close()
      closeAwsClients(clients)
    },
  }
}
