// A backup of a data folder that is in use: a pin keeps object files, lmdb copies what is committed at one moment, then the object
// files which that copy names are copied. Nobody waits for it. Into a folder that has a backup of the same store already only what
// is new is copied; the manifest, renamed into place, makes it the new one at once, and a kill leaves the one before.

import { randomUUID } from 'node:crypto'
import { cp, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { open as openLmdb } from 'lmdb'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { UnusableStore } from '../unusable-store.ts'
import {
  BACKUP_FORMAT,
  type BackupFile,
  type BackupProgress,
  copyWithDigest,
  MANIFEST_FILE,
  type Manifest,
  objectLine,
  objectPath,
  readManifest,
  readObjectList,
  writeManifest,
} from './backup-manifest.ts'
import type { Environment } from './environment.ts'
import { syncFolder } from './object-files.ts'
import type { ObjectPin } from './object-pin.ts'
import { decodeObjectRecord, OBJECT_DATABASES } from './object-records.ts'

/** Folders of a data folder, beside the store, that nothing can make again. */
const REST = ['maildrop', 'tls', 'acme'] as const
const COPIES_AT_ONCE = 8
const DATABASES_MAX = 64
/** Says that a folder is for backups of one store, before there is a whole one in it. */
const BEGUN_FILE = 'backup-begun.json'

export type Backup = {
  readonly manifest: Manifest
  /** Object files that were copied; the others were there. */
  readonly copied: { readonly files: number; readonly bytes: number }
  /** Objects whose file is missing or has another length: the backup lacks them, as the store does. */
  readonly damaged: readonly string[]
}

export type BackupOptions = {
  readonly to: string
  readonly progress?: (done: BackupProgress) => void
}

export async function backUp(
  parts: {
    readonly directory: string
    readonly environment: Environment
    readonly pin: ObjectPin
    readonly store: string
    readonly storeFormat: number
    readonly clock: Clock
  },
  options: BackupOptions,
): Promise<Backup> {
  const { directory, environment, pin, store, storeFormat, clock } = parts
  const { to } = options
  const before = await openFolder(to, { directory, store })
  const id = randomUUID()
  const begun = new Date(clock.now()).toISOString()
  await using held = await pin.hold()
  // Before the snapshot: what is taken from the maildrop meanwhile is in both, which the next start sorts out; never in neither.
  const rest = `rest-${id}`
  await mkdir(join(to, rest), { mode: 0o700 })
  for (const name of REST) await copyFolder(join(directory, name), join(to, rest, name))
  const storeFile = `store-${id}.mdb`
  await environment.copy(join(to, storeFile), { compact: false })
  const taken = new Date(clock.now()).toISOString()
  const content = readCopy(join(to, storeFile))
  await rm(join(to, `${storeFile}-lock`), { force: true })
  const { objects, copied, damaged } = await copyObjects(content.files, {
    from: join(directory, 'objects'),
    to: join(to, 'objects'),
    known: before === undefined ? new Map() : await knownDigests(to, before),
    progress: options.progress,
  })
  held.confirm()
  const manifest: Manifest = {
    format: BACKUP_FORMAT,
    id,
    store,
    storeFormat,
    begun,
    taken,
    storeFile: { name: storeFile, ...(await digestAndSync(join(to, storeFile))) },
    objectList: await writeList(to, `objects-${id}.txt`, objects),
    rest,
    counts: content.counts,
    objectFiles: {
      files: objects.length,
      bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  }
  await syncFolder(to)
  await writeManifest(to, manifest)
  await removeOthers(to, manifest, new Set(objects.map(({ name }) => name)))
  return { manifest, copied, damaged }
}

/** The backup that is there already, if one is. Rejects where the folder is for something else. */
async function openFolder(
  to: string,
  { directory, store }: { readonly directory: string; readonly store: string },
): Promise<Manifest | undefined> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const real = `${await realpath(to)}/`
  const data = `${directory}/`
  if (real.startsWith(data) || data.startsWith(real)) {
    throw new UnusableStore('a backup cannot be in the data folder, nor around it')
  }
  const manifest = await readManifest(to)
  const names = await readdir(to)
  const isOurs = manifest !== undefined || names.includes(BEGUN_FILE)
  if (!isOurs && names.some((name) => name !== 'lost+found')) {
    throw new UnusableStore(`${to} is not empty, and no backup`)
  }
  if (manifest !== undefined && manifest.store !== store) {
    throw new UnusableStore(`${to} has a backup of another store, made ${manifest.taken}`)
  }
  if (!isOurs) {
    await using file = await open(join(to, BEGUN_FILE), 'wx', 0o600)
    await file.writeFile(`${JSON.stringify({ store })}\n`)
  }
  return manifest
}

type Named = { readonly name: string; readonly key: string; readonly bytes: number }

/** The object files that the copy names, and how much is in it. */
function readCopy(path: string) {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = openLmdb<Uint8Array, Uint8Array>({
    path,
    noSubdir: true,
    readOnly: true,
    maxDbs: DATABASES_MAX,
    ...binary,
  })
  try {
    const counts: { [name: string]: number } = {}
    // lmdb-js ends them with a NUL.
    const names = [...root.getKeys()].map(
      (key) => Buffer.from(key).toString('utf8').split('\0')[0] ?? '',
    )
    const databases = new Map(
      names.map((name) => [name, root.openDB<Uint8Array, Uint8Array>({ name, ...binary })]),
    )
    for (const [name, database] of databases) {
      const { entryCount } = Object(database.getStats())
      counts[name] = Number(entryCount)
    }
    const records = databases.get(OBJECT_DATABASES.records)
    const files: Named[] = []
    for (const { key: name, value: key } of databases.get(OBJECT_DATABASES.files)?.getRange() ??
      []) {
      const record = records?.get(key)
      if (record === undefined) continue
      files.push({
        name: asBuffer(name).toString('latin1'),
        key: asBuffer(key).toString('latin1'),
        bytes: decodeObjectRecord(record).bytes,
      })
    }
    return { counts, files }
  } finally {
    void root.close()
  }
}

async function knownDigests(to: string, manifest: Manifest): Promise<Map<string, BackupFile>> {
  const known = new Map<string, BackupFile>()
  for await (const file of readObjectList(to, manifest)) known.set(file.name, file)
  return known
}

async function copyObjects(
  files: readonly Named[],
  options: {
    readonly from: string
    readonly to: string
    readonly known: ReadonlyMap<string, BackupFile>
    readonly progress: BackupOptions['progress']
  },
) {
  const { from, to, known, progress } = options
  const objects: BackupFile[] = []
  const copied = { files: 0, bytes: 0 }
  const damaged: string[] = []
  const left = files.values()
  let filesDone = 0
  async function copySome(): Promise<void> {
    for (const { name, key, bytes } of left) {
      const target = join(to, objectPath(name))
      const had = known.get(name)
      const there = had && (await stat(target).catch(() => undefined))
      if (had !== undefined && there?.size === bytes) objects.push(had)
      else {
        const made = await copyObject(join(from, objectPath(name)), target)
        if (made === undefined || made.bytes !== bytes) damaged.push(key)
        if (made !== undefined) {
          objects.push({ name, ...made })
          copied.files++
          copied.bytes += made.bytes
        }
      }
      progress?.({ filesDone: ++filesDone, files: files.length })
    }
  }
  await mkdir(to, { recursive: true, mode: 0o700 })
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copySome))
  for (const folder of new Set(files.map(({ name }) => objectPath(name).slice(0, 3)))) {
    await syncFolder(join(to, folder))
  }
  objects.sort((one, other) => (one.name < other.name ? -1 : 1))
  return { objects, copied, damaged: damaged.toSorted() }
}

async function copyObject(from: string, to: string) {
  await mkdir(join(to, '..'), { recursive: true, mode: 0o700 })
  try {
    const made = await copyWithDigest(from, `${to}.new`)
    await rename(`${to}.new`, to)
    return made
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    await rm(`${to}.new`, { force: true })
    if (isGone) return undefined
    throw error
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  // A file of the maildrop may be taken while it is copied: then it is in the store.
  const isFile = async (path: string) => {
    const found = await stat(path).catch(() => undefined)
    return found?.isFile() === true || found?.isDirectory() === true
  }
  if (!(await isFile(from))) return
  await mkdir(to, { recursive: true, mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.isDirectory()) await copyFolder(join(from, entry.name), join(to, entry.name))
    if (!entry.isFile()) continue
    await cp(join(from, entry.name), join(to, entry.name), { preserveTimestamps: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      },
    )
  }
}

async function digestAndSync(path: string) {
  await using file = await open(path, 'r+')
  await file.sync()
  return await copyWithDigest(path, undefined)
}

async function writeList(
  to: string,
  name: string,
  objects: readonly BackupFile[],
): Promise<BackupFile> {
  const path = join(to, name)
  {
    await using file = await open(path, 'wx', 0o600)
    for (const object of objects) await file.writeFile(objectLine(object))
  }
  return { name, ...(await digestAndSync(path)) }
}

/** What backups before it had, and what a kill left. */
async function removeOthers(
  to: string,
  manifest: Manifest,
  objects: ReadonlySet<string>,
): Promise<void> {
  const { storeFile, objectList, rest } = manifest
  const keep = new Set([storeFile.name, objectList.name, rest, MANIFEST_FILE])
  for (const name of await readdir(to)) {
    const isOurs = /^(?:store|objects|rest)-|^backup-begun\.json$|\.new$/.test(name)
    if (isOurs && !keep.has(name)) await rm(join(to, name), { recursive: true, force: true })
  }
  for (const entry of await readdir(join(to, 'objects'), {
    recursive: true,
    withFileTypes: true,
  })) {
    if (!entry.isFile() || objects.has(entry.name)) continue
    await rm(join(entry.parentPath, entry.name), { force: true })
  }
}
