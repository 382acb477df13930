// Folders that an earlier run wrote and that are no more here, or have another name: left there, their messages would be there twice.

import { maildirParts } from './maildir-folder.ts'
import { folderDirectory, ownBase } from './maildir-names.ts'
import { MANIFEST_FILE } from './manifest.ts'
import type { OwnFolder } from './own-mailbox.ts'
import type { Summary } from './summary.ts'
import type { ExportTarget, WrittenFiles } from './target.ts'

/** Directories in the root, of those that earlier runs wrote. */
export function staleFolders(
  before: Summary | undefined,
  folders: readonly OwnFolder[],
): readonly string[] {
  const now = new Set(folders.map(({ names }) => folderDirectory(names).directory))
  // Whoever can write there must not choose what is removed elsewhere.
  const places = (before?.folders ?? []).filter(({ place }) => /^\.[^./][^/]*$/.test(place))
  return [...new Set(places.map(({ place }) => place))].filter((place) => !now.has(place))
}

/** Files of ours in it. */
export async function ownFiles(target: WrittenFiles, place: string): Promise<readonly string[]> {
  const names = [...(await target.list(`${place}/cur`)).keys()]
  return names.filter((name) => ownBase(name) !== undefined)
}

const lists = ['dovecot-uidlist', 'dovecot-keywords', 'maildirfolder', MANIFEST_FILE]

/** Of it what is ours; returns how many messages there were. What others put there stays, and the folder with it. */
export async function removeStale(target: ExportTarget, place: string): Promise<number> {
  const files = await ownFiles(target, place)
  for (const name of files) await target.remove(`${place}/cur/${name}`)
  for (const name of lists) await target.remove(`${place}/${name}`)
  for (const name of maildirParts) await target.removeFolder(`${place}/${name}`)
  await target.removeFolder(place)
  return files.length
}
