// Large objects as files under `objects/`, 16 × 16 folders. A file is written under its final random name while the object
// arrives; no temporary name is needed, because only the record in lmdb makes it an object. Written means: bytes and folder
// entry are on disk.

import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, opendir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ByteRange } from '../ports.ts'
import type { DiskSpace } from './disk-space.ts'
import { GatheredBytes } from './gathered-bytes.ts'

const NAME_BYTES = 16
/** Chunks smaller than this are written together. */
const WRITE_BYTES = 128 * 1024
const READ_BYTES = 64 * 1024

export class ObjectFiles {
  readonly #root: string
  readonly #space: DiskSpace
  readonly #folders = new Map<string, Promise<void>>()

  constructor(root: string, space: DiskSpace) {
    this.#root = root
    this.#space = space
  }

  /** Writes the chunks to a new file and returns its name and size once it is durable. A source that throws leaves nothing. */
  async write(source: AsyncIterable<Uint8Array>): Promise<{ name: string; bytes: number }> {
    const name = randomBytes(NAME_BYTES).toString('hex')
    const path = this.#path(name)
    try {
      await this.#ensureFolder(name)
      const bytes = await writeFile(path, source, this.#space)
      await fromDisk(syncFolder(this.#folder(name)))
      return { name, bytes }
    } catch (error) {
      await this.remove(name)
      throw error instanceof DiskFailure ? await this.#space.failure(error) : error
    }
  }

  open(name: string): Promise<FileHandle> {
    return open(this.#path(name), 'r')
  }

  /** Never rejects: what is left behind is an orphan, and the sweep removes it. */
  async remove(name: string): Promise<void> {
    await unlink(this.#path(name)).catch(() => undefined)
  }

  /** Every file with the time of its last write. */
  async *list(): AsyncIterable<{ readonly name: string; readonly writtenMs: number }> {
    for await (const entry of await opendir(this.#root, { recursive: true })) {
      if (!entry.isFile()) continue
      const found = await stat(this.#path(entry.name)).catch(() => undefined)
      if (found !== undefined) yield { name: entry.name, writtenMs: found.mtimeMs }
    }
  }

  #folder(name: string): string {
    return join(this.#root, name.slice(0, 1), name.slice(1, 2))
  }

  #path(name: string): string {
    return join(this.#folder(name), name)
  }

  async #ensureFolder(name: string): Promise<void> {
    const folder = this.#folder(name)
    const known = this.#folders.get(folder) ?? fromDisk(makeFolder(this.#root, name))
    this.#folders.set(folder, known)
    await known.catch((error) => {
      this.#folders.delete(folder)
      throw error
    })
  }
}

async function makeFolder(root: string, name: string): Promise<void> {
  const outer = join(root, name.slice(0, 1))
  await mkdir(join(outer, name.slice(1, 2)), { recursive: true, mode: 0o700 })
  await syncFolder(outer)
  await syncFolder(root)
}

export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

class DiskFailure extends TemporaryFailure {}

/** A failure of the file system (full disk, too many open files) is one of the world. */
async function fromDisk<T>(operation: Promise<T>): Promise<T> {
  return await operation.catch((cause) => {
    throw new DiskFailure('an object file could not be written or read', { cause })
  })
}

async function writeFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  space: DiskSpace,
): Promise<number> {
  await using file = await fromDisk(open(path, 'wx', 0o600))
  let bytes = 0
  const waiting = new GatheredBytes()
  for await (const chunk of source) {
    waiting.push(chunk)
    if (waiting.length < WRITE_BYTES) continue
    // A thousand messages that found room when they began may have none together.
    await space.require()
    bytes += await fromDisk(writeAll(file, waiting))
  }
  bytes += await fromDisk(writeAll(file, waiting))
  await fromDisk(file.datasync())
  return bytes
}

async function writeAll(file: FileHandle, waiting: GatheredBytes): Promise<number> {
  const bytes = waiting.length
  if (bytes === 0) return 0
  const pieces = waiting.take()
  let { bytesWritten } = await file.writev(pieces)
  // A short write happens at the edge of a full disk; the rest says why.
  const all = bytesWritten < bytes ? Buffer.concat(pieces) : undefined
  while (all !== undefined && bytesWritten < bytes) {
    bytesWritten += (await file.write(all, bytesWritten)).bytesWritten
  }
  return bytes
}

/** The range as chunks of bounded size. Closes the file. */
export async function* readChunks(file: FileHandle, range: ByteRange): AsyncGenerator<Uint8Array> {
  try {
    let { offset, length } = range
    while (length > 0) {
      const chunk = await readAt(file, { offset, length: Math.min(length, READ_BYTES) })
      if (chunk.length === 0) return
      yield chunk
      offset += chunk.length
      length -= chunk.length
    }
  } finally {
    await file.close()
  }
}

export async function readAt(file: FileHandle, { offset, length }: ByteRange): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await fromDisk(
      file.read(buffer, filled, length - filled, offset + filled),
    )
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
