// Looks at lmdb's file before lmdb does: it maps the file into memory and trusts what it reads there, so that a truncated or
// foreign file ends the process by a signal, without a word. Layout: lmdb's `MDB_page_header` and `MDB_meta` on 64-bit systems;
// the two meta pages are the first two pages, and each names the last page of its snapshot.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { endianness } from 'node:os'
import { fileURLToPath } from 'node:url'
import { RESTORE, UnusableStore } from '../unusable-store.ts'

const MAGIC = 0xbeefc0de
const VERSION = 2
const META_PAGE_FLAG = 0x08
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536
const META_BYTES = 168
const READ_ATTEMPTS_MAX = 3
/** Offsets in a meta page. */
const at = {
  pageNumber: 0,
  flags: 18,
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeRoot: 136 - 48,
  mainRoot: 136,
  lastPage: 144,
} as const
/** Root of an empty tree. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn

/** Absent or empty: lmdb would begin a new one. Rejects with UnusableStore when it cannot be the store that was written. */
export async function checkStoreFile(path: string): Promise<'absent' | 'empty' | 'sound'> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'absent'
    throw error
  }
  await using opened = file
  if ((await opened.stat()).size === 0) return 'empty'
  const expectedBytes = await repeat(() => expectedSize(opened))
  // After the meta pages: a running server only ever lets the file grow, and before it writes of it.
  const { size } = await opened.stat()
  if (size < expectedBytes && !(await canBeRead(path))) {
    throw new UnusableStore(
      `store.mdb is cut short: ${size} of ${expectedBytes} bytes are left; ${RESTORE}`,
    )
  }
  return 'sound'
}

/** A running server may be writing a meta page just then. */
async function repeat<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (error) {
      if (attempt === READ_ATTEMPTS_MAX || !(error instanceof UnusableStore)) throw error
    }
  }
}

async function expectedSize(file: FileHandle): Promise<number> {
  const first = await readMeta(file, 0)
  const second = await readMeta(file, first.pageBytes)
  if (second.pageBytes !== first.pageBytes) throw foreign()
  return (Math.max(first.lastPage, second.lastPage) + 1) * first.pageBytes
}

type Meta = { readonly pageBytes: number; readonly lastPage: number }

async function readMeta(file: FileHandle, position: number): Promise<Meta> {
  const page = Buffer.alloc(META_BYTES)
  const { bytesRead } = await file.read(page, 0, META_BYTES, position)
  if (bytesRead < META_BYTES) throw foreign()
  // lmdb writes numbers as the machine does.
  if (endianness() !== 'LE') return { pageBytes: PAGE_BYTES_MIN, lastPage: 0 }
  if (page.readUInt32LE(at.magic) !== MAGIC) throw foreign()
  if ((page.readUInt16LE(at.flags) & META_PAGE_FLAG) === 0) throw foreign()
  const version = page.readUInt32LE(at.version)
  if (version !== VERSION) {
    throw new UnusableStore(`store.mdb is of version ${version} of its format, not ${VERSION}`)
  }
  const pageBytes = page.readUInt32LE(at.pageBytes)
  const lastPage = page.readBigUInt64LE(at.lastPage)
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0
  if (!isPowerOfTwo || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) throw foreign()
  for (const offset of [at.freeRoot, at.mainRoot]) {
    const root = page.readBigUInt64LE(offset)
    if (root !== NO_PAGE && root > lastPage) throw foreign()
  }
  if (page.readBigUInt64LE(at.pageNumber) !== BigInt(position / pageBytes)) throw foreign()
  return { pageBytes, lastPage: Number(lastPage) }
}

function foreign(): UnusableStore {
  return new UnusableStore(`store.mdb is no store of Postwolke, or was overwritten; ${RESTORE}`)
}

/**
 * lmdb does not write pages at the end that a transaction took and gave back, so a sound file may be shorter than its last page
 * says. Whether anything is missing shows a process that reads all of it, and may die of it.
 */
async function canBeRead(path: string): Promise<boolean> {
  const probe = fileURLToPath(new URL('store-probe.ts', import.meta.url))
  const child = spawn(process.execPath, [probe, path], { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  return code === 0
}
