// An export from its beginning to its end: what is shown meanwhile, and what is said of it. Whatever ends it, what is written is written.

import type { ExportedFolder, ExportReport } from '#shared/moving/export/report.ts'
import { type ExportTarget, TargetFailure } from '#shared/moving/export/target.ts'
import { SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { DamagedEntry } from '#shared/moving/workmail/export/archive.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { showPace } from '../import-from/pace.ts'
import { columns, formatBytes, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import { accountOf, type ExportCommandOptions, wantedPaths } from './export-options.ts'
import { placeOf } from './places.ts'

type Opened = {
  readonly target: ExportTarget
  /** After the last file; `whole` false: it ends early. */
  readonly end: (whole: boolean) => Promise<void>
}

export async function runExport(
  context: Context,
  options: ExportCommandOptions,
  format: ExportReport['format'],
  open: () => Promise<Opened>,
): Promise<void> {
  const account = accountOf(options)
  const ending = new AbortController()
  const endEarly = () => ending.abort()
  globalThis.process.once('SIGINT', endEarly)
  const pace = showPace(context.process, 1)
  try {
    const report = await toldFailures(async () => {
      const { target, end } = await open()
      let isWhole = false
      try {
        const writing = await context.administration.mailExports.write({
          account,
          format,
          to: placeOf(options),
          target,
          options: { isWanted: wantedPaths(options), signal: ending.signal },
        })
        if (writing.kind !== 'writing') throw refused(writing)
        for (;;) {
          const step = await writing.steps.next()
          if (step.done) {
            isWhole = !ending.signal.aborted
            return step.value
          }
          pace.came(step.value)
        }
      } finally {
        await end(isWhole)
      }
    })
    pace.end()
    context.output.print(report, (width) =>
      columns(
        ['FOLDER', 'MESSAGES', 'BYTES', 'WRITTEN', 'REMOVED', 'PLACE'],
        report.folders.map(row),
        width,
      ),
    )
    tellNotes(context, report)
  } finally {
    pace.end()
    globalThis.process.off('SIGINT', endEarly)
  }
  if (ending.signal.aborted)
    throw new CommandFailure('ended early; the same command goes on', 'temporary')
}

export async function toldFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TargetFailure) throw new CommandFailure(error.message, 'exists')
    if (error instanceof SourceFailure) throw new CommandFailure(error.message, 'noInput')
    if (error instanceof DamagedEntry) throw new CommandFailure(error.message)
    throw error
  }
}

const row = ({ path, messages, bytes, written, removed, place }: ExportedFolder) => [
  path,
  String(messages),
  formatBytes(bytes),
  String(written),
  String(removed),
  place || '.',
]

const NOTES_SHOWN_MAX = 30

function tellNotes({ process }: Context, { folders, notes }: ExportReport): void {
  const all = [
    ...notes.map(({ about, reason }) => `${about}: ${reason}`),
    ...folders.flatMap(({ path, notes: own }) =>
      own.map(({ about, reason }) => `${path}${about && `: ${about}`}: ${reason}`),
    ),
  ]
  for (const text of all.slice(0, NOTES_SHOWN_MAX)) warn(process, text)
  if (all.length > NOTES_SHOWN_MAX) {
    warn(process, `and ${all.length - NOTES_SHOWN_MAX} more of these, which --json has`)
  }
}
