import type { Command } from 'commander'
import { outcomeOf, type Replayed } from '#shared/contracts/decisions.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { subjectOf } from './explanation-text.ts'
import { CommandFailure } from './failure.ts'
import { counted, formatTime, wrap } from './output.ts'

const DAY_MS = 24 * 3_600_000
const sinceKind = duration({ min: 0, max: 90 * DAY_MS })
/** Exit status where a verdict would be another, or nobody can say. */
const CHANGED = 2
const EXAMPLES_MAX = 3
/** Kinds of changes that are told apart. */
const GROUPS_MAX = 1_000
const GROUPS_SHOWN = 20
const WIDTH = 80

type Options = { readonly since: string; readonly live?: boolean }

/** `postwolke policy replay`: what other settings would have made of the mail that came. */
export function replayCommand(policy: Command, define: Define): void {
  define(policy.command('replay'), {
    about:
      'decide again, by the settings of --config and --set, what was decided: which verdicts would be others, and why',
    options: (command) =>
      command
        .option('--since <time>', 'how far back: 30m, 4h, 7d', '7d')
        .option('--live', 'ask the DNS now for what it was not asked then')
        .addHelpText(
          'after',
          '\nNothing is counted or written. Accounts and tables are those of today. Greylisting, policy servers and what was counted say what they said then.\nExit status: 0 where all verdicts are the same, 2 where some are not or nobody can say, 1 for a mistake.',
        ),
    async run(context, _, options: Options) {
      const report = await replay(context, options)
      context.output.print(shown(report), () => lines(report, context.process.columns))
      const { changed, undecided } = report
      if (changed.count + undecided.count === 0) return
      throw new CommandFailure(
        `of ${counted(report.decisions, 'verdict')} ${changed.count} would be others, ${undecided.count} nobody can tell`,
        CHANGED,
      )
    },
  })
}

type Example = {
  readonly queueId: string
  readonly atMs: number
  readonly remoteAddress: string
  readonly sender: string
  readonly about: string
}

type Group = { count: number; readonly examples: Example[] }

type Report = {
  readonly sinceMs: number
  /** Of a flood each stands for many. */
  decisions: number
  readonly changed: Groups
  readonly undecided: Groups
}

/** By what they have in common. */
class Groups {
  count = 0
  readonly #groups = new Map<string, Group>()

  add(name: string, weight: number, example: Example): void {
    this.count += weight
    const isFull = this.#groups.size >= GROUPS_MAX && !this.#groups.has(name)
    const known = isFull ? 'others' : name
    const group = this.#groups.get(known) ?? { count: 0, examples: [] }
    group.count += weight
    if (group.examples.length < EXAMPLES_MAX) group.examples.push(example)
    this.#groups.set(known, group)
  }

  /** The largest first. */
  sorted(): readonly (readonly [string, Group])[] {
    return [...this.#groups].toSorted(([, a], [, b]) => b.count - a.count)
  }
}

async function replay({ backend }: Context, { since, live }: Options): Promise<Report> {
  const spanMs = sinceKind.parse(since)
  if (spanMs === undefined)
    throw new CommandFailure(`--since: '${since}' is not ${sinceKind.allowed}`, 'usage')
  const sinceMs = backend.clock.now() - spanMs
  const { replaySince } = await import('#services/assembly/rehearsal.ts')
  const report: Report = { sinceMs, decisions: 0, changed: new Groups(), undecided: new Groups() }
  const { settings } = backend
  const all = replaySince(backend, { settings, sinceMs, asksDns: live === true })
  for await (const replayed of all) note(report, replayed)
  return report
}

function note(report: Report, { record, verdict, isChanged, unknown }: Replayed): void {
  const { weight, request, atMs } = record
  report.decisions += weight
  const { queueId, origin } = request
  const example = {
    queueId,
    atMs,
    remoteAddress: origin.remoteAddress,
    sender:
      record.ask === 'data' || record.ask === 'message'
        ? record.request.envelope.sender
        : record.request.sender,
    about: subjectOf(record),
  }
  const [first] = unknown
  if (first !== undefined) {
    report.undecided.add(kindOf(first), weight, example)
  } else if (isChanged) {
    report.changed.add(`${outcomeOf(record.verdict)} -> ${outcomeOf(verdict)}`, weight, example)
  }
}

/** Of an IPv4 address. */
const ADDRESS_LABELS_MIN = 4

/** Questions about one list, or of one type, are alike; a restriction is itself. */
function kindOf(question: string): string {
  const [type = '', name = '', ...more] = question.split(' ')
  if (more.length > 0 || !dnsTypes.has(type)) return question
  const labels = name.split('.')
  const end = labels.findIndex((label) => !/^[0-9a-f]{1,3}$/.test(label))
  const zone = end >= ADDRESS_LABELS_MIN ? labels.slice(end).join('.') : undefined
  return zone === undefined ? `${type} of names` : `${type} below ${zone}`
}

const dnsTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'MX', 'NS', 'PTR', 'TXT'])

function lines({ decisions, sinceMs, changed, undecided }: Report, width = WIDTH): string[] {
  const same = decisions - changed.count - undecided.count
  return [
    `${counted(decisions, 'verdict')} since ${formatTime(sinceMs)}: ${same} the same`,
    ...section(`${changed.count} would be others:`, changed, width),
    ...section(`${undecided.count} nobody can tell, as it was not asked then:`, undecided, width),
  ]
}

function section(heading: string, groups: Groups, width: number): string[] {
  const sorted = groups.sorted()
  if (sorted.length === 0) return []
  const left = sorted.length - GROUPS_SHOWN
  return [
    '',
    heading,
    ...sorted
      .slice(0, GROUPS_SHOWN)
      .flatMap(([name, { count, examples }]) => [
        ...wrap(`${count}  ${name}`, width, '  '),
        ...examples.flatMap((example) => wrap(exampleText(example), width, '      ')),
      ]),
    ...(left > 0 ? [`  and ${left} more kinds`] : []),
  ]
}

const exampleText = ({ queueId, remoteAddress, sender, about }: Example) =>
  `${queueId} ${remoteAddress} <${sender}> ${about}`

function shown({ decisions, sinceMs, changed, undecided }: Report) {
  const groups = (all: Groups) => ({
    count: all.count,
    kinds: all.sorted().map(([kind, group]) => ({ kind, ...group })),
  })
  return { sinceMs, decisions, changed: groups(changed), undecided: groups(undecided) }
}
