// What all commands that read the configuration of another system have in common. The files are read before the data folder is opened, when
// root may become the folder's owner, who cannot read them.

import type { Command } from 'commander'
import type { MovingPlan } from '#shared/moving/configurations/plan.ts'
import type { SourceFiles } from '#shared/moving/configurations/source-files.ts'
import type { Define } from '../define.ts'
import type { PlanOptions, ReportFile } from './run-plan.ts'

export type PlanCommand<Options> = {
  readonly about: string
  readonly options?: (command: Command) => unknown
  readonly help?: string
  /** Pure: it reads files, and nothing of what is stored. */
  readonly read: (path: string, options: Options) => Promise<MovingPlan>
}

type Common = PlanOptions & { readonly report?: string }

export function planCommand<Options extends object>(
  command: Command,
  define: Define,
  { about, options: addOptions, help, read }: PlanCommand<Options>,
): void {
  let prepared: { readonly plan: MovingPlan; readonly report: ReportFile | undefined } | undefined
  define(command, {
    about,
    mayCreate: true,
    options(own) {
      addOptions?.(own)
      own
        .option('--dry-run', 'do nothing, and say what would be done')
        .option('--update', 'change what is there and other than in the files')
        .option('--report <file>', 'write the whole report to a file too')
        .option('--all', 'also list what is not needed here')
      if (help !== undefined) own.addHelpText('after', `\n${help}`)
    },
    async prepare([path], options: Common & Options) {
      const plan = await read(path, options)
      const { openReport } = await import('./run-plan.ts')
      const report = options.report === undefined ? undefined : openReport(options.report)
      prepared = { plan, report }
    },
    async run(context, _, options: Common & Options) {
      const { runPlan } = await import('./run-plan.ts')
      // Cannot happen: it was prepared.
      if (prepared === undefined) throw new Error('the files were not read')
      await runPlan(prepared.plan, context, options, prepared.report)
    },
  })
}

export const rootOption = [
  '--root <dir>',
  'below which the absolute paths of the old machine are: / where it is this one, or where its files were copied to',
] as const

export const defaultDomainOption = [
  '--default-domain <domain>',
  'of users that have none in the files',
] as const

/** Of systems whose files are in a folder. */
export type FolderOptions = { readonly root?: string; readonly defaultDomain?: string }

export const withFolderOptions = (command: Command) =>
  command.option(...defaultDomainOption).option(...rootOption)

export async function filesIn(
  folder: string,
  { root }: FolderOptions,
  originals: readonly string[],
): Promise<SourceFiles> {
  const { openForeignFiles } = await import('./foreign-files.ts')
  return openForeignFiles({ folder, root, originals })
}
