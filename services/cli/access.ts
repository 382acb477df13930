import type { Command } from 'commander'
import { accessKindNames } from '#shared/administration/access-kinds.ts'
import type { AccessImported } from '#shared/administration/imports/access-import.ts'
import { explainAction } from './action-text.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Define } from './define.ts'
import { readAll } from './listing.ts'
import { columns, counted, warn } from './output.ts'
import { refused } from './refusal-text.ts'
import { warnAll } from './warning-text.ts'

const anyOption = [
  '--any-result',
  'take any result: of a table that a setting names for a list (relayDomains, relayRecipientMaps, relayClientcerts) or a map (transportMaps and its like)',
] as const

/** `postwolke access …`: the tables of check_client_access and its like (postmap). */
export function accessCommands(parent: Command, define: Define): void {
  const access = parent
    .command('access')
    .description('access tables: what restrictions say of clients, senders, recipients')

  define(access.command('list [table]'), {
    about: 'list access tables, or the entries of one',
    async run({ administration, output }, [table]) {
      if (table === '') {
        const { tables } = await administration.access.tables()
        output.print(tables, (width) =>
          columns(
            ['TABLE', 'ENTRIES'],
            tables.map(({ table, entries }) => [table, String(entries)]),
            width,
          ),
        )
        return
      }
      const entries = await readAll((after) => administration.access.page({ table, after }))
      const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
      output.print(sorted, (width) =>
        columns(
          ['KEY', 'RESULT'],
          sorted.map(({ key, result }) => [key, result]),
          width,
        ),
      )
    },
  })

  define(access.command('set <table> <key> <result...>'), {
    about: 'make an entry, or give one another result; a server that runs knows it in two seconds',
    options: (command) =>
      command.option(...anyOption).addHelpText('after', `\n${keysHelp}\n${resultsHelp}`),
    async run(context, [table, key = '', ...words], { anyResult }: { anyResult?: boolean }) {
      const { administration, output, process } = context
      const result = words.join(' ')
      const set = await administration.access.set({ table, key, result, anyResult })
      if (set.kind !== 'set') throw refused(set)
      const { entry, before } = set
      output.print({ table, ...entry, before }, () => [`${entry.key} ${entry.result}`])
      warnAll(process, set.warnings)
    },
  })

  define(access.command('remove <table> [key]'), {
    about: 'remove an entry, or a table with all its entries',
    options: (command) => command.option(...yesOption),
    async run({ administration, output, process }, [table, key = ''], options) {
      if (key === '') await confirm(process, `all entries of ${table}`, options)
      const removed = await administration.access.remove({
        table,
        ...(key !== '' && { key }),
      })
      if (removed.kind !== 'removed') throw refused(removed)
      const { entries } = removed
      output.print({ table, ...(key !== '' && { key }), entries }, () => [
        key === '' ? `table ${table} removed with ${entryCount(entries)}` : `entry ${key} removed`,
      ])
    },
  })

  define(access.command('test <table> <kind> <value>'), {
    about: `show what a table says: every key that is asked for, what is found, what that does (postmap -q)`,
    options: (command) =>
      command.addHelpText(
        'after',
        `\nKinds: ${accessKindNames.join(', ')}. A client is a name, an address or name[address]; <> is the null sender.`,
      ),
    async run({ administration, output }, [table, of = '', value = '']) {
      const tested = await administration.access.test({ table, of, value })
      if (tested.kind !== 'tested') throw refused(tested)
      const { keys, address, hit, action } = tested
      const does = action === null ? null : explainAction(action)
      const page = hit === null ? await administration.access.page({ table }) : undefined
      const isEmpty = page !== undefined && page.kind !== 'page'
      output.print({ keys, address, hit, does }, () => [
        `asked for  ${[...keys, ...(address === null ? [] : [`${address} and networks around it`])].join('  ')}`,
        ...(hit === null || does === null
          ? [
              `found      nothing${isEmpty ? ` in ${table}, a table without entries` : ''}: the list goes on`,
            ]
          : [`found      ${hit.key}  ${hit.result}`, `which      ${does}`]),
      ])
    },
  })

  define(access.command('import <table> <file>'), {
    about:
      'set the entries of a file (- for standard input): access(5) as for postmap, or cidr_table(5)',
    options: (command) =>
      command
        .option('--replace', 'take out of the table what is not in the file')
        .option('--continue', 'leave lines out that are wrong; else nothing is done')
        .option('--dry-run', 'only check the file')
        .option(...anyOption),
    async run(context, [table, file = ''], options: ImportFlags) {
      const { administration, output, process } = context
      const [{ readImport }, { explainRow, LineProblems }, { sourceOf }] = await Promise.all([
        import('./import-run.ts'),
        import('./import-text.ts'),
        import('#shared/administration/imports/lines.ts'),
      ])
      const { dryRun = false, replace, anyResult } = options
      const source = sourceOf(await readImport(file, process))
      const imported = await administration.access.import({
        table,
        source,
        skipFaulty: options.continue,
        replace,
        dryRun,
        anyResult,
      })
      if (imported.kind === 'bad-value') throw refused(imported)
      const problems = new LineProblems()
      for (const { line, refusal } of imported.problems) problems.add(line, explainRow(refusal))
      if (imported.kind === 'faulty') {
        throw problems.failure('nothing was imported', imported.count)
      }
      const { added, changed, unchanged, removed, warnings } = imported
      output.print({ table, added, changed, unchanged, removed, dryRun }, () => [
        summary(imported, dryRun),
      ])
      const told = warnings.slice(0, WARNINGS_SHOWN_MAX)
      warnAll(process, told)
      if (told.length < warnings.length) {
        warn(process, `and ${warnings.length - told.length} more of these`)
      }
      const { count } = imported
      if (count > 0) {
        throw problems.failure(`${counted(count, 'line was', 'lines were')} left out`, count)
      }
    },
  })
}

type ImportFlags = {
  readonly replace?: boolean
  readonly continue?: boolean
  readonly dryRun?: boolean
  readonly anyResult?: boolean
}

const WARNINGS_SHOWN_MAX = 20

function summary({ added, changed, unchanged, removed }: AccessImported, dryRun: boolean): string {
  const done = `${entryCount(added)} ${dryRun ? 'would be added' : 'added'}, ${changed} changed, ${unchanged} as they were`
  return removed === 0 ? done : `${done}, ${removed} removed`
}

const entryCount = (count: number) => counted(count, 'entry', 'entries')

const keysHelp =
  'Keys: example.net (and what is below it), .example.net (only what is below), user@example.net, user@, <> (the null sender), 192.0.2.1, 192.0.2.0/24, 2001:db8::/32, a login, the SHA-256 fingerprint of a certificate.'
const resultsHelp =
  'Results: OK, DUNNO, REJECT text, DEFER text, 550 text, DEFER_IF_PERMIT, DEFER_IF_REJECT, DISCARD, HOLD, FILTER transport:destination, REDIRECT address, BCC address, PREPEND Field: value, INFO text, WARN text, or restrictions.'
