// `postwolke import workmail`: the people, groups, rooms and rights of an organization of Amazon WorkMail.

import { type FileHandle, open } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ApplyOutcome } from '#shared/administration/moving/apply-workmail.ts'
import { itemsOf } from '#shared/moving/configurations/plan.ts'
import type { Organization } from '#shared/moving/workmail/organization.ts'
import type { WorkMailPlan } from '#shared/moving/workmail/planning.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Context, Process } from '../command-context.ts'
import { consoleOf } from '../console-address.ts'
import type { Common } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { linkUrl } from '../link-url.ts'
import { columns, counted, formatTime, warn } from '../output.ts'
import { explain } from '../refusal-text.ts'
import {
  type OrganizationOptions,
  organizationOf,
  withOrganizationOptions,
} from './workmail-organization.ts'

type Options = OrganizationOptions &
  Common & {
    readonly dryRun?: boolean
    readonly report?: string
    readonly links?: string
    readonly all?: boolean
  }

export function importWorkMailCommand(group: Command, process: Process, define: Define): void {
  let prepared: Prepared | undefined
  define<Options>(group.command('workmail'), {
    about:
      'take over an organization of Amazon WorkMail: domains, accounts without passwords, aliases, groups, rights',
    mayCreate: true,
    options: (command) =>
      withOrganizationOptions(command)
        .option('--dry-run', 'do nothing, and say what would be done')
        .option(
          '--links <file>',
          'write a one-time link for each new account to a file of yours alone',
        )
        .option('--report <file>', 'write the whole report there, as JSON')
        .option('--all', 'also list what is not needed here'),
    async prepare(_, options) {
      prepared = await prepare(options, process)
    },
    async run(context, _, options) {
      if (prepared === undefined) throw new Error('the organization was not read')
      refuseServer(context)
      const { organization, links, report: file } = prepared
      const { planWorkMail } = await import('#shared/moving/workmail/plan.ts')
      const plan = planWorkMail(organization)
      const outcomes = await apply(plan, context, options)
      await report(plan, outcomes, context, { ...options, file })
      await writeLinks(outcomes, context, { ...options, file: links })
      endWith(outcomes)
    },
  })
}

function refuseServer({ where }: Context): void {
  if (where === 'store') return
  throw new CommandFailure(
    'this works on a data folder or a deployment, and not on a server',
    'usage',
  )
}

/** What `--dry-run` says, for `import plan`. */
export async function rehearseWorkMail(
  organization: Organization,
  context: Context,
  { all = false }: Pick<Options, 'all'>,
): Promise<void> {
  refuseServer(context)
  const { planWorkMail } = await import('#shared/moving/workmail/plan.ts')
  const plan = planWorkMail(organization)
  const options = { dryRun: true, all }
  const outcomes = await apply(plan, context, options)
  await report(plan, outcomes, context, { ...options, file: undefined })
  endWith(outcomes)
}

type Prepared = {
  readonly organization: Organization
  readonly report: FileHandle | undefined
  readonly links: FileHandle | undefined
}

/** What cannot be read or written is known before anything is done. */
async function prepare(options: Options, process: Process): Promise<Prepared> {
  const { report, links, dryRun = false } = options
  const organization = await organizationOf(options, process)
  return {
    organization,
    report: report === undefined ? undefined : await openFile(report, 'w'),
    // Never one that somebody else may read already.
    links: links === undefined || dryRun ? undefined : await openFile(links, 'wx'),
  }
}

const openFile = (path: string, flags: 'w' | 'wx') =>
  open(path, flags, 0o600).catch((error: Error) => {
    throw new CommandFailure(`cannot write ${path}: ${error.message}`, 'exists')
  })

async function apply(
  plan: WorkMailPlan,
  { administration }: Context,
  { dryRun }: Options,
): Promise<readonly ApplyOutcome[]> {
  const { applyWorkMail } = await import('#shared/administration/moving/apply-workmail.ts')
  const outcomes: ApplyOutcome[] = []
  try {
    for await (const outcome of applyWorkMail(plan, administration, { dryRun })) {
      outcomes.push(outcome)
    }
    return outcomes
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    const done = counted(outcomes.length, 'item')
    throw new CommandFailure(
      `ended early after ${done}, and may be run again: ${error.message}`,
      'temporary',
    )
  }
}

async function report(
  plan: WorkMailPlan,
  outcomes: readonly ApplyOutcome[],
  { output, process }: Context,
  { dryRun = false, all = false, file }: Options & { readonly file: FileHandle | undefined },
): Promise<void> {
  const counts = countsOf(outcomes)
  const settings = itemsOf(plan, 'setting').map(({ path, text }) => ({ path, text }))
  const refused = outcomes.flatMap((one) =>
    one.kind === 'refused' ? [{ what: one.what, name: one.name, why: explain(one.refusal) }] : [],
  )
  const notes = plan.notes.map(({ kind, about, reason }) => ({ kind, about, reason }))
  const whole = { dryRun, counts, outcomes, settings, notes }
  await file?.writeFile(`${JSON.stringify(whole, null, 2)}\n`)
  await file?.close()
  const shown = notes.filter(({ kind }) => all || kind !== 'not-needed')
  output.print(whole, (width) => [
    ...columns(
      ['WHAT', dryRun ? 'WOULD BE ADDED' : 'ADDED', 'THERE ALREADY', 'REFUSED'],
      Object.entries(counts).map(([what, { added, unchanged, refused: not }]) => [
        what,
        String(added),
        String(unchanged),
        String(not),
      ]),
      width,
    ),
    ...settings.map(({ path, text }) => `setting: ${path} = "${text}"`),
    ...shown.map(({ kind, about, reason }) => `${kind}: ${about}: ${reason}`),
  ])
  for (const { what, name, why } of refused) warn(process, `${what} ${name}: ${why}`)
}

function countsOf(outcomes: readonly ApplyOutcome[]) {
  const none = () => ({ added: 0, unchanged: 0, refused: 0 })
  const counts = { domain: none(), account: none(), alias: none(), grant: none() }
  for (const { what, kind } of outcomes) counts[what][kind]++
  return counts
}

/** Each as soon as it is made: nobody can show it again. */
async function writeLinks(
  outcomes: readonly ApplyOutcome[],
  context: Context,
  { file, ...options }: Common & { readonly file: FileHandle | undefined },
): Promise<void> {
  if (file === undefined) return
  const { administration, by } = context
  const host = await consoleOf(context, options)
  const added = outcomes.filter(({ what, kind }) => what === 'account' && kind === 'added')
  for (const { name } of added) {
    const made = await administration.invitations.invite({ address: name, as: 'password', by })
    if (made.kind !== 'invited') continue
    const url = linkUrl(host, made.secret)
    await file.writeFile(`${name}\t${url}\t${formatTime(made.expiresMs)}\n`)
  }
  await file.close()
}

function endWith(outcomes: readonly ApplyOutcome[]): void {
  const refused = outcomes.filter(({ kind }) => kind === 'refused').length
  if (refused === 0) return
  throw new CommandFailure(
    `${counted(refused, 'item was', 'items were')} refused; everything else is done`,
    'data',
  )
}
