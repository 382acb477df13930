// `postwolke export mbox`.

import { resolve } from 'node:path'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import type { Context } from '../context.ts'
import { type ExportCommandOptions, givenOptions } from './export-options.ts'
import { runExport } from './export-run.ts'

export async function writeMbox(context: Context, options: ExportCommandOptions): Promise<void> {
  const to = resolve(givenOptions(options).to)
  await runExport(context, options, async () => ({
    target: await openFolderTarget(to),
    format: 'mbox',
    to,
  }))
}
