// `postwolke import plan`: what is at a source, what of it will come over and what will not, how much that is, and how long it takes. Reads only.

import { performance } from 'node:perf_hooks'
import type { Command } from 'commander'
import { SourceFailure } from '#shared/moving/mailboxes/source.ts'
import type { MailboxSurvey } from '#shared/moving/mailboxes/survey.ts'
import type { Context } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { readAll } from '../listing.ts'
import { columns, counted, formatBytes, warn } from '../output.ts'
import { showPace } from './pace.ts'
import { foldersOf, isPattern } from './path-pattern.ts'

type Options = { readonly account?: string }

type Planned = {
  readonly address: string
  readonly path: string
  /** What stands in the way of it; null: nothing. */
  readonly conflict: string | null
  readonly survey: MailboxSurvey | null
}

/** A message also has to be written here, which takes about as long as this many are read. */
const WRITTEN_PER_READ = 4

export function importPlanCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('plan <source>'), {
    about:
      'look over Maildirs, one or all that fit a path with %d, %n or %u, and say what would come here; writes nothing',
    options: (command) =>
      command.option('--account <address>', 'whose a single Maildir would become'),
    async run(context, [source], { account = '' }) {
      const found = isPattern(source)
        ? await foldersOf(source)
        : [{ address: account, path: source }]
      if (found.length === 0) throw new CommandFailure('nothing fits there', 'noInput')
      const beganMs = performance.now()
      const planned = await surveyAll(context, found)
      print(context, planned, performance.now() - beganMs)
      if (planned.every(({ survey }) => survey === null)) {
        throw new CommandFailure('nothing there can be read', 'noInput')
      }
    },
  })
}

async function surveyAll(
  context: Context,
  found: Awaited<ReturnType<typeof foldersOf>>,
): Promise<readonly Planned[]> {
  const [{ openMaildir }, { surveyMailbox }] = await Promise.all([
    import('#shared/moving/mailboxes/maildir/maildir-source.ts'),
    import('#shared/moving/mailboxes/survey.ts'),
  ])
  const accounts = await readAll((after) =>
    context.administration.accounts.page({ domain: undefined, limit: undefined, after }),
  )
  const known = new Map(accounts.map((one) => [one.address.toLowerCase(), one]))
  const pace = showPace(context.process, found.length)
  const planned: Planned[] = []
  for (const { address, path } of found) {
    const there = known.get(address.toLowerCase())
    try {
      const survey = await surveyMailbox(await openMaildir(path))
      pace.came(survey)
      const missing = address === '' ? null : 'there is no such account yet'
      const conflict = there === undefined ? missing : roomFor(there, survey)
      planned.push({ address, path, conflict, survey })
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      planned.push({ address, path, conflict: error.message, survey: null })
    }
    pace.mailboxDone()
  }
  pace.end()
  return planned
}

function roomFor(
  account: {
    readonly quotaBytes: number | null
    readonly usedBytes: number
    readonly messages: number
  },
  { bytes }: MailboxSurvey,
): string | null {
  const { quotaBytes, usedBytes, messages } = account
  if (quotaBytes !== null && quotaBytes > 0 && usedBytes + bytes > quotaBytes) {
    return `is more than its quota of ${formatBytes(quotaBytes)}: it comes, and nothing more is taken`
  }
  return messages > 0 ? `has ${counted(messages, 'message')} already` : null
}

function print(context: Context, planned: readonly Planned[], tookMs: number): void {
  const sum = (of: (survey: MailboxSurvey) => number) =>
    planned.reduce((all, { survey }) => all + (survey === null ? 0 : of(survey)), 0)
  const [messages, bytes, read, ms] = [
    sum((survey) => survey.messages),
    sum((survey) => survey.bytes),
    sum(({ sample }) => sample.messages),
    sum(({ sample }) => sample.ms),
  ]
  const seconds = read === 0 ? 0 : ((messages * ms) / read / 1_000) * WRITTEN_PER_READ
  const total = { mailboxes: planned.length, messages, bytes, seconds: Math.ceil(seconds) }
  context.output.print({ total, mailboxes: planned, tookMs: Math.round(tookMs) }, (width) => [
    ...columns(
      ['ACCOUNT', 'FOLDERS', 'MESSAGES', 'BYTES', 'UIDS', 'SCRIPTS', 'NOTE'],
      planned.map(({ address, path, conflict, survey }) => [
        address || path,
        String(survey?.folders.length ?? 0),
        String(survey?.messages ?? 0),
        formatBytes(survey?.bytes ?? 0),
        survey?.folders.some(({ keepsUids }) => keepsUids) ? 'kept' : 'new',
        String(survey?.scripts ?? 0),
        conflict ?? '',
      ]),
      width,
    ),
    `${counted(planned.length, 'mailbox', 'mailboxes')}, ${counted(messages, 'message')}, ${formatBytes(bytes)}: about ${Math.ceil(seconds / 60)} min at the rate of ${counted(read, 'message')} read from them`,
  ])
  for (const { address, survey } of planned) {
    for (const { about, reason } of survey?.notes.slice(0, 20) ?? []) {
      warn(context.process, `${address}: ${about}: ${reason}`)
    }
  }
}
