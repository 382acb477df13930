// Where the mboxes of an account are: one file, or a folder of them. Folders below a folder are directories as Dovecot has them, or lie in
// `Work.sbd` beside `Work`, as Thunderbird has them. Links are not followed: an import may run as root over files that users own.

import type { FileHandle } from 'node:fs/promises'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { distinctFolders } from '../distinct-folders.ts'
import { decodedName } from '../maildir/folder-files.ts'
import { type OwnFiles, ownFiles } from '../own-files.ts'
import { SourceFailure, type SourceFolder, type SourceNote } from '../source.ts'

export type MboxFolder = SourceFolder & { readonly file: string; readonly own: OwnFiles }

const DEPTH_MAX = 40
export const MBOX_FOLDERS_MAX = 20_000
const INBOX = 'INBOX'
const SBD = '.sbd'

export type Mboxes = {
  readonly folders: readonly MboxFolder[]
  readonly notes: readonly SourceNote[]
  /** Undefined: there is nothing but an INBOX elsewhere. */
  readonly own: OwnFiles | undefined
}

/** `inbox`: a file elsewhere, as /var/mail/ann. */
export async function readMboxes(root: string, inbox: string | undefined): Promise<Mboxes> {
  const stats = await lstat(root).catch((error: NodeJS.ErrnoException) => {
    // Who never made a folder has nothing but INBOX.
    if (error.code === 'ENOENT' && inbox !== undefined) return undefined
    throw new SourceFailure(`cannot read ${root}: ${error.message}`)
  })
  const notes: SourceNote[] = []
  const own = stats && ownFiles(root)
  if (own !== undefined && stats?.isFile()) {
    if (!(await isMbox(own, root)))
      throw new SourceFailure(`${root} is no mbox: it begins with no From line`)
    return { folders: [folderOf(own, [INBOX], root)], notes, own }
  }
  if (stats?.isDirectory() === false) {
    throw new SourceFailure(`${root} is neither a file nor a folder`)
  }
  if (own !== undefined) await refuseOthers(root)
  const folders = own === undefined ? [] : await foldersIn(own, root, [], notes)
  const others = inbox === undefined ? folders : folders.filter(({ names }) => !isInbox(names))
  const all = inbox === undefined ? others : [await inboxAt(inbox), ...others]
  if (all.length === 0) throw new SourceFailure(`no file in ${root} is an mbox`)
  return { folders: distinctFolders(all, ({ file }) => basename(file)), notes, own }
}

const isInbox = (names: readonly string[]) => names.length === 1 && names[0] === INBOX

async function inboxAt(path: string): Promise<MboxFolder> {
  const own = ownFiles(path)
  if (await isMbox(own, path)) return folderOf(own, [INBOX], path)
  throw new SourceFailure(`${path} is no mbox: it begins with no From line`)
}

const folderOf = (own: OwnFiles, names: readonly string[], file: string): MboxFolder => ({
  own,
  names,
  uses: [],
  selectable: true,
  file,
})

/** Formats that only their server reads: flags, uids and folders are in its index. */
async function refuseOthers(root: string): Promise<void> {
  const names = await readdir(root).catch((): string[] => [])
  const isMdbox = names.includes('storage') && names.includes('mailboxes')
  if (!isMdbox && !names.includes('mailboxes')) return
  throw new SourceFailure(
    `${root} is ${isMdbox ? 'mdbox' : 'sdbox'} of Dovecot, which only Dovecot reads: convert it by 'doveadm backup -u USER maildir:PATH', or bring it by IMAP`,
  )
}

async function foldersIn(
  own: OwnFiles,
  directory: string,
  above: readonly string[],
  notes: SourceNote[],
): Promise<MboxFolder[]> {
  if (above.length >= DEPTH_MAX) {
    notes.push({ about: directory, reason: `more than ${DEPTH_MAX} folders in each other` })
    return []
  }
  const folders: MboxFolder[] = []
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isSymbolicLink()) {
      notes.push({ about: path, reason: 'is a link, and links are not followed' })
    } else if (entry.isDirectory()) {
      const name = entry.name.endsWith(SBD) ? entry.name.slice(0, -SBD.length) : entry.name
      folders.push(...(await foldersIn(own, path, [...above, nameOf(name, above)], notes)))
    } else if (entry.isFile() && (await isMbox(own, path))) {
      folders.push(folderOf(own, [...above, nameOf(entry.name, above)], path))
    }
    if (folders.length > MBOX_FOLDERS_MAX) {
      throw new SourceFailure(`more than ${MBOX_FOLDERS_MAX} folders`)
    }
  }
  return folders
}

function nameOf(file: string, above: readonly string[]): string {
  const name = basename(file, '.mbox')
  if (above.length === 0 && name.toUpperCase() === INBOX) return INBOX
  return decodedName(Buffer.from(name).toString('latin1'))
}

/** An empty file is one without messages, where its name does not say that it is something else. */
async function isMbox(own: OwnFiles, path: string): Promise<boolean> {
  const file = await openFile({ own, file: path }).catch(() => undefined)
  if (file === undefined) return false
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(5), 0, 5, 0)
    if (bytesRead === 0) return !/\.(msf|dat|json|lock|html|sqlite)$/.test(path)
    return buffer.toString('latin1') === 'From '
  } finally {
    await file.close()
  }
}

export async function openFile({
  own,
  file: path,
}: Pick<MboxFolder, 'own' | 'file'>): Promise<FileHandle> {
  const opened = await own.open(path)
  if (opened.kind === 'file') return opened.file
  const reason = opened.kind === 'gone' ? 'it is gone' : opened.reason
  throw new SourceFailure(`cannot read ${path}: ${reason}`)
}
