// `postwolke domain|account|alias import`: all rows of a file, checked before any is done.

import type { Command } from 'commander'
import type { ImportWhat } from '#shared/administration/imports/imports.ts'
import type { ImportOptions } from '#shared/administration/imports/plan.ts'
import type { Define } from './define.ts'

export function importCommand(
  parent: Command,
  define: Define,
  options: {
    readonly what: ImportWhat
    readonly about: string
    /** About `--update`, for what can differ. */
    readonly update?: string
    /** Behind the options. */
    readonly help?: string
    readonly mayCreate?: boolean
  },
): void {
  const { what, about, update, help, mayCreate = false } = options
  define(parent.command('import <file>'), {
    about,
    mayCreate,
    options(command) {
      if (update !== undefined) command.option('--update', update)
      command.option('--dry-run', 'only check the file')
      if (help !== undefined) command.addHelpText('after', help)
    },
    async run(context, [file], wanted: ImportOptions) {
      // Loaded only here: the other commands of the noun start faster without it.
      const { runImport } = await import('./import-run.ts')
      await runImport(what, file, context, wanted)
    },
  })
}
