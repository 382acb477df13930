// `postwolke export zip`: there is the whole file at the end, or none.

import { resolve } from 'node:path'
import { openZipFile } from '#shared/moving/export/zip-file.ts'
import type { Context } from '../context.ts'
import { givenOptions, type ZipOptions } from './export-options.ts'
import { runExport } from './export-run.ts'

export async function writeZip(context: Context, options: ZipOptions): Promise<void> {
  const to = resolve(givenOptions(options).to)
  await runExport(context, options, async () => {
    const { target, end } = await openZipFile(to)
    return { target, format: options.mbox ? 'mbox' : 'maildir', to, end }
  })
}
