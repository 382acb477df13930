// Folders that an earlier run wrote and that are no more here, or have another name: left there, their messages would be there twice.

import { maildirParts } from './maildir-folder.ts'
import { folderDirectory, ownBase } from './maildir-names.ts'
import { MANIFEST_FILE, SUMMARY_FILE } from './manifest.ts'
import type { OwnFolder } from './own-mailbox.ts'
import type { ExportTarget } from './target.ts'

const SUMMARY_BYTES_MAX = 64 * 1024 ** 2

/** Directories in the root, of those that the summary of the last whole run names. */
export async function staleFolders(
  target: ExportTarget,
  folders: readonly OwnFolder[],
): Promise<readonly string[]> {
  const now = new Set(folders.map(({ names }) => folderDirectory(names).directory))
  return (await placesIn(target)).filter((place) => !now.has(place))
}

async function placesIn(target: ExportTarget): Promise<readonly string[]> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of target.read(SUMMARY_FILE) ?? []) {
    bytes += chunk.length
    if (bytes > SUMMARY_BYTES_MAX) return []
    chunks.push(chunk)
  }
  let summary: unknown
  try {
    summary = JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return []
  }
  const { folders } = Object(summary)
  if (!Array.isArray(folders)) return []
  // Whoever can write there must not choose what is removed elsewhere.
  return folders
    .map((folder: unknown) => Object(folder).place)
    .filter((place: unknown) => typeof place === 'string' && /^\.[^./][^/]*$/.test(place))
}

/** Files of ours in it. */
export async function ownFiles(target: ExportTarget, place: string): Promise<readonly string[]> {
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
