// What was written compared with the mailbox, from its beginning to what is said of it.

import type { ExportReport } from '#shared/moving/export/report.ts'
import type { ExportVerdict } from '#shared/moving/export/verdict.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { showPace } from '../import-from/pace.ts'
import { columns, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import { accountOf, type ExportCommandOptions, wantedPaths } from './export-options.ts'
import { toldFailures } from './export-run.ts'
import type { OpenedFiles } from './places.ts'

export async function runVerify(
  context: Context,
  options: ExportCommandOptions,
  format: ExportReport['format'],
  open: () => Promise<OpenedFiles>,
): Promise<void> {
  const account = accountOf(options)
  const pace = showPace(context.process, 1)
  const verdicts = await toldFailures(async () => {
    const { files, close } = await open()
    try {
      const isWanted = wantedPaths(options)
      const asked = { account, format, files, isWanted }
      const verifying = await context.administration.mailExports.verify(asked)
      if (verifying.kind !== 'verifying') throw refused(verifying)
      for (;;) {
        const step = await verifying.steps.next()
        if (step.done) return step.value
        pace.came(step.value)
      }
    } finally {
      await close()
    }
  }).finally(() => pace.end())
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
