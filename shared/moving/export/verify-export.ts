// An export as a Maildir compared with the mailbox message by message: everything is read on both sides.

import type { Message } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { digestOf } from '../mailboxes/digest.ts'
import { baseOf, folderDirectory, folderGuid, ownBase } from './maildir-names.ts'
import { MANIFEST_FILE, type ManifestLine, readManifest } from './manifest.ts'
import { bytesOf, type OwnFolder, type OwnMailbox, ownFolders, ownMessages } from './own-mailbox.ts'
import type { ExportStep } from './report.ts'
import { ownFiles, staleFolders } from './stale-folders.ts'
import type { ExportTarget } from './target.ts'

/** Differences told of one folder; all are counted. */
export const DIFFERENCES_MAX = 100
const TOLD_EACH = 64

export type ExportDifference = {
  readonly uid: number
  readonly what: 'missing' | 'bytes' | 'flags' | 'lost'
}

export type ExportVerdict = {
  readonly path: string
  readonly compared: number
  readonly equal: number
  /** In the export, and gone here. */
  readonly others: number
  readonly differences: readonly ExportDifference[]
  readonly differencesCount: number
}

export async function* verifyExport(
  own: OwnMailbox,
  target: ExportTarget,
  isWanted: (path: string) => boolean = () => true,
): AsyncGenerator<ExportStep, readonly ExportVerdict[]> {
  const verdicts: ExportVerdict[] = []
  const folders = await ownFolders(own)
  for (const folder of folders) {
    if (isWanted(folder.path)) verdicts.push(yield* verifyFolder(own, folder, target))
  }
  for (const place of await staleFolders(target, folders)) {
    const others = (await ownFiles(target, place)).length
    const none = { compared: 0, equal: 0, differences: [], differencesCount: 0 }
    if (others > 0) verdicts.push({ path: place, ...none, others })
  }
  return verdicts
}

async function* verifyFolder(
  own: OwnMailbox,
  from: OwnFolder,
  target: ExportTarget,
): AsyncGenerator<ExportStep, ExportVerdict> {
  const messages = (await ownMessages(own, from))?.messages ?? []
  const { directory } = folderDirectory(from.names)
  const place = directory === '' ? '' : `${directory}/`
  const noted = await readManifest(target, place + MANIFEST_FILE)
  const lines = new Map([...noted.values()].map((line) => [ownBase(line.name) ?? line.name, line]))
  const files = new Map<string, string>()
  for (const file of (await target.list(`${place}cur`)).keys()) {
    const base = ownBase(file)
    if (base !== undefined) files.set(base, file)
  }
  const guid = folderGuid(from.folder)
  const differences: ExportDifference[] = []
  let [differ, equal] = [0, 0]
  for (const some of chunks(messages, TOLD_EACH)) {
    let bytes = 0
    for (const message of some) {
      const base = baseOf(guid, message)
      const file = files.get(base)
      files.delete(base)
      const path = file === undefined ? undefined : `${place}cur/${file}`
      const { what, read } = await compare(own, message, target, path, lines.get(base))
      bytes += read
      if (what === 'equal') equal++
      else {
        differ++
        if (differences.length < DIFFERENCES_MAX) differences.push({ uid: message.uid, what })
      }
    }
    yield { messages: some.length, bytes }
  }
  return {
    path: from.path,
    compared: messages.length,
    equal,
    others: files.size,
    differences,
    differencesCount: differ,
  }
}

async function compare(
  own: OwnMailbox,
  message: Message,
  target: ExportTarget,
  path: string | undefined,
  line: ManifestLine | undefined,
): Promise<{ readonly what: ExportDifference['what'] | 'equal'; readonly read: number }> {
  const there = path === undefined ? undefined : target.read(path)
  if (there === undefined || line === undefined) return { what: 'missing', read: 0 }
  const stored = await bytesOf(own, message)
  const { sha256, bytes: read } = await digestOf(there)
  if (stored === undefined) return { what: 'lost', read }
  const here = await digestOf(stored)
  if (sha256 !== here.sha256 || sha256 !== line.sha256) return { what: 'bytes', read }
  const same = line.flags.toSorted().join(' ') === message.flags.toSorted().join(' ')
  return { what: same ? 'equal' : 'flags', read }
}
