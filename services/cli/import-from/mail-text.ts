// What an import says of the mailboxes that it brought: a table, what did not come and why.

import type { KeptItem } from '#shared/moving/mailboxes/kept-items.ts'
import type { FolderFigures, MailboxReport } from '#shared/moving/mailboxes/report.ts'
import type { Context } from '../context.ts'
import { columns, counted, formatBytes, warn } from '../output.ts'

export function reportLines(
  reports: readonly MailboxReport[],
  width: number | undefined,
): string[] {
  const [only, ...more] = reports
  if (only === undefined) return []
  const rows = more.length === 0 ? only.folders.map(folderRow) : reports.map(mailboxRow)
  const heading = more.length === 0 ? 'FOLDER' : 'ACCOUNT'
  return [
    ...columns(
      [heading, 'THERE', 'CAME', 'BYTES', 'WAS HERE', 'FLAGS', 'GONE', 'UNREAD', 'UIDS'],
      rows,
      width,
    ),
    ...scriptLines(reports),
    ...annotationLines(reports),
    ...rightLines(reports),
    ...reports.flatMap(keptLines),
    ...(only.dryRun ? ['nothing was written'] : []),
  ]
}

const folderRow = (folder: FolderFigures) => [
  folder.path,
  String(folder.found),
  String(folder.brought),
  formatBytes(folder.broughtBytes),
  String(folder.already),
  String(folder.flagsChanged),
  String(folder.removed),
  String(folder.unread),
  folder.otherUids > 0 ? `kept but ${folder.otherUids}` : folder.uids,
]

function mailboxRow({ account, folders }: MailboxReport): string[] {
  const sum = (of: (folder: FolderFigures) => number) =>
    folders.reduce((all, folder) => all + of(folder), 0)
  const uids = new Set(folders.filter(({ found }) => found > 0).map((folder) => folder.uids))
  return [
    account,
    String(sum(({ found }) => found)),
    String(sum(({ brought }) => brought)),
    formatBytes(sum(({ broughtBytes }) => broughtBytes)),
    String(sum(({ already }) => already)),
    String(sum(({ flagsChanged }) => flagsChanged)),
    String(sum(({ removed }) => removed)),
    String(sum(({ unread }) => unread)),
    [...uids].join(', ') || '-',
  ]
}

const RIGHTS_SHOWN_MAX = 30

const rightLines = (reports: readonly MailboxReport[]) =>
  reports.flatMap(({ account, rights }) => {
    const lines = rights.map(
      ({ folder, who, rights: letters, outcome }) =>
        `${account}: ${folder}: rights of ${who} (${letters}): ${outcome}`,
    )
    const more = lines.length - RIGHTS_SHOWN_MAX
    return more > 0
      ? [
          ...lines.slice(0, RIGHTS_SHOWN_MAX),
          `${account}: and ${more} more rights, which --report has`,
        ]
      : lines
  })

const annotationLines = (reports: readonly MailboxReport[]) =>
  reports
    .filter(({ annotations }) => annotations > 0)
    .map(({ account, annotations, dryRun }) => {
      const came = counted(annotations, 'annotation')
      return `${account}: ${came} ${dryRun ? 'would come' : 'came'}`
    })

const scriptLines = (reports: readonly MailboxReport[]) =>
  reports.flatMap(({ account, scripts }) =>
    scripts.map(({ name, outcome }) => `${account}: script ${name}: ${outcome}`),
  )

function keptLines({ account, kept, dryRun }: MailboxReport): readonly string[] {
  if (kept === undefined) return []
  const { counts, items, directory } = kept
  const ones = items
    .filter(({ outcome }) => outcome !== 'already')
    .slice(0, KEPT_SHOWN_MAX)
    .map(
      ({ kind, path, bytes, outcome }) =>
        `${account}: ${kind}: ${path}: ${formatBytes(bytes)}${itemWords[outcome]}`,
    )
  const written = counted(counts.kept, 'file', 'files')
  return [
    ...ones,
    `${account}: what is no mail: ${written} ${dryRun ? 'would be written' : 'written'} to ${directory}, ${counts.already} there already`,
  ]
}

const KEPT_SHOWN_MAX = 30
const itemWords: { readonly [outcome in KeptItem['outcome']]: string } = {
  kept: '',
  already: '',
  differs: ', is there with other bytes and stays as it is',
  left: ', left out: too much for one mailbox',
}

export const NOTES_SHOWN_MAX = 30

export function tellNotes({ process }: Context, reports: readonly MailboxReport[]): void {
  const all = reports.flatMap(({ account, folders, notes }) => [
    ...notes.map(({ about, reason }) => `${account}: ${about}: ${reason}`),
    ...folders.flatMap(({ path, notes: own, droppedFlags }) => [
      ...own.map(({ about, reason }) => `${account}: ${path}${about && `: ${about}`}: ${reason}`),
      ...Object.entries(droppedFlags).map(
        ([flag, count]) =>
          `${account}: ${path}: the flag ${flag} of ${counted(count, 'message')} is none here`,
      ),
    ]),
  ])
  for (const text of all.slice(0, NOTES_SHOWN_MAX)) warn(process, text)
  if (all.length > NOTES_SHOWN_MAX) {
    warn(process, `and ${all.length - NOTES_SHOWN_MAX} more of these, which --report has`)
  }
}

/** What of a mailbox was there and did not come, in words; nothing where all did. */
export function leftOut({ account, folders, notes, kept }: MailboxReport): readonly string[] {
  const lost = notes.filter(({ isLost }) => isLost).length
  const messages = folders.reduce((sum, { unread }) => sum + unread, lost)
  const broken = folders.filter(({ failure }) => failure !== null).length
  const what = [
    ...(broken > 0 ? [counted(broken, 'folder')] : []),
    ...(messages > 0 ? [counted(messages, 'message')] : []),
    ...(kept !== undefined && kept.counts.left > 0
      ? [counted(kept.counts.left, 'item of no mail', 'items of no mail')]
      : []),
  ]
  return what.length === 0 ? [] : [`${what.join(' and ')} of ${account}`]
}
