// The folders of a Maildir. Maildir++ has them beside each other below the root, `.Work.2024`; Dovecot's LAYOUT=fs has them in each other,
// `Work/2024`. Links are not followed: an import may run as root over folders that users own.

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { distinctFolders } from '../distinct-folders.ts'
import { SourceFailure, type SourceFolder, type SourceNote } from '../source.ts'
import { decodedName, unescapedName } from './folder-files.ts'

export type MaildirFolder = SourceFolder & { readonly directory: Buffer }

export type Layout = {
  readonly kind: 'maildir++' | 'fs'
  readonly folders: readonly MaildirFolder[]
  readonly notes: readonly SourceNote[]
}

/** Folders in each other, as deep as anybody has them. */
const DEPTH_MAX = 40
/** Of one mailbox; more is no mailbox. */
export const MAILDIR_FOLDERS_MAX = 20_000

/** Names have one character a byte, whatever they are encoded in. */
const encoding = 'latin1'
export const pathIn = (directory: Buffer, name: string) =>
  Buffer.concat([directory, Buffer.from('/'), Buffer.from(name, encoding)])

export async function readLayout(root: string): Promise<Layout> {
  const directory = Buffer.from(root)
  const entries = await entriesOf(directory).catch((error: NodeJS.ErrnoException) => {
    throw new SourceFailure(`cannot read ${root}: ${error.message}`)
  })
  const notes: SourceNote[] = []
  const subfolders = entries.filter((entry) => isDirectory(entry, directory, notes))
  const isMaildir = subfolders.some(({ name }) => name === 'cur' || name === 'new')
  const dotted = subfolders.filter(({ name }) => /^\.[^.]/.test(name))
  const isPlusPlus = isMaildir && (await someHaveCur(directory, dotted))
  const inbox: MaildirFolder = { names: ['INBOX'], uses: [], selectable: isMaildir, directory }
  if (isPlusPlus || (isMaildir && !(await someBelow(directory, subfolders)))) {
    const folders = await plusPlus(directory, dotted)
    return { kind: 'maildir++', folders: distinct([inbox, ...folders]), notes }
  }
  const folders = await nested(directory, [], notes)
  if (!isMaildir && folders.every(({ selectable }) => !selectable)) {
    throw new SourceFailure(`${root} is no Maildir: nothing in it has a folder 'cur'`)
  }
  const own = folders.some(({ names }) => names.length === 1 && names[0]?.toUpperCase() === 'INBOX')
  return { kind: 'fs', folders: distinct(own && !isMaildir ? folders : [inbox, ...folders]), notes }
}

/** The same each time: of two that are called alike the first is always the same. */
const inOrder = (entries: readonly Dirent<string>[]) =>
  entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))

const distinct = (folders: readonly MaildirFolder[]) =>
  distinctFolders(folders, ({ directory }) => {
    const path = directory.toString(encoding)
    return decodedName(path.slice(path.lastIndexOf('/') + 1))
  })

const entriesOf = (directory: Buffer): Promise<Dirent<string>[]> =>
  readdir(directory, { withFileTypes: true, encoding }) as Promise<Dirent<string>[]>

function isDirectory(entry: Dirent<string>, directory: Buffer, notes: SourceNote[]): boolean {
  if (entry.isSymbolicLink() && !entry.name.startsWith('dovecot')) {
    const about = pathIn(directory, entry.name).toString()
    notes.push({ about, reason: 'is a link, and links are not followed' })
  }
  return entry.isDirectory()
}

async function hasCur(directory: Buffer): Promise<boolean> {
  const entries = await entriesOf(directory).catch(() => [])
  return entries.some((entry) => entry.isDirectory() && entry.name === 'cur')
}

async function someHaveCur(root: Buffer, entries: readonly Dirent<string>[]): Promise<boolean> {
  for (const { name } of entries) if (await hasCur(pathIn(root, name))) return true
  return false
}

const own = ['cur', 'new', 'tmp', 'sieve', 'dbox-Mails']

async function someBelow(root: Buffer, entries: readonly Dirent<string>[]): Promise<boolean> {
  for (const { name } of entries) {
    if (own.includes(name) || name.startsWith('.')) continue
    if (await hasCur(pathIn(root, name))) return true
  }
  return false
}

async function plusPlus(
  root: Buffer,
  entries: readonly Dirent<string>[],
): Promise<readonly MaildirFolder[]> {
  if (entries.length > MAILDIR_FOLDERS_MAX) throw tooMany()
  const folders: MaildirFolder[] = []
  for (const { name } of inOrder(entries)) {
    const directory = pathIn(root, name)
    if (!(await hasCur(directory))) continue
    const names = name
      .slice(1)
      .split('.')
      .map((part) => decodedName(unescapedName(part)))
    if (names.includes('')) continue
    folders.push({ names, uses: [], selectable: true, directory })
  }
  return folders
}

const tooMany = () => new SourceFailure(`more than ${MAILDIR_FOLDERS_MAX} folders`)

async function nested(
  directory: Buffer,
  names: readonly string[],
  notes: SourceNote[],
): Promise<MaildirFolder[]> {
  if (names.length >= DEPTH_MAX) {
    notes.push({
      about: directory.toString(),
      reason: `more than ${DEPTH_MAX} folders in each other`,
    })
    return []
  }
  const folders: MaildirFolder[] = []
  for (const entry of inOrder(await entriesOf(directory))) {
    if (!isDirectory(entry, directory, notes)) continue
    if (own.includes(entry.name) || entry.name.startsWith('.')) continue
    const below = pathIn(directory, entry.name)
    const path = [...names, decodedName(unescapedName(entry.name))]
    folders.push({ names: path, uses: [], selectable: await hasCur(below), directory: below })
    folders.push(...(await nested(below, path, notes)))
    if (folders.length > MAILDIR_FOLDERS_MAX) throw tooMany()
  }
  return folders
}
