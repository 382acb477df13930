// Mailboxes brought one beside the other, or compared: what is shown meanwhile, and what is said at the end. Whatever ends it, what is done
// is done, and the same command goes on.

import { writeFile } from 'node:fs/promises'
import { TargetFailure } from '#shared/moving/export/target.ts'
import type { CopyOptions } from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { keepItems } from '#shared/moving/mailboxes/kept-items.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import { type MailSource, SourceFailure } from '#shared/moving/mailboxes/source.ts'
import type { FolderVerdict } from '#shared/moving/mailboxes/verify-mailbox.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Context } from '../context.ts'
import { CommandFailure, type Exit } from '../failure.ts'
import { columns, counted, formatBytes, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import { copyOptions, type MailOptions, parallelOf, wantedFolders } from './mail-options.ts'
import { leftOut, NOTES_SHOWN_MAX, reportLines, tellNotes } from './mail-text.ts'
import { type Pace, showPace } from './pace.ts'

/** One mailbox of the other system, and whose it becomes. */
export type ToBring = { readonly account: string; readonly open: () => Promise<MailSource> }

/** Where what is no mail is kept. */
export type Keeping = {
  readonly directory: string
  readonly target: Parameters<typeof keepItems>[1]
}

export type Failed = { readonly account: string; readonly reason: string }

/** With what it ends where it was the only one. */
export type FailedHere = Failed & { readonly exit: Exit | number }

export async function bringMail(
  context: Context,
  mailboxes: readonly ToBring[],
  options: MailOptions,
  keeping?: Keeping,
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
  let reports: readonly MailboxReport[] = []
  try {
    const found = await each(
      mailboxes,
      options,
      { pace, failed },
      async (account, source) => {
        const bringing = await mailImports.bring({ account, source, options: terms })
        if (bringing.kind !== 'bringing') throw refused(bringing)
        for (;;) {
          const step = await bringing.steps.next()
          if (step.done) return await withItems(step.value, source, terms, keeping)
          if (step.value.kind === 'messages') pace.came(step.value)
        }
      },
      ending.signal,
    )
    pace.end()
    reports = found.filter((report) => report !== undefined)
    await tellBrought(context, options, { done: reports, failed })
  } finally {
    pace.end()
    globalThis.process.off('SIGINT', end)
  }
  if (ending.signal.aborted)
    throw new CommandFailure('ended early; the same command goes on', 'temporary')
  const left = reports.flatMap(leftOut)
  endWith(context, failed, mailboxes.length, { left, dryRun: terms.dryRun })
}

/** What is no mail, kept as files where that was asked for. */
async function withItems(
  report: MailboxReport,
  source: MailSource,
  { dryRun, signal }: Pick<CopyOptions, 'dryRun' | 'signal'>,
  keeping: Keeping | undefined,
): Promise<MailboxReport> {
  if (keeping === undefined || source.items === undefined || signal?.aborted) return report
  const { directory, target } = keeping
  const { keepItems } = await import('#shared/moving/mailboxes/kept-items.ts')
  const kept = await keepItems(source.items(), target, report.account, { dryRun })
  return { ...report, kept: { directory, ...kept }, notes: source.notes() }
}

export async function tellBrought(
  context: Context,
  options: MailOptions,
  { done, failed }: Told<MailboxReport>,
): Promise<void> {
  await report(context, options, { mailboxes: done, failed: failed.map(told) })
  context.output.print({ mailboxes: done, failed: failed.map(told) }, (width) =>
    reportLines(done, width),
  )
  tellNotes(context, done)
}

type Told<T> = { readonly done: readonly T[]; readonly failed: readonly FailedHere[] }

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
      error instanceof CommandFailure ||
      error instanceof TargetFailure
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

export function endWith(
  { process }: Context,
  failed: readonly FailedHere[],
  of: number,
  {
    left = [],
    dryRun = false,
  }: { readonly left?: readonly string[]; readonly dryRun?: boolean } = {},
): void {
  const [first] = failed
  if (first !== undefined && of === 1) {
    throw new CommandFailure(`${first.account}: ${first.reason}`, first.exit)
  }
  for (const { account, reason } of failed) warn(process, `${account}: ${reason}`)
  const some = left.slice(0, ACCOUNTS_NAMED_MAX).join(', ')
  const more = left.length > ACCOUNTS_NAMED_MAX ? `, … (${counted(left.length, 'account')})` : ''
  const didNot = `${dryRun ? 'would' : 'did'} not come, or not as a whole: ${some}${more}`
  if (first !== undefined) {
    const mailboxes = counted(failed.length, 'mailbox is', 'mailboxes are')
    const besides = left.length === 0 ? '' : `, and of others ${didNot}`
    throw new CommandFailure(
      `${mailboxes} not whole; the same command tries again${besides}`,
      'temporary',
    )
  }
  if (left.length > 0) {
    const rest = `everything else ${dryRun ? 'would' : 'is here'}`
    throw new CommandFailure(`${didNot}; ${rest}`, 'data')
  }
}

/** Of what did not come; the report has all. */
const ACCOUNTS_NAMED_MAX = 10

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
  const done = found.filter((one) => one !== undefined)
  const differences = await tellCompared(context, options, { done, failed })
  endWith(context, failed, mailboxes.length)
  endCompared(differences)
}

export type Compared = { readonly account: string; readonly folders: readonly FolderVerdict[] }

/** How many differences are told. */
export async function tellCompared(
  context: Context,
  options: MailOptions,
  { done, failed }: Told<Compared>,
): Promise<number> {
  await report(context, options, { mailboxes: done, failed: failed.map(told) })
  context.output.print({ mailboxes: done, failed: failed.map(told) }, (width) =>
    columns(
      ['ACCOUNT', 'FOLDER', 'COMPARED', 'BYTES', 'EQUAL', 'DIFFER', 'OTHERS HERE'],
      done.flatMap(({ account, folders }) => folders.map((folder) => verdictRow(account, folder))),
      width,
    ),
  )
  const differences = done.flatMap(({ account, folders }) =>
    folders.flatMap(({ path, differences: all }) =>
      all.map(
        ({ key, what, there, here }) =>
          `${account}: ${path}: ${key}: ${what}: ${there || '-'} there, ${here || '-'} here`,
      ),
    ),
  )
  for (const text of differences.slice(0, NOTES_SHOWN_MAX)) warn(context.process, text)
  return differences.length
}

export function endCompared(differences: number): void {
  if (differences === 0) return
  throw new CommandFailure('what was brought is not as it is at the source', 'found')
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
