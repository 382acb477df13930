// Mailboxes of another system looked over: how much there is of each, where its folders go, what stands in the way, and how long all of it takes.

import { performance } from 'node:perf_hooks'
import { SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { type MailboxSurvey, surveyMailbox } from '#shared/moving/mailboxes/survey.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { readAll } from '../listing.ts'
import { columns, counted, formatBytes, warn } from '../output.ts'
import type { ToBring } from './mail-run.ts'
import { showPace } from './pace.ts'

/** `account` empty: nobody said whose it becomes. */
export type ToPlan = ToBring & { readonly path: string }

type Planned = {
  readonly address: string
  readonly path: string
  readonly there: Standing
  /** What stands in the way of it; null: nothing. */
  readonly conflict: string | null
  readonly survey: MailboxSurvey | null
}

/** How the account is here. */
type Standing = 'fits' | 'missing' | 'over-quota' | 'not-empty' | 'unknown'

/** A message also has to be written here, which takes about as long as this many are read. */
const WRITTEN_PER_READ = 4

export async function planMail(
  context: Context,
  found: readonly ToPlan[],
  { isOfAll }: { readonly isOfAll: boolean },
): Promise<void> {
  const beganMs = performance.now()
  const accounts = await accountsOf(context)
  const planned = await surveyAll(context, found, accounts)
  const there = new Set(found.map(({ account }) => account.toLowerCase()))
  const without = isOfAll
    ? [...accounts.keys()].filter((address) => !there.has(address)).toSorted()
    : []
  print(context, planned, without, performance.now() - beganMs)
  const [first] = planned
  if (planned.every(({ survey }) => survey === null)) {
    const reason = planned.length === 1 && first?.conflict ? `: ${first.conflict}` : ''
    throw new CommandFailure(`nothing there can be read${reason}`, 'noInput')
  }
}

type Known = Awaited<ReturnType<typeof accountsOf>> extends ReadonlyMap<string, infer A> ? A : never

async function accountsOf({ administration }: Context) {
  const accounts = await readAll((after) =>
    administration.accounts.page({ domain: undefined, limit: undefined, after }),
  )
  return new Map(accounts.map((one) => [one.address.toLowerCase(), one]))
}

async function surveyAll(
  context: Context,
  found: readonly ToPlan[],
  accounts: ReadonlyMap<string, Known>,
): Promise<readonly Planned[]> {
  const pace = showPace(context.process, found.length)
  const planned: Planned[] = []
  for (const { account: address, path, open } of found) {
    const here = accounts.get(address.toLowerCase())
    try {
      const source = await open()
      try {
        const survey = await surveyMailbox(source)
        pace.came(survey)
        planned.push({ address, path, ...standingOf(address, here, survey), survey })
      } finally {
        await source.close()
      }
    } catch (error) {
      const isSource = error instanceof SourceFailure || error instanceof TemporaryFailure
      if (!isSource && !(error instanceof CommandFailure)) throw error
      planned.push({ address, path, there: 'unknown', conflict: error.message, survey: null })
    }
    pace.mailboxDone()
  }
  pace.end()
  return planned
}

function standingOf(
  address: string,
  account: Known | undefined,
  { bytes }: MailboxSurvey,
): Pick<Planned, 'there' | 'conflict'> {
  if (address === '') return { there: 'unknown', conflict: null }
  if (account === undefined) return { there: 'missing', conflict: 'there is no such account yet' }
  const { quotaBytes, usedBytes, messages } = account
  if (quotaBytes !== null && quotaBytes > 0 && usedBytes + bytes > quotaBytes) {
    const conflict = `is more than its quota of ${formatBytes(quotaBytes)}: it comes, and nothing more is taken`
    return { there: 'over-quota', conflict }
  }
  return messages > 0
    ? { there: 'not-empty', conflict: `has ${counted(messages, 'message')} already` }
    : { there: 'fits', conflict: null }
}

const NOTES_OF_EACH = 20
const NAMED_MAX = 10

function print(
  context: Context,
  planned: readonly Planned[],
  without: readonly string[],
  tookMs: number,
): void {
  const sum = (of: (survey: MailboxSurvey) => number) =>
    planned.reduce((all, { survey }) => all + (survey === null ? 0 : of(survey)), 0)
  const count = (there: Standing) => planned.filter((one) => one.there === there).length
  const [messages, bytes, read, ms] = [
    sum((survey) => survey.messages),
    sum((survey) => survey.bytes),
    sum(({ sample }) => sample.messages),
    sum(({ sample }) => sample.ms),
  ]
  const seconds = read === 0 ? 0 : ((messages * ms) / read / 1_000) * WRITTEN_PER_READ
  const total = {
    ...{ mailboxes: planned.length, messages, bytes, seconds: Math.ceil(seconds) },
    ...{ unread: planned.filter(({ survey }) => survey === null).length },
    ...{ missing: count('missing'), overQuota: count('over-quota'), notEmpty: count('not-empty') },
  }
  const data = { total, mailboxes: planned, withoutMailbox: without, tookMs: Math.round(tookMs) }
  context.output.print(data, (width) => [
    ...(planned.length === 1 ? folderTable(planned[0]?.survey ?? null, width) : []),
    ...columns(
      ['ACCOUNT', 'FOLDERS', 'MESSAGES', 'BYTES', 'UIDS', 'SCRIPTS', 'NOTE'],
      planned.map(({ address, path, conflict, survey }) => [
        address || path,
        String(survey?.folders.length ?? 0),
        String(survey?.messages ?? 0),
        formatBytes(survey?.bytes ?? 0),
        survey === null ? '-' : survey.folders.some(({ keepsUids }) => keepsUids) ? 'kept' : 'new',
        String(survey?.scripts ?? 0),
        conflict ?? '',
      ]),
      width,
    ),
    `${counted(planned.length, 'mailbox', 'mailboxes')}, ${counted(messages, 'message')}, ${formatBytes(bytes)}: about ${Math.ceil(seconds / 60)} min at the rate of ${counted(read, 'message')} read from them`,
    ...(planned.length === 1 ? [] : [standings(total)]),
  ])
  tellNotes(context, planned, without)
}

/** Of one mailbox: where each folder goes. */
function folderTable(survey: MailboxSurvey | null, width: number | undefined): readonly string[] {
  if (survey === null) return []
  const rows = survey.folders.map(({ names, path, messages, bytes, keepsUids, droppedFlags }) => [
    ...[names.join('/'), path, String(messages), formatBytes(bytes)],
    ...[keepsUids ? 'kept' : 'new', droppedFlags === 0 ? '' : String(droppedFlags)],
  ])
  const heading = ['FOLDER', 'BECOMES', 'MESSAGES', 'BYTES', 'UIDS', 'FLAGS LOST']
  return [...columns(heading, rows, width), '']
}

function standings({
  missing,
  overQuota,
  notEmpty,
  unread,
}: {
  readonly missing: number
  readonly overQuota: number
  readonly notEmpty: number
  readonly unread: number
}): string {
  const parts = [
    ...(missing > 0 ? [`${missing} without an account here`] : []),
    ...(overQuota > 0 ? [`${overQuota} over quota`] : []),
    ...(notEmpty > 0 ? [`${notEmpty} with mail here already`] : []),
    ...(unread > 0 ? [`${unread} that cannot be read`] : []),
  ]
  return parts.length === 0 ? 'nothing stands in the way' : `of these ${parts.join(', ')}`
}

function tellNotes(
  { process }: Context,
  planned: readonly Planned[],
  without: readonly string[],
): void {
  for (const { address, path, survey } of planned) {
    for (const { about, reason } of survey?.notes.slice(0, NOTES_OF_EACH) ?? []) {
      warn(process, `${address || path}: ${about}: ${reason}`)
    }
    const more = (survey?.notes.length ?? 0) - NOTES_OF_EACH
    if (more > 0) warn(process, `${address || path}: and ${more} more of these, which --json has`)
  }
  if (without.length === 0) return
  const some = without.slice(0, NAMED_MAX).join(', ')
  const more = without.length > NAMED_MAX ? ', …' : ''
  warn(
    process,
    `${counted(without.length, 'account has', 'accounts have')} no mailbox there: ${some}${more}`,
  )
}
