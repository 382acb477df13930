// A mailbox of ours as mboxes, one for each folder: `Work`, and what is below it in `Work.sbd`, where Thunderbird looks too. Lines of messages that
// look as if the next one began are quoted as mboxrd has it, and lengths stand beside them; flags, keywords and uids are written as Dovecot and
// mail programs of Unix do.

import type { ExportOptions } from './maildir-export.ts'
import { manifestLine } from './manifest.ts'
import { mboxBytes, measure } from './mbox-message.ts'
import { type MboxPlace, manifestOf, mboxPlaces, staleMboxes } from './mbox-names.ts'
import {
  bytesOf,
  type OwnFolder,
  type OwnMailbox,
  type OwnMessages,
  ownFolders,
  ownMessages,
} from './own-mailbox.ts'
import { type ExportedFolder, type ExportReport, type ExportStep, Notes } from './report.ts'
import { ownSummary, writeBegun, writeSummary } from './summary.ts'
import { type ExportTarget, textFile } from './target.ts'

export async function* exportMbox(
  own: OwnMailbox,
  target: ExportTarget,
  { isWanted, signal }: ExportOptions = {},
): AsyncGenerator<ExportStep, ExportReport> {
  const whose = { account: own.account, format: 'mbox' } as const
  const before = await ownSummary(target, whose)
  const all = mboxPlaces(await ownFolders(own))
  const places = all.map(({ from, file }) => ({ path: from.path, place: file }))
  await writeBegun(target, whose, [...places, ...(before?.folders ?? [])])
  const folders: ExportedFolder[] = []
  for (const { from, file } of all) {
    if (signal?.aborted) break
    if (!(isWanted?.(from.path) ?? true)) continue
    const found = await ownMessages(own, from)
    if (found === undefined) continue
    const exported = await exportFolder({ own, from, found, target, file, signal })
    if (exported === undefined) break
    folders.push(exported)
    yield exported
  }
  const notes = new Notes()
  if (!signal?.aborted && isWanted === undefined) {
    for (const file of staleMboxes(before, all)) {
      await target.remove(file)
      await target.remove(manifestOf(file))
      notes.add(file, 'is of a folder that is no more here, and was removed there')
    }
  }
  const subscribed = signal?.aborted ? 0 : await writeSubscriptions(own, target, all)
  for (const { name } of await own.scripts()) {
    notes.add(`script ${name}`, 'has no place beside mboxes, and stays here')
  }
  const report: ExportReport = { ...whose, folders, subscribed, scripts: 0, notes: notes.kept }
  if (!signal?.aborted) {
    await writeSummary(target, report, isWanted && (before?.folders ?? []))
  }
  return report
}

async function writeSubscriptions(
  { mailbox, accountId }: OwnMailbox,
  target: ExportTarget,
  all: readonly MboxPlace[],
): Promise<number> {
  const paths = await mailbox.subscriptions.list(accountId)
  const places = new Map(all.map(({ from, file }) => [from.path, file]))
  const lines = paths.map(
    (path) => `${(places.get(path) ?? path).replaceAll('.sbd/', '/').replace(/[\0-\x1f]/g, '_')}\n`,
  )
  await target.write(textFile('.subscriptions', lines.join('')))
  return paths.length
}

async function exportFolder(given: {
  readonly own: OwnMailbox
  readonly from: OwnFolder
  readonly found: OwnMessages
  readonly target: ExportTarget
  readonly file: string
  readonly signal: AbortSignal | undefined
}): Promise<ExportedFolder | undefined> {
  const { own, from, found, target, file, signal } = given
  const slash = file.lastIndexOf('/')
  if (slash > 0) await target.makeFolder(file.slice(0, slash))
  const notes = new Notes()
  if (file.replaceAll('.sbd/', '/') !== from.path) {
    notes.add('', `its name cannot be that of a file, and is ${file} there`)
  }
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
      if (signal?.aborted) throw new Ended()
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

  try {
    await target.write({ path: () => file, bytes: whole() })
  } catch (error) {
    if (error instanceof Ended) return undefined
    throw error
  }
  await target.write(textFile(manifestOf(file), lines.join('')))
  return {
    path: from.path,
    place: file,
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

/** What was written of a file is given up. */
class Ended extends Error {}
