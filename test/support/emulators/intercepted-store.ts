// A store on the AWS drivers whose requests all meet an interceptor; none reaches an emulator.

import type { Clock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { type AwsClientOptions, openAwsClients } from '#shared/storage/aws/clients.ts'
import { openAwsStore } from '#shared/storage/aws/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { type Interceptor, intercept } from './intercept.ts'

/** A port that refuses connections: a request that slips through fails at once. */
const nowhere = 'http://127.0.0.1:9'
const impatientClock: Clock = { now: () => Date.now(), sleep: async () => undefined }

/** The tables are named as in the port. Only the drivers' own pauses are skipped, not those of the SDK. */
export async function openInterceptedStore(
  options: Partial<AwsClientOptions> & { readonly log?: Log },
  interceptor: Interceptor,
): Promise<Store> {
  const clientOptions = {
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoints: { dynamodb: nowhere, s3: nowhere, sqs: nowhere },
    ...options,
  }
  const clients = openAwsClients(clientOptions)
  intercept(clients, interceptor)
  const queueUrl = `${nowhere}/000000000000/queue`
  return openAwsStore(
    {
      ...clientOptions,
      tables: { directory: 'directory', mail: 'mail', queue: 'queue', counters: 'counters' },
      bucket: 'bucket',
      queueUrls: {
        incoming: queueUrl,
        active: queueUrl,
        deferred: queueUrl,
        'incoming-dead': queueUrl,
        'active-dead': queueUrl,
      },
      taskId: 'task',
      clock: impatientClock,
      log: options.log ?? silentLog,
    },
    clients,
  )
}
