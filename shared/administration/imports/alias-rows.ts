// `postwolke alias import`: the lines of Postfix's virtual(5) and of aliases(5), or CSV with a heading.

import type { Command } from 'commander'
import type { Context } from '#services/cli/context.ts'
import type { Define } from '#services/cli/define.ts'
import { CommandFailure } from '#services/cli/failure.ts'
import { warn } from '#services/cli/output.ts'
import { aliasArgument, targetArguments } from '#shared/administration/fields.ts'
import {
  type Fields,
  LineProblems,
  type Record,
  readLines,
  recordsOf,
} from '#shared/administration/imports/lines.ts'
import {
  findDomains,
  type Import,
  type ImportOptions,
  runImport,
  type Wanted,
} from '#shared/administration/imports/plan.ts'
import { aliasText, aliasWarnings } from '#shared/administration/warnings.ts'
import { ALIAS_TARGETS_MAX, type Alias } from '#shared/directory/aliases.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'

const columns = ['alias', 'targets'] as const

type WantedAlias = Wanted & Alias

const ROUTES_AT_ONCE = 16
const WARNINGS_SHOWN_MAX = 20

export function aliasImportCommand(alias: Command, define: Define): void {
  define(alias.command('import <file>'), {
    about:
      'add the aliases of a file (- for standard input): lines as in virtual(5) or aliases(5), or CSV with a heading',
    options: (command) =>
      command
        .option('--update', 'give aliases that are there the targets of the file')
        .option('--dry-run', 'only check the file')
        .addHelpText(
          'after',
          `\nCSV columns: ${columns.join(', ')}; targets with commas in quotes.`,
        ),
    async run(context, [file], options: ImportOptions) {
      const problems = new LineProblems()
      const records = recordsOf(await readLines(file, context.process), columns, problems)
      const wanted: WantedAlias[] = []
      for (const { number, fields } of entries(records)) {
        try {
          wanted.push(wantedAlias(number, fields, context))
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error
          problems.add(number, error.message)
        }
      }
      const places = wanted.map(({ number, name: { domain } }) => ({ number, domain }))
      await findDomains(places, problems, context)
      try {
        await runImport(wanted, problems, context, options, importOf(context))
      } finally {
        if (problems.size === 0 && !options.dryRun) await warnOf(wanted, context)
      }
    },
  })
}

type Entry = { readonly number: number; readonly fields: Fields }

/** A line that begins with a blank goes on with the one before it. */
function entries(records: readonly Record[]): readonly Entry[] {
  const found: { number: number; text: string }[] = []
  for (const record of records) {
    if (record.kind === 'fields') continue
    const last = found.at(-1)
    if (last !== undefined && /^\s/.test(record.text)) last.text += ` ${record.text}`
    else found.push({ number: record.number, text: record.text })
  }
  return [
    ...records.filter((record) => record.kind === 'fields'),
    ...found.map(({ number, text }) => ({ number, fields: virtualFields(text.trim()) })),
  ]
}

/** `name target, target` or `name: target, target`. */
function virtualFields(text: string): Fields {
  const afterQuotes = text.startsWith('"') ? Math.max(0, text.indexOf('"', 1)) : 0
  const length = text.slice(afterQuotes).search(/[\s:]/)
  const end = length === -1 ? text.length : afterQuotes + length
  return { alias: text.slice(0, end), targets: text.slice(end).replace(/^\s*:/, '') }
}

function wantedAlias(number: number, fields: Fields, context: Context): WantedAlias {
  const name = aliasArgument(fields.alias ?? '', context)
  const targets = targetArguments([fields.targets ?? ''], context)
  const { size } = new Set(targets.map(formatAddress))
  if (size === 0 || size > ALIAS_TARGETS_MAX) {
    throw new CommandFailure(`${aliasText(name)} has ${size} targets; 1 to ${ALIAS_TARGETS_MAX}`)
  }
  return { number, key: aliasText(name).toLowerCase(), name, targets }
}

function importOf({ core }: Context): Import<WantedAlias> {
  const { aliases } = core.directory
  return {
    one: 'alias',
    many: 'aliases',
    async standing({ name, targets }) {
      const found = await aliases.get(name)
      if (found === undefined) return 'missing'
      const there = new Set(found.targets.map(formatAddress))
      const given = new Set(targets.map(formatAddress))
      return there.symmetricDifference(given).size === 0 ? 'same' : 'differs'
    },
    async add(some) {
      const added = await aliases.addAll(some)
      return added.map(({ kind }) =>
        kind === 'ok' ? { kind } : { kind: 'refused', reason: reasons[kind] },
      )
    },
    async update({ name, targets }) {
      const { kind } = await aliases.set(name, targets)
      return kind === 'ok' ? { kind } : { kind: 'refused', reason: 'it was removed meanwhile' }
    },
  }
}

const reasons = {
  exists: 'it was added meanwhile',
  'no-such-domain': 'its domain was removed meanwhile',
  'bad-targets': 'it has no targets, or too many',
} as const

/** When all are there: they lead to each other. */
async function warnOf(wanted: readonly Alias[], { core, process }: Context): Promise<void> {
  const found = await concurrently(wanted, ROUTES_AT_ONCE, (alias) => aliasWarnings(alias, core))
  const all = found.flat()
  for (const text of all.slice(0, WARNINGS_SHOWN_MAX)) warn(process, text)
  if (all.length > WARNINGS_SHOWN_MAX) {
    warn(process, `and ${all.length - WARNINGS_SHOWN_MAX} more of these`)
  }
}
