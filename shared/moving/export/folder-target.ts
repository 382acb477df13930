// An export into a folder of this machine: files are written beside their place and renamed, as a Maildir asks for, so that whoever reads
// there never sees half a file.

import { constants, type Stats } from 'node:fs'
import {
  appendFile,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type ExportFile, type ExportTarget, TargetFailure } from './target.ts'

const PARALLEL = 8
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** `root` is made where it is not there, unless it is only read. */
export async function openFolderTarget(
  root: string,
  { isRead = false }: { readonly isRead?: boolean } = {},
): Promise<ExportTarget> {
  const at = (path: string) => join(root, path)
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw isOfSystem(error) ? new TargetFailure(inWords(error, root)) : error
    }
  }
  const there = await told(stat(root).catch(ifMissing))
  if (there !== undefined && !there.isDirectory()) throw new TargetFailure(`${root} is no folder`)
  if (isRead && there === undefined) throw new TargetFailure(`there is no folder ${root}`)
  if (!isRead) await told(mkdir(root, { recursive: true, mode: FOLDER_MODE }))
  let written = 0

  async function write({ path, bytes, changedMs }: ExportFile): Promise<void> {
    const place = temporaryPlace(root, path(), written++)
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
    const file = await open(place, flags, FILE_MODE)
    try {
      try {
        for await (const chunk of bytes) await file.writeFile(chunk)
      } finally {
        await file.close()
      }
      if (changedMs !== undefined) await setTime(place, changedMs)
      await rename(place, at(path()))
    } catch (error) {
      await rm(place, { force: true })
      throw error
    }
  }

  return {
    isKept: true,
    parallel: PARALLEL,
    makeFolder: async (path) => {
      await told(mkdir(at(path), { recursive: true, mode: FOLDER_MODE }))
    },
    write: (file) => told(write(file)),
    note: (path, line) => told(appendFile(at(path), line, { mode: FILE_MODE })),
    read: async (path) => (await told(opened(at(path))))?.createReadStream(),
    changedMs: async (path) => (await statsOf(at(path)))?.mtimeMs,
    async list(path) {
      const names = await readdir(at(path)).catch((): string[] => [])
      const found = new Map<string, number>()
      for (const name of names) {
        const stats = await statsOf(at(join(path, name)))
        if (stats?.isFile()) found.set(name, stats.size)
      }
      return found
    },
    rename: (from, to) => told(rename(at(from), at(to))),
    remove: (path) => told(rm(at(path), { force: true })),
    removeFolder: (path) => rmdir(at(path)).catch(() => undefined),
    async link(path, to) {
      await told(rm(at(path), { force: true }))
      await told(symlink(to, at(path)))
      return true
    },
  }
}

const statsOf = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined)

/** Undefined: there is none. */
const opened = (path: string) =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(ifMissing)

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** A full disk says what could not be done, and not where. */
const inWords = ({ message, path }: NodeJS.ErrnoException, root: string) =>
  path === undefined ? `cannot write below ${root}: ${message}` : message

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error

/** A Maildir has a folder for what is not whole yet; beside other files it has a name of its own. */
function temporaryPlace(root: string, path: string, n: number): string {
  const [folder, name] = [dirname(path), basename(path)]
  return basename(folder) === 'cur'
    ? join(root, dirname(folder), 'tmp', `${n}.${name}`.slice(0, NAME_BYTES_MAX))
    : join(root, folder, `.${n}.part`)
}

const NAME_BYTES_MAX = 255

/** A time has no exact form in the seconds that the call takes: what is added keeps the millisecond from being the one before. */
const ROUNDING_MS = 0.01

async function setTime(path: string, ms: number): Promise<void> {
  const seconds = (ms + ROUNDING_MS) / 1_000
  await utimes(path, seconds, seconds)
}
