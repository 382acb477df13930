// Opens the embedded driver: one lmdb environment, a folder of object files and a folder of signal inboxes, all under one
// data folder. Several processes may have it open at once (the server and the command line), each at most once.

import { access, constants, mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { STORE_FORMAT } from '../format.ts'
import {
  type QueueLayout,
  queueLayouts,
  StorageMisuse,
  type Store,
  tableLayouts,
} from '../ports.ts'
import { RESTORE, UnusableStore } from '../unusable-store.ts'
import { type Backup, type BackupOptions, backUp } from './backup.ts'
import { DiskSpace, type FreeBytes } from './disk-space.ts'
import { Environment, STORE_FILE } from './environment.ts'
import { findFaults, type StoreFault } from './faults.ts'
import { refuseDuringMaintenance, refuseUnfinishedRestore } from './maintenance.ts'
import { syncFolder } from './object-files.ts'
import { EmbeddedObjectStore } from './objects.ts'
import { purgeExpired } from './purge.ts'
import { EmbeddedQueue } from './queue.ts'
import { QUEUE_DATABASES, QueueRecords } from './queue-records.ts'
import { EmbeddedSignals } from './signals.ts'
import { checkStoreFile } from './store-file.ts'
import { agreeOnMarker, MARKER_FILE, readMarker, type StoreMarker } from './store-marker.ts'
import { openView, type StoreView } from './store-view.ts'
import { EmbeddedTable } from './table.ts'

export type EmbeddedOptions = {
  readonly directory: string
  readonly clock?: Clock
  readonly log?: Log
  /** What stays free of the disk when more is taken in. Default 0: nothing is refused. */
  readonly reserveBytes?: number
  /** Default: what the file system says. */
  readonly freeBytes?: FreeBytes
  /** What this program writes. Default STORE_FORMAT. */
  readonly format?: number
  /** By whoever restores it: nobody else gets in. */
  readonly maintaining?: boolean
}

export interface EmbeddedStore extends Store {
  readonly objects: EmbeddedObjectStore
  /** Removes up to `limit` expired items of all tables; returns how many. Fewer than `limit`: none are left. */
  purgeExpired(limit: number): Promise<number>
  /** Removes object files that no record owns; returns how many. */
  sweepOrphans(): Promise<number>
  /** Copies all of it into a folder while it is in use. */
  backUp(options: BackupOptions): Promise<Backup>
  /** What is in the store now, for whoever reads all of it. */
  view(): StoreView
  /** What does not fit in what tables, objects and files say of each other. */
  faults(): AsyncIterable<StoreFault>
  /** Process ids that have it open. */
  processes(): readonly number[]
  /** A copy of the store file without free pages. */
  copyCompacted(path: string): Promise<void>
}

const openDirectories = new Set<string>()

export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const { clock = systemClock, log = silentLog } = options
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const directory = await realpath(options.directory)
  // lmdb's own words for it ("Attempting to setup locks") help nobody.
  await access(directory, constants.W_OK)
  if (openDirectories.has(directory)) {
    throw new StorageMisuse(`${directory} is already open in this process`)
  }
  openDirectories.add(directory)
  try {
    const { format: known = STORE_FORMAT } = options
    // Before anything is made in it: what was there may be half set aside.
    if (options.maintaining !== true) await refuseUnfinishedRestore(directory)
    const marker = await readMarker(directory, known)
    await checkParts(directory, marker)
    const objectsFolder = join(directory, 'objects')
    const signalsFolder = join(directory, 'signals')
    await mkdir(objectsFolder, { recursive: true, mode: 0o700 })
    await mkdir(signalsFolder, { recursive: true, mode: 0o700 })
    const { reserveBytes = 0, freeBytes } = options
    const space = new DiskSpace({ directory, reserveBytes, freeBytes, clock, log })
    const environment = new Environment(directory, { log, space })
    let about: StoreMarker
    try {
      about = await agreeOnMarker(directory, environment, { marker, known })
      // After lmdb knows of this process: see maintenance.ts.
      if (options.maintaining !== true) await refuseDuringMaintenance(directory)
    } catch (error) {
      await environment.close()
      throw error
    }
    await syncFolder(directory)
    await syncFolder(dirname(directory))
    const tables = openTables(environment, clock)
    const objects = new EmbeddedObjectStore(environment, { folder: objectsFolder, clock, space })
    const signals = new EmbeddedSignals(signalsFolder, log)
    const bells = {
      messages: environment.database(QUEUE_DATABASES.messages),
      visible: environment.database(QUEUE_DATABASES.visible),
    }
    const queues = openQueues(environment, clock, signals)
    let closing: Promise<void> | undefined
    const close = async () => {
      environment.refuse()
      for (const queue of Object.values(queues)) queue.close()
      await signals.close()
      await environment.close()
      openDirectories.delete(directory)
    }
    return {
      tables,
      objects,
      queues,
      signals,
      space,
      purgeExpired: (limit) => purgeExpired(environment, Object.values(tables), clock, limit),
      sweepOrphans: () => objects.sweepOrphans(),
      backUp: (to) =>
        backUp(
          {
            directory,
            environment,
            pin: objects.pin,
            store: about.store,
            storeFormat: about.format,
            clock,
          },
          to,
        ),
      view: () => openView(environment, tables, objects.records),
      faults: () => findFaults({ environment, tables, objects, folder: objectsFolder, bells }),
      processes: () => environment.processes(),
      copyCompacted: (path) => environment.copy(path, { compact: true }),
      [Symbol.asyncDispose]: () => (closing ??= close()),
    }
  } catch (error) {
    openDirectories.delete(directory)
    throw error
  }
}

/** Before anything is opened or made: of a folder that has been in use nothing may be missing. */
async function checkParts(directory: string, marker: StoreMarker | undefined): Promise<void> {
  const file = await checkStoreFile(join(directory, STORE_FILE))
  if (marker === undefined) return
  const anew = `, or remove ${MARKER_FILE} to begin anew without what was there`
  if (file !== 'sound') throw new UnusableStore(`${STORE_FILE} is ${file}; ${RESTORE}${anew}`)
  const objects = await stat(join(directory, 'objects')).catch(() => undefined)
  if (objects?.isDirectory() !== true) {
    throw new UnusableStore(
      `the folder 'objects' is missing, which has the large messages; ${RESTORE}`,
    )
  }
}

function openTables(environment: Environment, clock: Clock) {
  return {
    directory: new EmbeddedTable(environment, tableLayouts.directory, clock),
    mail: new EmbeddedTable(environment, tableLayouts.mail, clock),
    queue: new EmbeddedTable(environment, tableLayouts.queue, clock),
    counters: new EmbeddedTable(environment, tableLayouts.counters, clock),
  }
}

function openQueues(environment: Environment, clock: Clock, signals: EmbeddedSignals) {
  const parts = { clock, signals }
  const dead = (layout: QueueLayout) => {
    const records = new QueueRecords(environment, layout, undefined)
    return { records, queue: new EmbeddedQueue(environment, records, parts) }
  }
  const incomingDead = dead(queueLayouts['incoming-dead'])
  const activeDead = dead(queueLayouts['active-dead'])
  const bells = (layout: QueueLayout, { records, queue }: ReturnType<typeof dead>) =>
    new EmbeddedQueue(environment, new QueueRecords(environment, layout, records), {
      ...parts,
      deadLetter: queue,
    })
  return {
    incoming: bells(queueLayouts.incoming, incomingDead),
    active: bells(queueLayouts.active, activeDead),
    deferred: bells(queueLayouts.deferred, activeDead),
    'incoming-dead': incomingDead.queue,
    'active-dead': activeDead.queue,
  }
}
