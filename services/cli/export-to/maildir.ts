// `postwolke export maildir`, and its comparison.

import { resolve } from 'node:path'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import type { ExportVerdict } from '#shared/moving/export/verify-export.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { showPace } from '../import-from/pace.ts'
import { columns, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import { type ExportCommandOptions, givenOptions, wantedPaths } from './export-options.ts'
import { runExport, toldFailures } from './export-run.ts'

export async function writeMaildir(context: Context, options: ExportCommandOptions): Promise<void> {
  const { account, to } = givenOptions(options)
  const root = resolve(to)
  if (options.verify) return verifyMaildir(context, account, root, options)
  await runExport(context, options, async () => ({
    target: await openFolderTarget(root),
    format: 'maildir',
    to: root,
  }))
}

async function verifyMaildir(
  context: Context,
  account: string,
  root: string,
  options: ExportCommandOptions,
): Promise<void> {
  const pace = showPace(context.process, 1)
  const verdicts = await toldFailures(async () => {
    const target = await openFolderTarget(root)
    const verifying = await context.administration.mailExports.verify({
      account,
      target,
      isWanted: wantedPaths(options),
    })
    if (verifying.kind !== 'verifying') throw refused(verifying)
    for (;;) {
      const step = await verifying.steps.next()
      if (step.done) return step.value
      pace.came(step.value)
    }
  })
  pace.end()
  context.output.print({ account, folders: verdicts }, (width) =>
    columns(['FOLDER', 'COMPARED', 'EQUAL', 'DIFFER', 'OTHERS THERE'], verdicts.map(row), width),
  )
  for (const { path, differences } of verdicts) {
    for (const { uid, what } of differences) warn(context.process, `${path}: uid ${uid}: ${what}`)
  }
  if (verdicts.some(({ differencesCount, others }) => differencesCount + others > 0)) {
    throw new CommandFailure('what was written is not as it is here; the export mends it')
  }
}

const row = ({ path, compared, equal, differencesCount, others }: ExportVerdict) => [
  path,
  String(compared),
  String(equal),
  String(differencesCount),
  String(others),
]
