// Puts a backup into a data folder. Every byte is held against the digests of the backup while it is copied; the folder cannot be
// opened before the last one is right. What was in the folder stays in it, aside, for whoever is sure to remove.

import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { checkFormat, STORE_FORMAT } from '../format.ts'
import type { Item } from '../ports.ts'
import { UnusableStore } from '../unusable-store.ts'
import {
  type BackupFile,
  type BackupProgress,
  copyWithDigest,
  type Manifest,
  objectPath,
  readManifest,
  readObjectList,
} from './backup-manifest.ts'
import { STORE_FILE } from './environment.ts'
import {
  beginMaintenance,
  endMaintenance,
  MAINTENANCE_FILE,
  readRestoreStep,
} from './maintenance.ts'
import { syncFolder } from './object-files.ts'
import { openEmbeddedStore } from './open.ts'
import { HOLDER_FILE, LOCK_FILE, lockAlone, WORK_LOCK_FILE } from './serving-lock.ts'
import { MARKER_FILE } from './store-marker.ts'

const COPIES_AT_ONCE = 8
const CHANGES_AT_ONCE = 100
/** What may be in a folder that counts as empty. */
const HARMLESS: ReadonlySet<string> = new Set([
  'postwolke.toml',
  'lost+found',
  LOCK_FILE,
  HOLDER_FILE,
  WORK_LOCK_FILE,
])
const ASIDE = 'before-restore-'

export type RestoreOptions = {
  readonly from: string
  readonly directory: string
  /** What is in the folder is set aside. */
  readonly force: boolean
  /** What becomes of items of the table `mail`. */
  readonly change: (item: Item) => Item | undefined
  readonly progress?: (done: BackupProgress) => void
  readonly clock?: Clock
  /** What this program writes. */
  readonly format?: number
}

export type RestoredBackup = {
  readonly manifest: Manifest
  /** Name, in the data folder, of what was there; undefined: it was empty. */
  readonly aside: string | undefined
}

/** Rejects with UnusableStore where it cannot be done; then nothing was touched, or the folder says that it is not whole. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoredBackup> {
  const { from, directory, clock = systemClock } = options
  const manifest = await readManifest(from)
  if (manifest === undefined) throw new UnusableStore(`there is no whole backup in ${from}`)
  checkFormat(manifest.storeFormat, options.format ?? STORE_FORMAT)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const step = await readRestoreStep(directory)
  const there = await partsIn(directory)
  if (there.length > 0 && !options.force && step === undefined) {
    throw new UnusableStore(`${directory} is not empty; --force sets aside what is in it`)
  }
  using _lock = await lockAlone(directory, clock.now())
  const aside = step === undefined ? nameAside(there, clock.now()) : step.aside
  if (step?.isCopying) {
    // Of one that was interrupted: only what it had copied is here, and goes.
    for (const name of there) await rm(join(directory, name), { recursive: true, force: true })
  } else {
    await beginMaintenance(directory, 'restore', { aside, isCopying: false })
    if (aside !== undefined) await setAside(directory, there, aside)
    await beginMaintenance(directory, 'restore', { aside, isCopying: true })
  }
  await copyChecked(join(from, manifest.objectList.name), undefined, manifest.objectList)
  await copyAll(options, manifest)
  await copyChecked(
    join(from, manifest.storeFile.name),
    join(directory, STORE_FILE),
    manifest.storeFile,
  )
  const { store, storeFormat: format } = manifest
  await writeFile(join(directory, MARKER_FILE), `${JSON.stringify({ store, format })}\n`, {
    mode: 0o600,
    flush: true,
  })
  for (const name of await readdir(join(from, manifest.rest)).catch(() => [])) {
    await cp(join(from, manifest.rest, name), join(directory, name), {
      recursive: true,
      preserveTimestamps: true,
    })
  }
  await syncFolder(directory)
  await changeMail(options)
  await endMaintenance(directory)
  return { manifest, aside }
}

/** Whether all of a backup is there and is what was written. Rejects with UnusableStore, which names what is not. */
export async function verifyBackup(
  from: string,
  progress?: (done: BackupProgress) => void,
): Promise<Manifest> {
  const manifest = await readManifest(from)
  if (manifest === undefined) throw new UnusableStore(`there is no whole backup in ${from}`)
  await copyChecked(join(from, manifest.storeFile.name), undefined, manifest.storeFile)
  await copyChecked(join(from, manifest.objectList.name), undefined, manifest.objectList)
  await eachObject(from, manifest, progress, (path, object) => copyChecked(path, undefined, object))
  return manifest
}

async function partsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory)
  return names.filter(
    (name) => !HARMLESS.has(name) && !name.startsWith(MAINTENANCE_FILE) && !name.startsWith(ASIDE),
  )
}

function nameAside(there: readonly string[], nowMs: number): string | undefined {
  return there.length === 0 ? undefined : ASIDE + new Date(nowMs).toISOString().replaceAll(':', '')
}

/** What of it is there already was moved by one that was interrupted. */
async function setAside(directory: string, names: readonly string[], aside: string): Promise<void> {
  await mkdir(join(directory, aside), { mode: 0o700, recursive: true })
  for (const name of names) await rename(join(directory, name), join(directory, aside, name))
  await syncFolder(join(directory, aside))
  await syncFolder(directory)
}

async function copyAll(options: RestoreOptions, manifest: Manifest): Promise<void> {
  const { from, directory, progress } = options
  const objects = join(directory, 'objects')
  await mkdir(objects, { recursive: true, mode: 0o700 })
  const folders = new Set<string>()
  await eachObject(from, manifest, progress, async (path, object) => {
    const target = join(objects, objectPath(object.name))
    const folder = join(target, '..')
    if (!folders.has(folder)) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      folders.add(folder)
    }
    await copyChecked(path, target, object)
  })
  for (const folder of folders) await syncFolder(folder)
  await syncFolder(objects)
}

async function eachObject(
  from: string,
  manifest: Manifest,
  progress: ((done: BackupProgress) => void) | undefined,
  work: (path: string, object: BackupFile) => Promise<void>,
): Promise<void> {
  const left = readObjectList(from, manifest)
  const { files } = manifest.objectFiles
  let filesDone = 0
  async function some(): Promise<void> {
    for (;;) {
      // Not `for await`, which ends the reading for all when one of them fails.
      const { done, value } = await left.next()
      if (done === true) return
      await work(join(from, 'objects', objectPath(value.name)), value)
      progress?.({ filesDone: ++filesDone, files })
    }
  }
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, some))
}

async function copyChecked(
  from: string,
  to: string | undefined,
  expected: BackupFile,
): Promise<void> {
  const found = await copyWithDigest(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new UnusableStore(`the backup lacks ${expected.name}`)
  })
  if (found.sha256 !== expected.sha256 || found.bytes !== expected.bytes) {
    throw new UnusableStore(`${expected.name} of the backup is not what was written`)
  }
}

async function changeMail({ directory, change, format, clock }: RestoreOptions): Promise<void> {
  await using store = await openEmbeddedStore({
    directory,
    maintaining: true,
    ...(clock && { clock }),
    ...(format !== undefined && { format }),
  })
  // Of the backup, which was being made at the moment that it is of.
  await store.objects.pin.forget()
  const { mail } = store.tables
  let some: ({ readonly put: Item } | { readonly delete: Item })[] = []
  await using view = store.view()
  for await (const item of view.items('mail')) {
    const changed = change(item)
    if (changed === item) continue
    some.push(changed === undefined ? { delete: item } : { put: changed })
    if (some.length < CHANGES_AT_ONCE) continue
    await mail.batchWrite(some)
    some = []
  }
  await mail.batchWrite(some)
}
