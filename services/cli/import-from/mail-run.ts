// Mailboxes brought one beside the other, or compared: what is shown meanwhile, and what is said at the end. Whatever ends it, what is done
// is done, and the same command goes on.

import { writeFile } from 'node:fs/promises'
import type { FolderFigures, MailboxReport } from '#shared/moving/mailboxes/report.ts'
import { type MailSource, SourceFailure } from '#shared/moving/mailboxes/source.ts'
import type { FolderVerdict } from '#shared/moving/mailboxes/verify-mailbox.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Context } from '../context.ts'
import { CommandFailure, type Exit } from '../failure.ts'
import { columns, counted, formatBytes, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import { copyOptions, type MailOptions, parallelOf, wantedFolders } from './mail-options.ts'
import { type Pace, showPace } from './pace.ts'

/** One mailbox of the other system, and whose it becomes. */
export type ToBring = { readonly account: string; readonly open: () => Promise<MailSource> }

export type Failed = { readonly account: string; readonly reason: string }

/** With what it ends where it was the only one. */
type FailedHere = Failed & { readonly exit: Exit | number }

export async function bringMail(
  context: Context,
  mailboxes: readonly ToBring[],
  options: MailOptions,
): Promise<void> {
  if (mailboxes.length === 0) throw new CommandFailure('there is no mailbox to bring', 'noInput')
  if (options.verify) return verifyMail(context, mailboxes, options)
  const { mailImports } = context.administration
  const ending = new AbortController()
  const end = () => ending.abort()
  globalThis.process.once('SIGINT', end)
  const terms = copyOptions(options, ending.signal)
  const pace = showPace(context.process, mailboxes.length)
  const failed: FailedHere[] = []
  try {
    const reports = await each(
      mailboxes,
      options,
      { pace, failed },
      async (account, source) => {
        const bringing = await mailImports.bring({ account, source, options: terms })
        if (bringing.kind !== 'bringing') throw refused(bringing)
        for (;;) {
          const step = await bringing.steps.next()
          if (step.done) return step.value
          if (step.value.kind === 'messages') pace.came(step.value)
        }
      },
      ending.signal,
    )
    pace.end()
    const done = reports.filter((report) => report !== undefined)
    await report(context, options, { mailboxes: done, failed: failed.map(told) })
    context.output.print({ mailboxes: done, failed: failed.map(told) }, (width) =>
      reportLines(done, width),
    )
    tellNotes(context, done)
  } finally {
    pace.end()
    globalThis.process.off('SIGINT', end)
  }
  if (ending.signal.aborted)
    throw new CommandFailure('ended early; the same command goes on', 'temporary')
  endWith(context, failed, mailboxes.length)
}

const told = ({ account, reason }: FailedHere): Failed => ({ account, reason })

/** One beside the other, each opened and closed; undefined for those that failed, and those that an ended signal left out. */
function each<T>(
  mailboxes: readonly ToBring[],
  options: MailOptions,
  { pace, failed }: { readonly pace: Pace; readonly failed: FailedHere[] },
  work: (account: string, source: MailSource) => Promise<T>,
  signal?: AbortSignal,
): Promise<(T | undefined)[]> {
  return concurrently(mailboxes, parallelOf(options), async ({ account, open }) => {
    if (signal?.aborted) return undefined
    return attempt(account, failed, async () => {
      const source = await open()
      try {
        return await work(account, source)
      } finally {
        await source.close()
        pace.mailboxDone()
      }
    })
  })
}

/** The mailboxes beside it go on. */
async function attempt<T>(
  account: string,
  failed: FailedHere[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const isOurs =
      error instanceof SourceFailure ||
      error instanceof TemporaryFailure ||
      error instanceof CommandFailure
    if (!isOurs) throw error
    const exit =
      error instanceof CommandFailure
        ? error.exitStatus
        : error instanceof SourceFailure
          ? 'noInput'
          : 'temporary'
    failed.push({ account, reason: error.message, exit })
    return undefined
  }
}

function endWith({ process }: Context, failed: readonly FailedHere[], of: number): void {
  const [first] = failed
  if (first === undefined) return
  if (of === 1) throw new CommandFailure(`${first.account}: ${first.reason}`, first.exit)
  for (const { account, reason } of failed) warn(process, `${account}: ${reason}`)
  throw new CommandFailure(
    `${counted(failed.length, 'mailbox is', 'mailboxes are')} not whole; the same command tries again`,
    'temporary',
  )
}

async function report(
  context: Context,
  { report: file }: MailOptions,
  data: unknown,
): Promise<void> {
  if (file === undefined) return
  await writeFile(file, `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 }).catch(
    (error: Error) => {
      warn(context.process, `cannot write the report: ${error.message}`)
    },
  )
}

function reportLines(reports: readonly MailboxReport[], width: number | undefined): string[] {
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

const RIGHTS_SHOWN_MAX = 30

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

const NOTES_SHOWN_MAX = 30

function tellNotes({ process }: Context, reports: readonly MailboxReport[]): void {
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

async function verifyMail(
  context: Context,
  mailboxes: readonly ToBring[],
  options: MailOptions,
): Promise<void> {
  const pace = showPace(context.process, mailboxes.length)
  const failed: FailedHere[] = []
  const isWanted = wantedFolders(options)
  const { mailImports } = context.administration
  const found = await each(mailboxes, options, { pace, failed }, async (account, source) => {
    const verifying = await mailImports.verify({ account, source, isWanted })
    if (verifying.kind !== 'verifying') throw refused(verifying)
    for (;;) {
      const step = await verifying.steps.next()
      if (step.done) return { account: verifying.account, folders: step.value }
      pace.came(step.value)
    }
  })
  pace.end()
  const compared = found.filter((one) => one !== undefined)
  await report(context, options, { mailboxes: compared, failed: failed.map(told) })
  context.output.print({ mailboxes: compared, failed: failed.map(told) }, (width) =>
    columns(
      ['ACCOUNT', 'FOLDER', 'COMPARED', 'BYTES', 'EQUAL', 'DIFFER', 'OTHERS HERE'],
      compared.flatMap(({ account, folders }) =>
        folders.map((folder) => verdictRow(account, folder)),
      ),
      width,
    ),
  )
  const differences = compared.flatMap(({ account, folders }) =>
    folders.flatMap(({ path, differences: all }) =>
      all.map(
        ({ key, what, there, here }) =>
          `${account}: ${path}: ${key}: ${what}: ${there || '-'} there, ${here || '-'} here`,
      ),
    ),
  )
  for (const text of differences.slice(0, NOTES_SHOWN_MAX)) warn(context.process, text)
  endWith(context, failed, mailboxes.length)
  if (differences.length > 0) {
    throw new CommandFailure('what was brought is not as it is at the source', 'found')
  }
}

const verdictRow = (account: string, folder: FolderVerdict) => [
  account,
  folder.path,
  String(folder.compared),
  formatBytes(folder.bytes),
  String(folder.equal),
  String(folder.differencesCount),
  String(folder.others),
]
