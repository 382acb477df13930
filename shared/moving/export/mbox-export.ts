// A mailbox of ours as mboxes, one for each folder: `Work`, and what is below it in `Work.sbd`, where Thunderbird looks too. Lines of messages that
// look as if the next one began are quoted as mboxrd has it, and lengths stand beside them; flags, keywords and uids are written as Dovecot and
// mail programs of Unix do.

import { DELIMITER } from '#shared/mailbox/folder-path.ts'
import type { ExportOptions } from './maildir-export.ts'
import { manifestLine } from './manifest.ts'
import { mboxBytes, measure } from './mbox-message.ts'
import {
  bytesOf,
  type OwnFolder,
  type OwnMailbox,
  type OwnMessages,
  ownFolders,
  ownMessages,
} from './own-mailbox.ts'
import { type ExportedFolder, type ExportReport, type ExportStep, Notes } from './report.ts'
import { type ExportTarget, TargetFailure, textFile } from './target.ts'

/** Of a name as that of a file, with room for what is put behind it. */
const NAME_BYTES_MAX = 200

export async function* exportMbox(
  own: OwnMailbox,
  target: ExportTarget,
  { isWanted, signal }: ExportOptions = {},
): AsyncGenerator<ExportStep, ExportReport> {
  const folders: ExportedFolder[] = []
  const taken = new Set<string>()
  for (const from of await ownFolders(own)) {
    if (!(isWanted?.(from.path) ?? true)) continue
    const found = await ownMessages(own, from)
    if (found === undefined) continue
    const exported = await exportFolder({ own, from, found, target, taken, signal })
    folders.push(exported)
    yield exported
  }
  const paths = await own.mailbox.subscriptions.list(own.accountId)
  const lines = paths.map((path) => `${path.split(DELIMITER).map(fileName).join(DELIMITER)}\n`)
  await target.write(textFile('.subscriptions', lines.join('')))
  const notes = (await own.scripts()).map(({ name }) => ({
    about: `script ${name}`,
    reason: 'has no place beside mboxes, and stays here',
  }))
  return {
    account: own.account,
    format: 'mbox',
    folders,
    subscribed: paths.length,
    scripts: 0,
    notes,
  }
}

/** A name as that of a file; what it cannot have is `_`. */
function fileName(name: string): string {
  let short = name.replace(/^\./, '_').replace(/[\0-\x1f\x7f/]/g, '_')
  while (Buffer.byteLength(short) > NAME_BYTES_MAX) short = short.slice(0, -1)
  return short
}

/** Folders of which none is written over another: some file systems take upper and lower case for one. */
function placeOf({ names }: OwnFolder, taken: Set<string>): { folder: string; file: string } {
  const files = names.map(fileName)
  const folder = files
    .slice(0, -1)
    .map((name) => `${name}.sbd/`)
    .join('')
  for (let n = 1; ; n++) {
    const file = `${files.at(-1)}${n === 1 ? '' : ` (${n})`}`
    const key = (folder + file).toLowerCase()
    if (taken.has(key)) continue
    taken.add(key)
    return { folder, file }
  }
}

async function exportFolder(given: {
  readonly own: OwnMailbox
  readonly from: OwnFolder
  readonly found: OwnMessages
  readonly target: ExportTarget
  readonly taken: Set<string>
  readonly signal: AbortSignal | undefined
}): Promise<ExportedFolder> {
  const { own, from, found, target, taken, signal } = given
  const { folder, file } = placeOf(from, taken)
  if (folder !== '') await target.makeFolder(folder.slice(0, -1))
  const notes = new Notes()
  const lines: string[] = []
  let bytes = 0
  let base: Parameters<typeof mboxBytes>[3] = {
    uidValidity: from.folder.uidValidity,
    lastUid: found.uidNext - 1,
    keywords: from.folder.keywords,
  }

  async function* whole(): AsyncGenerator<Uint8Array> {
    for (const message of found.messages) {
      // Half a file would be taken for a whole one.
      if (signal?.aborted)
        throw new TargetFailure(`ended in ${from.path}; nothing of it is written`)
      const [first, second] = [await bytesOf(own, message), await bytesOf(own, message)]
      if (first === undefined || second === undefined) {
        notes.add(`uid ${message.uid}`, 'went meanwhile, or its bytes are lost')
        continue
      }
      const measured = await measure(first)
      for (const reason of measured.losses) notes.add(`uid ${message.uid}`, reason)
      yield* mboxBytes(second, message, measured, base)
      base = undefined
      const { bytes: size, sha256 } = measured.digest
      bytes += size
      lines.push(manifestLine(message, { name: String(message.uid), bytes: size, sha256 }))
    }
  }

  await target.write({ path: () => folder + file, bytes: whole() })
  await target.write(textFile(`${folder}.${file}.manifest.jsonl`, lines.join('')))
  return {
    path: from.path,
    place: folder + file,
    uidValidity: from.folder.uidValidity,
    specialUses: from.folder.specialUses,
    messages: lines.length,
    bytes,
    written: lines.length,
    removed: 0,
    notes: notes.kept,
    notesCount: notes.count,
  }
}
