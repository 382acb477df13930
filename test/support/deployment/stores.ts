// Stores of a running deployment in this process: as one of its functions opens it, with its variables and by the rights of its role, and as the
// operator does, for the mail that comes in.

import { randomUUID } from 'node:crypto'
import { queueVariables, tableVariables } from '#services/aws/environment.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type AwsStoreOptions, openAwsStore } from '#shared/storage/aws/open.ts'
import type { Queue, Store } from '#shared/storage/ports.ts'
import type { Stores } from '../administration.ts'
import { operator } from './operator.ts'
import { clientOptions, type Signer } from './process-environment.ts'
import type { Deployment } from './running-deployment.ts'

export async function openStoresOf(
  deployment: Deployment,
  functionName: string,
  clock: Clock,
): Promise<Stores> {
  const { definition } = deployment.function(functionName)
  const { environment } = definition
  const named = <Names extends Readonly<Record<string, string>>>(variables: Names) =>
    Object.fromEntries(
      Object.entries(variables).map(([name, variable]) => [name, environment[variable]]),
    )
  const open = async (signer: Signer): Promise<Store> => {
    const { url } = deployment.gateway
    const options: AwsStoreOptions = {
      ...clientOptions(signer, url),
      endpoints: { dynamodb: url, s3: url, sqs: url },
      tables: named(tableVariables),
      bucket: environment.OBJECTS_BUCKET,
      queueUrls: named(queueVariables),
      ...(environment.WATCH_QUEUE_PREFIX !== undefined && {
        watchQueuePrefix: environment.WATCH_QUEUE_PREFIX,
      }),
      taskId: randomUUID().slice(0, 8),
      clock,
      log: silentLog,
    }
    return await openAwsStore(options)
  }
  const store = await open(deployment.inventory.role(definition.roleArn))
  const mailStore = await open(operator)
  return {
    store,
    mailStore,
    async close() {
      await store[Symbol.asyncDispose]()
      await mailStore[Symbol.asyncDispose]()
    },
  }
}

/** The same, whose mail rings no bell: no function takes it from under a story that looks at it. */
export async function openQuietStoresOf(
  deployment: Deployment,
  functionName: string,
  clock: Clock,
): Promise<Stores> {
  const stores = await openStoresOf(deployment, functionName, clock)
  const { mailStore = stores.store } = stores
  const queues = { ...mailStore.queues, incoming: silent }
  return { ...stores, mailStore: { ...mailStore, queues } }
}

const silent: Queue = {
  async send() {},
  receive: async () => [],
  async acknowledge() {},
  async extend() {},
}
