// The store of an entry on AWS: exactly the tables, queues and the bucket that it has variables for, and the backend on it.

import { randomUUID } from 'node:crypto'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { explained } from '#services/assembly/start-failure.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { type AwsClients, endpointsIn, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type AwsStore, openAwsStore } from '#shared/storage/aws/open.ts'
import { checkStoreFormat } from '#shared/storage/aws/store-format.ts'
import { queueVariables, tableVariables, UPLOAD_MEMORY_SHARE } from './environment.ts'
import type { Environment } from './process.ts'

const MIB = 1024 * 1024

export type AwsBackend = {
  readonly store: AwsStore
  readonly backend: Backend
  readonly clients: AwsClients
}

export async function openBackend(parts: {
  readonly environment: Environment
  readonly settings: Settings
  readonly log: Log
  readonly region: string
  /** See `createBackend`. */
  readonly wakeJobs?: () => void
}): Promise<AwsBackend> {
  const { environment, settings, log, region, ...told } = parts
  const options = { region, endpoints: endpointsIn(environment) }
  const clients = openAwsClients(options)
  const store = await openAwsStore(
    {
      ...options,
      tables: readNamed(tableVariables, environment),
      bucket: environment.OBJECTS_BUCKET,
      uploadBytesMax: uploadBytesMax(environment),
      queueUrls: readNamed(queueVariables, environment),
      ...(environment.WATCH_QUEUE_PREFIX !== undefined && {
        watchQueuePrefix: environment.WATCH_QUEUE_PREFIX,
      }),
      taskId: randomUUID(),
      clock: systemClock,
      log,
    },
    clients,
  )
  await checkFormat(store)
  const backend = createBackend({ store, settings, clock: systemClock, log, ...told })
  return { store, backend, clients }
}

/** What the variables say under the store's own names; undefined of what this entry was not given. */
function readNamed(variables: Readonly<Record<string, string>>, environment: Environment) {
  const named = Object.entries(variables).map(([name, variable]) => [name, environment[variable]])
  return Object.fromEntries(named)
}

async function checkFormat(store: AwsStore): Promise<void> {
  try {
    await explained('cannot open the store', checkStoreFormat(store.tables.directory))
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

/** Functions upload one small message at a time and keep the default. */
function uploadBytesMax({ MEMORY_MIB }: Environment): number | undefined {
  if (MEMORY_MIB === undefined) return undefined
  return Math.floor(Number(MEMORY_MIB) * MIB * UPLOAD_MEMORY_SHARE)
}
