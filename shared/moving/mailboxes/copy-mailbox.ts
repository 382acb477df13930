// All of a mailbox of another system brought into an account here: folders, messages, flags, subscriptions, scripts. It may be interrupted and begun
// again anywhere, and repeated until the other system is left: each time brings what is new there.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { createContents } from './contents.ts'
import { type CopyTerms, copyFolder } from './copy-folder.ts'
import { bringAnnotations, bringRights, type GivenRight, RIGHTS_MAX } from './folder-extras.ts'
import { sourceId } from './ledger.ts'
import type { MailboxForImports } from './mailbox-for-imports.ts'
import { FolderReport, type MailboxReport } from './report.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceFolder,
  type SourceNote,
  type SourceRight,
  type SourceScript,
} from './source.ts'
import { pathOfUse, type TargetPath, targetPaths } from './target-paths.ts'

export type CopyOptions = CopyTerms & {
  /** Folders that are wanted, by what they are called at the source; undefined: all. */
  readonly isWanted?: ((folder: SourceFolder) => boolean) | undefined
  /** Others are given the rights in folders here that they have at the source. */
  readonly rights?: boolean | undefined
}

/** What whoever watches hears: how far it is, and each folder when it is done. */
export type CopyStep =
  | { readonly kind: 'folders'; readonly folders: number }
  | {
      readonly kind: 'folder'
      readonly path: string
      /** Of the folder, where the source knows it. */
      readonly count: number | undefined
    }
  | { readonly kind: 'messages'; readonly messages: number; readonly bytes: number }

export type MailTarget = {
  readonly account: string
  readonly accountId: AccountId
  readonly mailbox: MailboxForImports
  /** Keeps a script, if none of its name is there; the outcome is for the report. Undefined: scripts are listed, not kept. */
  readonly keepScript?: ((script: SourceScript) => Promise<string>) | undefined
  /** Gives somebody rights, if he has none in the folder; the outcome is for the report. Undefined: they are listed. */
  readonly giveRights?: ((path: string, right: SourceRight) => Promise<string>) | undefined
}

export async function* copyMailbox(
  source: MailSource,
  target: MailTarget,
  options: CopyOptions,
): AsyncGenerator<CopyStep, MailboxReport> {
  const { mailbox, accountId } = target
  const notes: SourceNote[] = []
  const folders = (await source.folders()).filter(wanted(options))
  yield { kind: 'folders', folders: folders.length }
  const tree = await mailbox.folders.tree(accountId)
  const paths = targetPaths(folders, (use) => pathOfUse(tree, use))
  const reports: FolderReport[] = []
  const contents = createContents(mailbox)
  const rights: GivenRight[] = []
  const give = giving(target, options)
  let annotations = 0
  for (const to of paths) {
    if (options.signal?.aborted) break
    if (!to.folder.selectable) continue
    const folder = await targetFolder(target, to, options)
    const isThere = 'uidValidity' in folder
    const report = new FolderReport(to.folder.names, to.path, isThere ? folder.keywords : [])
    reports.push(report)
    if (!isThere) {
      report.failed(folder.reason)
      continue
    }
    if (to.renamed) report.note('', `called ${JSON.stringify(to.folder.names.join('/'))} there`)
    let opened: OpenSource | undefined
    try {
      opened = await source.open(to.folder)
      yield { kind: 'folder', path: to.path, count: opened.count }
      const id = sourceId(source.identity, to.folder.names)
      for await (const progress of copyFolder(
        { mailbox, contents },
        opened,
        { folder, source: id },
        options,
        report,
      )) {
        yield { kind: 'messages', ...progress }
      }
      if (options.signal?.aborted) break
      const of = { mailbox, accountId, id: folder.id }
      const note = ({ about, reason }: SourceNote) => report.note(about, reason)
      annotations += await bringAnnotations(source, to.folder, of, options, note)
      if (rights.length < RIGHTS_MAX) {
        rights.push(...(await bringRights(source, to.folder, to.path, give)))
      }
    } catch (error) {
      // Of one folder, which may be gone by now; what concerns all of the source comes again with the next.
      if (!(error instanceof SourceFailure)) throw error
      report.failed(error.message)
    } finally {
      await opened?.close()
    }
  }
  const subscribed = await subscribe(source, target, paths, options)
  const scripts = await keepScripts(source, target, options)
  if (!options.signal?.aborted) {
    const of = { mailbox, accountId, id: null }
    annotations += await bringAnnotations(source, undefined, of, options, (one) => notes.push(one))
  }
  return {
    identity: source.identity,
    account: target.account,
    dryRun: options.dryRun,
    folders: reports.map((report) => report.figures()),
    subscribed,
    scripts,
    annotations,
    rights,
    notes: [...notes, ...source.notes()],
  }
}

/** What is somebody else's comes with his mailbox, unless it is asked for. */
export const wanted =
  ({ isWanted }: Pick<CopyOptions, 'isWanted'>) =>
  (folder: SourceFolder): boolean =>
    isWanted === undefined ? folder.isForeign !== true : isWanted(folder)

function giving(
  { giveRights }: MailTarget,
  { rights, dryRun }: CopyOptions,
): MailTarget['giveRights'] {
  if (rights !== true) return undefined
  return dryRun ? async () => 'would be given where it is an account here' : giveRights
}

/** `reason`: why there can be none. */
async function targetFolder(
  { mailbox, accountId }: MailTarget,
  { path, uses }: TargetPath,
  { dryRun }: CopyOptions,
): Promise<FolderRecord | { readonly reason: string }> {
  const found = async () =>
    (await mailbox.folders.find(accountId, path)) ?? { reason: 'the folder was removed here' }
  const there = await mailbox.folders.find(accountId, path)
  if (there?.selectable) return there
  // Read for nothing but its name: nothing is there yet.
  if (dryRun) return mailbox.inbox(accountId)
  const created = await mailbox.folders.create(accountId, path, uses)
  switch (created.kind) {
    case 'created':
      return created.folder
    case 'exists':
      return await found()
    case 'use-taken': {
      const plain = await mailbox.folders.create(accountId, path)
      return plain.kind === 'created' ? plain.folder : await found()
    }
    default:
      return { reason: `no such folder can be made here: ${created.kind}` }
  }
}

/** What is not known to be unsubscribed is subscribed: a folder nobody sees is taken for lost. */
async function subscribe(
  source: MailSource,
  { mailbox, accountId }: MailTarget,
  paths: readonly TargetPath[],
  { dryRun, signal }: CopyOptions,
): Promise<number> {
  if (signal?.aborted) return 0
  const named = await source.subscriptions()
  const isNamed = named && new Set(named.map((names) => names.join('\0')))
  const wanted = paths.filter(
    ({ folder }) => folder.selectable && (isNamed?.has(folder.names.join('\0')) ?? true),
  )
  if (!dryRun) {
    for (const { path } of wanted) await mailbox.subscriptions.subscribe(accountId, path)
  }
  return wanted.length
}

async function keepScripts(
  source: MailSource,
  { keepScript }: MailTarget,
  { dryRun, signal }: CopyOptions,
): Promise<MailboxReport['scripts']> {
  if (signal?.aborted) return []
  const kept: { readonly name: string; readonly outcome: string }[] = []
  for (const script of await source.scripts()) {
    const outcome = dryRun ? 'would be kept' : ((await keepScript?.(script)) ?? 'not kept here')
    kept.push({ name: script.name, outcome })
  }
  return kept
}
