// What a backup folder says of itself. Written last and renamed into place, so that a backup is whole or is the one before:
//
//   manifest.json            which store, when, format, counts; names and digests of the two files below
//   store-<id>.mdb           copy of the store file
//   objects-<id>.txt         one line for each object file: SHA-256, bytes, name
//   objects/<a>/<b>/<name>   the object files; they never change, so a later backup into the folder copies only new ones
//   rest-<id>/               what else is in the data folder and no other can make again: maildrop, keys

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { UnusableStore } from '../unusable-store.ts'
import { syncFolder } from './object-files.ts'

export const MANIFEST_FILE = 'manifest.json'
/** Raised when older programs could not restore it. */
export const BACKUP_FORMAT = 1

/** How far a copy is. */
export type BackupProgress = { readonly filesDone: number; readonly files: number }

export type BackupFile = { readonly name: string; readonly bytes: number; readonly sha256: string }

export type Manifest = {
  readonly format: number
  readonly id: string
  readonly store: string
  readonly storeFormat: number
  readonly begun: string
  /** The moment whose state it holds lies between these two. */
  readonly taken: string
  readonly storeFile: BackupFile
  readonly objectList: BackupFile
  readonly rest: string
  readonly counts: { readonly [what: string]: number }
  readonly objectFiles: { readonly files: number; readonly bytes: number }
}

/** Undefined where there is none. Rejects with UnusableStore for what is no manifest, or one of a newer program. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, MANIFEST_FILE), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    },
  )
  if (text === undefined) return undefined
  const manifest = parseManifest(text)
  if (manifest === undefined) throw new UnusableStore(`${MANIFEST_FILE} is not that of a backup`)
  if (manifest.format > BACKUP_FORMAT) {
    throw new UnusableStore(
      `the backup is of a newer version of Postwolke (format ${manifest.format}, this one knows ${BACKUP_FORMAT})`,
    )
  }
  return manifest
}

function parseManifest(text: string): Manifest | undefined {
  try {
    const value = Object(JSON.parse(text))
    const isFile = (file: unknown) => {
      const { name, bytes, sha256 } = Object(file)
      return isPlainName(name) && typeof bytes === 'number' && typeof sha256 === 'string'
    }
    const isManifest =
      typeof value.format === 'number' &&
      typeof value.storeFormat === 'number' &&
      typeof value.store === 'string' &&
      isPlainName(value.rest) &&
      isFile(value.storeFile) &&
      isFile(value.objectList)
    return isManifest ? (value as Manifest) : undefined
  } catch {
    return undefined
  }
}

/** No way out of the folder. */
const isPlainName = (name: unknown): name is string =>
  typeof name === 'string' && /^[A-Za-z0-9-]+(?:\.[a-z]+)?$/.test(name)

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const unfinished = join(folder, `${MANIFEST_FILE}.new`)
  await rm(unfinished, { force: true })
  {
    await using file = await open(unfinished, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`)
    await file.sync()
  }
  await rename(unfinished, join(folder, MANIFEST_FILE))
  await syncFolder(folder)
}

/** The object files of a backup, in the order of their names. */
export async function* readObjectList(
  folder: string,
  { objectList }: Pick<Manifest, 'objectList'>,
): AsyncGenerator<BackupFile> {
  const input = createReadStream(join(folder, objectList.name), 'utf8')
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const [, sha256 = '', bytes = '', name = ''] =
      /^([0-9a-f]{64}) (\d+) ([0-9a-f]{32})$/.exec(line) ?? []
    if (name === '') throw new UnusableStore(`${objectList.name} has a line that is none`)
    yield { sha256, bytes: Number(bytes), name }
  }
}

export const objectLine = ({ sha256, bytes, name }: BackupFile) => `${sha256} ${bytes} ${name}\n`

/** Where an object file is, below a folder of objects. */
export const objectPath = (name: string) => join(name.slice(0, 1), name.slice(1, 2), name)

const READ_BYTES = 256 * 1024

/** Copies a file, durably, and says what was in it. `to` undefined: only reads it. */
export async function copyWithDigest(
  from: string,
  to: string | undefined,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  await using source = await open(from, 'r')
  await using target = to === undefined ? undefined : await open(to, 'w', 0o600)
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let bytes = 0
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, READ_BYTES, bytes)
    if (bytesRead === 0) break
    const piece = buffer.subarray(0, bytesRead)
    hash.update(piece)
    await target?.writeFile(piece)
    bytes += bytesRead
  }
  await target?.datasync()
  return { bytes, sha256: hash.digest('hex') }
}
