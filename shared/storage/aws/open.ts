// Opens the AWS store: DynamoDB tables, an S3 bucket and SQS queues that the deployment has made. The entry files of the
// services read names and addresses from their environment and pass them in here; each gets only what it works with.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  endlessSpace,
  type Queue,
  type QueueName,
  queueLayouts,
  StorageMisuse,
  type Store,
  type Table,
  type TableName,
  tableLayouts,
} from '../ports.ts'
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
import { logThrottling } from './throttling.ts'
import { UPLOAD_BYTES_DEFAULT, UploadMemory } from './upload-memory.ts'

export type AwsStoreOptions = AwsClientOptions & {
  /** Names of the tables at DynamoDB. What is not named here or below must not be used by the process. */
  readonly tables: { readonly [name in TableName]?: string | undefined }
  readonly bucket?: string | undefined
  /** What uploads to the bucket may hold in memory, all together. Default UPLOAD_BYTES_DEFAULT. */
  readonly uploadBytesMax?: number | undefined
  readonly queueUrls: { readonly [name in QueueName]?: string | undefined }
  /** The task's own queue for signals is this and the task's id. Default `pw-watch-`. */
  readonly watchQueuePrefix?: string
  /** How long a topic must be watched before other tasks learn of it. Default 1 s. */
  readonly registerAfterMs?: number
  /** Unique among running tasks: letters, digits, `-` and `_`. */
  readonly taskId: string
  readonly clock: Clock
  readonly log: Log
}

const REGISTER_AFTER_MS = 1_000

export interface AwsStore extends Store {
  /** Resolves when the hints published so far are sent: a function is frozen as soon as it has answered. */
  hintsSent(): Promise<void>
}

/** Connects to nothing yet: the first request of each kind does. Closing the store closes the clients too. */
export async function openAwsStore(
  options: AwsStoreOptions,
  clients: AwsClients = openAwsClients(options),
): Promise<AwsStore> {
  const { clock } = options
  logThrottling([clients.dynamo, clients.dynamoExact], options)
  const table = (name: TableName): Table => {
    const tableName = options.tables[name]
    if (tableName === undefined) return notGiven(`table ${name}`)
    return new DynamoTable({ clients, tableName, layout: tableLayouts[name], clock })
  }
  const queue = (name: QueueName): Queue => {
    const queueUrl = options.queueUrls[name]
    if (queueUrl === undefined) return notGiven(`queue ${name}`)
    return new SqsQueue({ sqs: clients.sqs, queueUrl, layout: queueLayouts[name], clock })
  }
  const { bucket } = options
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
    registerAfterMs: options.registerAfterMs ?? REGISTER_AFTER_MS,
    clock,
    log: options.log,
  })
  return {
    tables,
    objects:
      bucket === undefined
        ? notGiven('bucket')
        : new S3ObjectStore({
            s3: clients.s3,
            bucket,
            clock,
            memory: new UploadMemory(options.uploadBytesMax ?? UPLOAD_BYTES_DEFAULT, {
              clock,
              log: options.log,
            }),
          }),
    queues: {
      incoming: queue('incoming'),
      active: queue('active'),
      deferred: queue('deferred'),
      'incoming-dead': queue('incoming-dead'),
      'active-dead': queue('active-dead'),
    },
    signals,
    space: endlessSpace,
    hintsSent: () => signals.hintsSent(),
    async [Symbol.asyncDispose]() {
      await signals.close()
      closeAwsClients(clients)
    },
  }
}

/** Stands where this process has nothing: whoever uses it all the same learns what is missing in the deployment. */
function notGiven<Port extends object>(what: string): Port {
  const refuse = () => {
    throw new StorageMisuse(`this process was given no ${what}`)
  }
  return new Proxy({} as Port, { get: refuse })
}
