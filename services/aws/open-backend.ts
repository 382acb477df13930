// The store of an entry on AWS: exactly the tables, queues and the bucket that it has variables for, and the backend on it.

import { randomUUID } from 'node:crypto'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { explained } from '#services/assembly/start-failure.ts'
import { createSettingStore } from '#shared/directory/stored-settings.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type AwsClients, endpointsIn, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type AwsStore, openAwsStore } from '#shared/storage/aws/open.ts'
import { checkStoreFormat } from '#shared/storage/aws/store-format.ts'
import {
  type EntryName,
  queueVariables,
  tableVariables,
  UPLOAD_MEMORY_SHARE,
} from './environment.ts'
import type { AwsProcess, Environment } from './process.ts'
import { createRunning, type Running } from './running.ts'
import { openSettingsInForce } from './settings-in-force.ts'
import { openStanding } from './standing.ts'

const MIB = 1024 * 1024

export type AwsBackend = {
  readonly store: AwsStore
  /** By the settings that were in force at the start. */
  readonly backend: Backend
  /** By those that are. Rejects as `mayWork` does. */
  readonly running: Running
  /** Rejects with TemporaryFailure while the store is moved to another one, or filled from one. */
  readonly mayWork: () => Promise<void>
  readonly clients: AwsClients
}

type Parts = Pick<
  AwsProcess<EntryName>,
  'settings' | 'loadSettings' | 'log' | 'changeLog' | 'region'
> & {
  readonly environment: Environment
  /** See `createBackend`. */
  readonly wakeJobs?: () => void
  readonly readOidcSecret?: (() => Promise<string>) | undefined
  readonly listCosts?: Backend['listCosts']
}

export async function openBackend(parts: Parts): Promise<AwsBackend> {
  const { environment, log, region } = parts
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
  try {
    const { directory } = store.tables
    await explained('cannot open the store', checkStoreFormat(directory))
    const standing = await explained(
      'cannot open the store',
      openStanding({ directory, clock: systemClock }),
    )
    const opening = openSettingsInForce({
      store: createSettingStore({ table: directory, signals: store.signals, clock: systemClock }),
      load: parts.loadSettings,
      settings: parts.settings,
      clock: systemClock,
      log,
      onChange: parts.changeLog,
    })
    const inForce = await explained('cannot read the stored settings', opening)
    const settings = await inForce.look()
    const { loadSettings, wakeJobs, readOidcSecret, listCosts } = parts
    const backend = createBackend({
      ...{ store, settings, clock: systemClock, log, loadSettings, listCosts },
      ...(wakeJobs && { wakeJobs }),
      ...(readOidcSecret && { readOidcSecret }),
    })
    const inForceNow = createRunning(backend, inForce)
    const running: Running = async () => {
      await standing.mayWork()
      return await inForceNow()
    }
    return { store, backend, running, mayWork: standing.mayWork, clients }
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

/** What the variables say under the store's own names; undefined of what this entry was not given. */
function readNamed(variables: Readonly<Record<string, string>>, environment: Environment) {
  const named = Object.entries(variables).map(([name, variable]) => [name, environment[variable]])
  return Object.fromEntries(named)
}

/** Functions upload one small message at a time, or two volumes of takeouts part by part, and keep the default. */
function uploadBytesMax({ MEMORY_MIB }: Environment): number | undefined {
  if (MEMORY_MIB === undefined) return undefined
  return Math.floor(Number(MEMORY_MIB) * MIB * UPLOAD_MEMORY_SHARE)
}
