// `postwolke migrate workmail export-mail`: has WorkMail export mailboxes into a bucket, as many at once as it may. Run again, it looks what became of
// them and begins those that waited.

import type { Command } from 'commander'
import type { ExportTarget, MailboxExport } from '#shared/moving/workmail/export-jobs.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Context } from '../command-context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { loadAws } from '../import-from/load-aws.ts'
import {
  apiOf,
  type OrganizationOptions,
  organizationOf,
  workMailRegions,
} from '../import-from/workmail-organization.ts'
import { columns, formatTime } from '../output.ts'

type Options = OrganizationOptions & {
  readonly bucket?: string
  readonly prefix: string
  readonly role?: string
  readonly key?: string
  readonly again?: boolean
}

export function exportCommand(workmail: Command, define: Define): void {
  define<Options>(workmail.command('export-mail [address...]'), {
    about:
      'have WorkMail export mailboxes into a bucket, ten at once; run it again to see how far they are',
    options: (command) =>
      command
        .requiredOption('--organization <id>', 'whose mailboxes (m-…)')
        .requiredOption('--region <region>', `where it is: ${workMailRegions.join(', ')}`)
        .option('--bucket <name>', 'of the same region; without, nothing new is begun')
        .option('--prefix <path>', 'of the objects in it', 'workmail')
        .option('--role <arn>', 'that WorkMail takes to write there')
        .option('--key <arn>', 'of KMS, with which it encrypts')
        .option(
          '--again',
          'export those once more that are done or failed, a day later at the earliest',
        ),
    async run(context, addresses, options) {
      const { backend, process } = context
      const { id, client } = apiOf(options, process)
      const { assembleExportStates } = await import('#services/assembly/cut-over.ts')
      const states = assembleExportStates(backend, id)
      const known = await states.list()
      const target = targetOf(options)
      const wanted =
        target === undefined ? known : await withNew(context, addresses, known, options)
      const { exportJobs } = await loadAws(() => import('#services/aws/workmail/export-api.ts'))
      const { renewed, stepExports } = await import('#shared/moving/workmail/export-jobs.ts')
      const begun = options.again ? wanted.map(renewed) : wanted
      const jobs = exportJobs(client, id)
      const exports = await stepExports(begun, {
        jobs: target === undefined ? { ...jobs, start: startNone } : jobs,
        target: target ?? noTarget,
        organizationId: id,
        nowMs: systemClock.now(),
        keep: (one) => states.keep(one),
      })
      print(context, exports)
    },
  })
}

const startNone = async () => ({ kind: 'limited', why: 'no bucket was named' }) as const
const noTarget: ExportTarget = { roleArn: '', kmsKeyArn: '', bucket: '', prefix: '' }

function targetOf({ bucket, prefix, role, key }: Options): ExportTarget | undefined {
  const given = [bucket, role, key].filter((one) => one !== undefined)
  if (given.length === 0) return undefined
  if (bucket === undefined || role === undefined || key === undefined) {
    throw new CommandFailure('--bucket, --role and --key go together', 'usage')
  }
  return { bucket, prefix, roleArn: role, kmsKeyArn: key }
}

/** All who have a mailbox, or those who are named. */
async function withNew(
  { process }: Context,
  addresses: readonly string[],
  known: readonly MailboxExport[],
  options: Options,
): Promise<readonly MailboxExport[]> {
  const { planWorkMail } = await import('#shared/moving/workmail/plan.ts')
  const { newExport } = await import('#shared/moving/workmail/export-jobs.ts')
  const { profiles } = planWorkMail(await organizationOf(options, process))
  const asked = addresses.filter((one) => one !== '').map((one) => one.toLowerCase())
  const lost = asked.filter((address) => !profiles.has(address))
  if (lost.length > 0) {
    throw new CommandFailure(`no mailbox in WorkMail: ${lost.join(' ')}`, 'noUser')
  }
  const before = new Map(known.map((one) => [one.id, one]))
  const all = [...profiles].filter(
    ([address]) => asked.length === 0 || asked.includes(address.toLowerCase()),
  )
  const chosen = all.map(
    ([address, { workMailId }]) => before.get(workMailId) ?? newExport(workMailId, address),
  )
  const ids = new Set(chosen.map(({ id }) => id))
  return [...chosen, ...known.filter(({ id }) => !ids.has(id))]
}

function print({ output }: Context, exports: readonly MailboxExport[]): void {
  output.print(exports, (width) =>
    columns(
      ['ACCOUNT', 'STATE', 'PROGRESS', 'BEGUN', 'WHERE'],
      exports.map(({ address, state, progress, startedMs, path, why }) => [
        address,
        state,
        `${progress} %`,
        startedMs === null ? '' : formatTime(startedMs),
        path ?? why ?? '',
      ]),
      width,
    ),
  )
}
