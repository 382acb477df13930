// `postwolke export maildir`, `mbox` and `zip`, and their comparisons.

import type { ExportReport } from '#shared/moving/export/report.ts'
import type { Context } from '../context.ts'
import type { ExportCommandOptions, ZipOptions } from './export-options.ts'
import { runExport } from './export-run.ts'
import { openFiles, openTarget, openZip, openZipFiles } from './places.ts'
import { runVerify } from './verify-run.ts'

export async function writeFiles(
  context: Context,
  options: ExportCommandOptions,
  format: ExportReport['format'],
): Promise<void> {
  const { process } = context
  if (options.verify) return runVerify(context, options, format, () => openFiles(options, process))
  await runExport(context, options, format, () => openTarget(options, process))
}

/** There is the whole file at the end, or none. */
export async function writeZip(context: Context, options: ZipOptions): Promise<void> {
  const { process } = context
  const format = options.mbox ? 'mbox' : 'maildir'
  if (options.verify) {
    return runVerify(context, options, format, () => openZipFiles(options, process))
  }
  await runExport(context, options, format, () => openZip(options, process))
}
