// Installs the service on a machine with systemd, and takes it away again. What it made it writes down, with digests: a file of somebody
// else is never touched, nor one of ours that was changed since. May be repeated: what is as it should be stays.

import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Owner, Wanted } from './files.ts'

/** Below the root of the machine. */
export const RECORD_FILE = '/etc/postwolke/installed.json'

export type Deed = {
  readonly what: 'make' | 'update' | 'keep' | 'leave' | 'remove'
  readonly path: string
  /** Why it is left. */
  readonly reason?: string
}

export type Ids = { readonly uid: number; readonly gid: number }

type Options = {
  /** '' for this machine; another folder for an image, or a test. */
  readonly root: string
  readonly dryRun: boolean
  /** Undefined: owners stay as they are. */
  readonly service: Ids | undefined
}

type Record = { readonly [path: string]: string }

export async function install(
  wanted: readonly Wanted[],
  options: Options,
): Promise<readonly Deed[]> {
  const { root, dryRun } = options
  const record: { [path: string]: string } = { ...(await readRecord(root)) }
  const deeds: Deed[] = []
  for (const one of wanted) {
    const deed = await judge(one, root, record)
    deeds.push(deed)
    const isDone = deed.what === 'make' || deed.what === 'update'
    if (!isDone || dryRun) continue
    await make(one, options)
    record[one.path] = digestOf(one)
  }
  if (!dryRun) await writeRecord(root, record)
  return deeds
}

/** Removes what is as it was made. Folders with something in them stay, and so does all mail. */
export async function uninstall({
  root,
  dryRun,
}: Omit<Options, 'service'>): Promise<readonly Deed[]> {
  const record = await readRecord(root)
  const deeds: Deed[] = []
  // What is in a folder goes before it.
  for (const [path, digest] of Object.entries(record).toReversed()) {
    const found = await look(join(root, path))
    if (found === undefined) continue
    if (found.digest !== digest) {
      deeds.push({ what: 'leave', path, reason: 'it was changed since' })
    } else if (found.kind !== 'folder') {
      deeds.push({ what: 'remove', path })
      if (!dryRun) await rm(join(root, path))
    }
  }
  if (!dryRun) await rm(join(root, RECORD_FILE), { force: true })
  for (const [path, digest] of Object.entries(record).toReversed()) {
    if (digest !== FOLDER) continue
    const isEmpty =
      dryRun ||
      (await rmdir(join(root, path)).then(
        () => true,
        () => false,
      ))
    deeds.push(
      isEmpty
        ? { what: 'remove', path }
        : { what: 'leave', path, reason: 'there is something in it' },
    )
  }
  return deeds
}

const FOLDER = 'folder'

async function judge(one: Wanted, root: string, record: Record): Promise<Deed> {
  const { path } = one
  const found = await look(join(root, path))
  if (found === undefined) return { what: 'make', path }
  if (found.kind !== one.kind) return { what: 'leave', path, reason: `a ${found.kind} is there` }
  if (found.digest === digestOf(one)) return { what: 'keep', path }
  const isOurs = record[path] === found.digest
  if (one.kind === 'file' && one.once) return { what: 'keep', path }
  return isOurs
    ? { what: 'update', path }
    : { what: 'leave', path, reason: 'somebody else made or changed it' }
}

async function make(one: Wanted, { root, service }: Options): Promise<void> {
  const path = join(root, one.path)
  await mkdir(dirname(path), { recursive: true })
  if (one.kind === 'link') {
    await rm(path, { force: true })
    return await symlink(one.to, path)
  }
  if (one.kind === 'folder') await mkdir(path, { recursive: true })
  else {
    const unfinished = `${path}.new`
    await writeFile(unfinished, one.text, { mode: one.mode, flush: true })
    await rename(unfinished, path)
  }
  await chmod(path, one.mode)
  if (service !== undefined) await chown(path, ...ownerOf(one.owner, service))
}

function ownerOf(owner: Owner, { uid, gid }: Ids): [number, number] {
  switch (owner) {
    case 'root':
      return [0, 0]
    case 'service':
      return [uid, gid]
    case 'root:service':
      return [0, gid]
  }
}

async function look(
  path: string,
): Promise<{ readonly kind: Wanted['kind']; readonly digest: string } | undefined> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (found === undefined) return undefined
  if (found.isSymbolicLink()) return { kind: 'link', digest: sha256(await readlink(path)) }
  if (found.isDirectory()) return { kind: 'folder', digest: FOLDER }
  return { kind: 'file', digest: sha256(await readFile(path)) }
}

function digestOf(one: Wanted): string {
  switch (one.kind) {
    case 'folder':
      return FOLDER
    case 'link':
      return sha256(one.to)
    case 'file':
      return sha256(one.text)
  }
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function readRecord(root: string): Promise<Record> {
  try {
    return Object(JSON.parse(await readFile(join(root, RECORD_FILE), 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}

async function writeRecord(root: string, record: Record): Promise<void> {
  const path = join(root, RECORD_FILE)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { flush: true })
  await rename(`${path}.new`, path)
}
