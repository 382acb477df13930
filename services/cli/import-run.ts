// An import from its file to what is said of it.

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { ImportWhat } from '#shared/administration/imports/imports.ts'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import type { ImportOptions, ImportPlan } from '#shared/administration/imports/plan.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Context, Process } from './context.ts'
import { CommandFailure } from './failure.ts'
import { explainOutcome, explainRow, LineProblems } from './import-text.ts'
import { counted, warn } from './output.ts'
import { explainWarning } from './warning-text.ts'

export async function runImport(
  what: ImportWhat,
  file: string,
  context: Context,
  options: ImportOptions,
): Promise<void> {
  const { administration, process } = context
  const source = sourceOf(await readImport(file, process))
  const plan = await administration.imports.plan(what, source)
  if (plan.kind === 'faulty') {
    const problems = new LineProblems()
    for (const { line, refusal } of plan.problems) problems.add(line, explainRow(refusal))
    throw problems.failure('nothing was imported', plan.count)
  }
  try {
    await runPlan(plan, what, context, options)
  } finally {
    if (!options.dryRun) await warnOf(plan, process)
  }
}

/** Of a file: a million accounts fit. */
const IMPORT_BYTES_MAX = 256 * 1024 ** 2

/** The file, or standard input for `-`. */
export async function readImport(file: string, process: Process): Promise<Uint8Array> {
  const bytes =
    file === '-'
      ? await process.readStdin('(end with Ctrl-D)\n')
      : await readFile(file).catch((error: NodeJS.ErrnoException) => {
          // Root's command has become the owner of the data folder by now.
          const hint = error.code === 'EACCES' ? "; 'import - < FILE' reads what only you can" : ''
          throw new CommandFailure(`cannot read the file: ${error.message}${hint}`, 'noInput')
        })
  if (bytes.length > IMPORT_BYTES_MAX) {
    throw new CommandFailure(`the file has more than ${IMPORT_BYTES_MAX} bytes; divide it`, 'data')
  }
  if (!isUtf8(bytes)) throw new CommandFailure('the file is not UTF-8', 'data')
  return bytes
}

type Plan = Extract<ImportPlan, { readonly kind: 'plan' }>

const nouns = {
  domains: ['domain', 'domains'],
  accounts: ['account', 'accounts'],
  aliases: ['alias', 'aliases'],
} as const satisfies { readonly [what in ImportWhat]: readonly [one: string, many: string] }

async function runPlan(
  plan: Plan,
  what: ImportWhat,
  { output }: Context,
  { update, dryRun = false }: ImportOptions,
): Promise<void> {
  const [one, many] = nouns[what]
  const done = { added: 0, changed: 0, unchanged: 0 }
  const problems = new LineProblems()
  const print = () =>
    output.print({ ...done, dryRun }, () => [
      `${counted(done.added, one, many)} ${dryRun ? 'would be added' : 'added'}, ${done.changed} changed, ${done.unchanged} as they were`,
    ])
  try {
    for await (const outcome of plan.run({ update, dryRun })) {
      if (outcome.kind !== 'refused') done[outcome.kind]++
      else problems.add(outcome.line, explainOutcome(outcome.key, outcome.refusal))
    }
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    print()
    throw new CommandFailure(
      `the import ended early and may be run again: ${error.message}`,
      'temporary',
    )
  }
  print()
  if (problems.size === 0) return
  throw problems.failure(
    dryRun
      ? `${counted(problems.size, 'line')} would not be imported; everything else would`
      : `${counted(problems.size, 'line was', 'lines were')} not imported; everything else is`,
  )
}

const WARNINGS_SHOWN_MAX = 20

async function warnOf(plan: Plan, process: Process): Promise<void> {
  let count = 0
  for await (const warning of plan.warnings()) {
    if (++count <= WARNINGS_SHOWN_MAX) warn(process, explainWarning(warning))
  }
  const more = count - WARNINGS_SHOWN_MAX
  if (more > 0) warn(process, `and ${more} more of these`)
}
