// A mailbox of ours as a Maildir++ that Dovecot reads with all that clients know of it: uids, flags, keywords, dates, names of POP3, subscriptions.
// Bytes are those that mail programs are sent, line ends included. Repeated on the same folder it writes what is new, and takes away what is gone.

import { DELIMITER } from '#shared/mailbox/folder-path.ts'
import { exportFolder, maildirParts } from './maildir-folder.ts'
import { escapedName, folderDirectory } from './maildir-names.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { type OwnMailbox, ownFolders } from './own-mailbox.ts'
import { type ExportedFolder, type ExportReport, type ExportStep, Notes } from './report.ts'
import { removeStale, staleFolders } from './stale-folders.ts'
import { ownSummary, type Summary, writeBegun, writeSummary } from './summary.ts'
import { type ExportTarget, TargetFailure, textFile } from './target.ts'

export type ExportOptions = {
  readonly isWanted?: ((path: string) => boolean) | undefined
  /** Under this signal the message that is under way is written, and no more are begun. */
  readonly signal?: AbortSignal | undefined
}

/** Files of a server that uses a Maildir: what it keeps in its head would no longer fit. */
const inUse = ['dovecot.index.log', 'dovecot.list.index.log', 'courierimapuiddb']

export async function* exportMaildir(
  own: OwnMailbox,
  target: ExportTarget,
  { isWanted, signal }: ExportOptions = {},
): AsyncGenerator<ExportStep, ExportReport> {
  const whose = { account: own.account, format: 'maildir' } as const
  const before = await ownSummary(target, whose)
  await refuseOthers(target, before)
  const all = await ownFolders(own)
  const places = all.map(({ path, names }) => ({ path, place: folderDirectory(names).directory }))
  await writeBegun(target, whose, [...places, ...(before?.folders ?? [])])
  // Without these it is no Maildir to anybody, whichever folders are wanted.
  for (const name of maildirParts) await target.makeFolder(name)
  const notes = new Notes()
  const folders: ExportedFolder[] = []
  for (const folder of all.filter(({ path }) => isWanted?.(path) ?? true)) {
    if (signal?.aborted) break
    const exported = yield* exportFolder(own, folder, target, signal)
    if (exported !== undefined) folders.push(exported)
  }
  if (!signal?.aborted && isWanted === undefined) {
    for (const place of staleFolders(before, all)) {
      const messages = await removeStale(target, place)
      notes.add(place, `is no folder here any more: ${messages} of its messages were removed there`)
    }
  }
  // Cut short, it stays without these, and is no whole export.
  const subscribed = signal?.aborted ? 0 : await writeSubscriptions(own, target)
  const scripts = signal?.aborted ? 0 : await writeScripts(own, target, notes)
  const report: ExportReport = {
    ...whose,
    folders,
    subscribed,
    scripts,
    notes: notes.kept,
  }
  if (!signal?.aborted) {
    await writeSummary(target, report, isWanted && (before?.folders ?? []))
  }
  return report
}

async function refuseOthers(target: ExportTarget, before: Summary | undefined): Promise<void> {
  const there = await target.list('')
  const used = inUse.find((name) => there.has(name))
  if (used !== undefined) {
    throw new TargetFailure(`a mail server uses this folder already: there is ${used} in it`)
  }
  const isOurs = before !== undefined || there.has(MANIFEST_FILE)
  if (there.has('dovecot-uidlist') && !isOurs) {
    throw new TargetFailure('there is a Maildir already that no export wrote')
  }
}

/** Version 2: a tab between the levels (INBOX, which everybody sees, may be among them). */
async function writeSubscriptions(
  { mailbox, accountId }: OwnMailbox,
  target: ExportTarget,
): Promise<number> {
  const paths = await mailbox.subscriptions.list(accountId)
  const lines = paths.map((path) => path.split(DELIMITER).map(escapedName).join('\t'))
  await target.write(
    textFile('subscriptions', `V\t2\n\n${lines.map((line) => `${line}\n`).join('')}`),
  )
  return paths.length
}

const ACTIVE_FILE = '.dovecot.sieve'

async function writeScripts(own: OwnMailbox, target: ExportTarget, notes: Notes): Promise<number> {
  const scripts = await own.scripts()
  if (scripts.length === 0) return 0
  await target.makeFolder('sieve')
  let count = 0
  for (const { name, source, active } of scripts) {
    if (name.startsWith('.') || name.includes('/')) {
      notes.add(`script ${name}`, 'cannot be the name of a file')
      continue
    }
    const path = `sieve/${name}.sieve`
    await target.write({ path: () => path, bytes: [source] })
    if (active && !(await target.link(ACTIVE_FILE, path))) {
      await target.write({ path: () => ACTIVE_FILE, bytes: [source] })
    }
    count++
  }
  return count
}
