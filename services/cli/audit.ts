import type { Command } from 'commander'
import type { AuditFacts } from '#shared/administration/audit/entries.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { printableJson } from '#shared/runtime/printable.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted, formatTime } from './output.ts'

type Filters = {
  readonly actor?: string
  readonly object?: string
  readonly domain?: string
  readonly operation?: string
  readonly result?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
}

const LIST_ENTRIES = 50
const LIST_ENTRIES_MAX = 100_000
const PAGE_ENTRIES = 500
const age = duration({ min: 0, max: 3_650 * 86_400_000 })

/** `postwolke audit …`: who did what, and whether the record is whole. */
export function auditCommands(parent: Command, define: Define): void {
  const audit = parent.command('audit').description('the record of what was done')

  const withFilters = (command: Command) =>
    command
      .option('--actor <name>', 'what this account or user did')
      .option('--object <path>', 'what was done to this: accounts/ann@example.org')
      .option('--domain <domain>', 'what was done in this domain')
      .option('--operation <name>', 'what was done so: accounts.update, or "account set" here')
      .option('--result <code>', 'what ended so: ok, unknown, or the code of a refusal')
      .option('--since <time>', 'not older than this: 3d')
      .option('--until <time>', 'older than this: 1d')

  define<Filters>(audit.command('list'), {
    about: 'list what was done, the newest first',
    options: (command) =>
      withFilters(command).option('--limit <n>', `entries at most (default: ${LIST_ENTRIES})`),
    async run(context, _, options) {
      const limit = Number(options.limit ?? LIST_ENTRIES)
      if (!Number.isInteger(limit) || limit < 1 || limit > LIST_ENTRIES_MAX) {
        throw new CommandFailure(`--limit is a number from 1 to ${LIST_ENTRIES_MAX}`, 'usage')
      }
      const found: AuditFacts[] = []
      for await (const facts of entries(context, options)) {
        found.push(facts)
        if (found.length === limit) break
      }
      context.output.print(found.map(shown), (width) =>
        columns(
          ['id', 'time', 'who', 'what', 'of', 'result'],
          found.map(({ id, atMs, actor, operation, object, result }) => [
            id,
            formatTime(atMs),
            actor.name === '' ? '(nobody)' : actor.name,
            operation,
            object,
            result ?? 'unknown',
          ]),
          width,
        ),
      )
    },
  })

  define<Filters>(audit.command('export'), {
    about: 'print all of it, a line of JSON each',
    options: withFilters,
    async run(context, _, options) {
      for await (const facts of entries(context, options)) {
        context.process.write(`${printableJson(JSON.stringify(shown(facts)))}\n`)
      }
    },
  })

  define(audit.command('show <id>'), {
    about: 'show one entry with all that it changed',
    async run({ administration, output }, [id]) {
      const found = await administration.audit.get(id, { kind: 'all' })
      if (found === undefined) throw new CommandFailure(`no entry ${id} in the record`, 'noUser')
      const facts = shown(found)
      output.print(facts, () => JSON.stringify(facts, null, 2).split('\n'))
    },
  })

  define(audit.command('verify'), {
    about: 'check each sealed day against its seal: whether an entry was removed or changed',
    async run({ administration, output }) {
      const { days, head } = await administration.auditSeals.verify()
      const wrong = days.filter(({ state }) => state === 'differs' || state === 'missing')
      output.print({ days, head }, (width) => [
        ...columns(
          ['day', 'entries', 'state'],
          days.map(({ date, count, state }) => [date, String(count), state]),
          width,
        ),
        head === null ? 'no day is sealed yet' : `newest seal: ${head.date} ${head.digest}`,
      ])
      if (wrong.length > 0) {
        throw new CommandFailure(
          `the record of ${counted(wrong.length, 'day')} is not as it was sealed`,
        )
      }
    },
  })
}

const shown = ({ atMs, endedMs, ...facts }: AuditFacts) => ({
  ...facts,
  at: new Date(atMs).toISOString(),
  endedAt: endedMs === null ? null : new Date(endedMs).toISOString(),
})

async function* entries(
  { administration }: Parameters<Parameters<Define>[1]['run']>[0],
  { since, until, actor, object, domain, operation, result }: Filters,
): AsyncGenerator<AuditFacts> {
  const ageMs = ageOf('--since', since)
  const newestMs = ageOf('--until', until)
  const untilMs = newestMs === undefined ? undefined : systemClock.now() - newestMs
  let after: string | undefined
  do {
    const page = await administration.audit.page({
      extent: { kind: 'all' },
      ...{ actor, object, domain, operation, result },
      ...{ ageMs, untilMs },
      after,
      limit: PAGE_ENTRIES,
    })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

function ageOf(option: string, text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : age.parse(text)
  if (text !== undefined && ms === undefined) {
    throw new CommandFailure(`${option} cannot be '${text}'; allowed: ${age.allowed}`, 'usage')
  }
  return ms
}
