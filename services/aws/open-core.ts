// The store of an entry on AWS: exactly the tables, queues and the bucket that it has variables for, and the core on it.

import { randomUUID } from 'node:crypto'
import { type Core, createCore } from '#services/assembly/core.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import { type AwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type AwsStore, openAwsStore } from '#shared/storage/aws/open.ts'
import type { Environment } from './process.ts'

export type AwsCore = {
  readonly store: AwsStore
  readonly core: Core
  readonly clients: AwsClients
  /** Unique among running processes. */
  readonly taskId: string
}

export async function openCore(parts: {
  readonly environment: Environment
  readonly settings: Settings
  readonly log: Log
  readonly region: string
}): Promise<AwsCore> {
  const { environment, settings, log, region } = parts
  // The SDK takes other addresses from its own variables; S3 must know, because bucket names cannot be host names there.
  const s3 = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL
  const options = { region, ...(s3 !== undefined && { endpoints: { s3 } }) }
  const clients = openAwsClients(options)
  const taskId = randomUUID()
  const store = await openAwsStore(
    {
      ...options,
      tables: {
        directory: environment.DIRECTORY_TABLE,
        mail: environment.MAIL_TABLE,
        queue: environment.QUEUE_TABLE,
        counters: environment.COUNTERS_TABLE,
      },
      bucket: environment.OBJECTS_BUCKET,
      queueUrls: {
        incoming: environment.INCOMING_QUEUE_URL,
        active: environment.ACTIVE_QUEUE_URL,
        'incoming-dead': environment.INCOMING_DEAD_QUEUE_URL,
        'active-dead': environment.ACTIVE_DEAD_QUEUE_URL,
      },
      ...(environment.WATCH_QUEUE_PREFIX !== undefined && {
        watchQueuePrefix: environment.WATCH_QUEUE_PREFIX,
      }),
      taskId,
      clock: systemClock,
      log,
    },
    clients,
  )
  return { store, core: createCore({ store, settings, clock: systemClock, log }), clients, taskId }
}
