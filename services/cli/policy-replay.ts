import type { Command } from 'commander'
import type { ReplayExample, ReplayReport } from '#shared/administration/policy.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { counted, formatTime, wrap } from './output.ts'
import { refused } from './refusal-text.ts'

/** Exit status where a verdict would be another, or nobody can say. */
const CHANGED = 2
const GROUPS_SHOWN = 20
const WIDTH = 80

type Options = {
  readonly since: string
  readonly live?: boolean
  readonly change?: readonly string[]
}

/** `postwolke policy replay`: what other settings would have made of the mail that came. */
export function replayCommand(policy: Command, define: Define): void {
  define(policy.command('replay'), {
    about:
      'decide again, by other settings, what was decided: which verdicts would be others, and why',
    options: (command) =>
      command
        .option('--since <time>', 'how far back: 30m, 4h, 7d', '7d')
        .option(
          '--change <key=value>',
          'a setting as it would be if it were changed while the system runs, may be repeated',
          (value: string, all: readonly string[] = []) => [...all, value],
        )
        .option('--live', 'ask the DNS now for what it was not asked then')
        .addHelpText(
          'after',
          '\nOn a data folder --config and --set say by which settings, too. Nothing is counted or written. Accounts and tables are those of today. Greylisting, policy servers and what was counted say what they said then.\nExit status: 0 where all verdicts are the same, 2 where some are not or nobody can say, 1 for a mistake.',
        ),
    async run(context, _, options: Options) {
      const report = await context.administration.policy.replay({
        since: options.since,
        asksDns: options.live === true,
        ...(options.change && { changes: changesOf(options.change) }),
      })
      if (report.kind !== 'replayed') throw refused(report, { since: '--since' })
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

function lines(report: ReplayReport, width = WIDTH): string[] {
  const { decisions, sinceMs, changed, undecided, isCut } = report
  const same = decisions - changed.count - undecided.count
  return [
    `${counted(decisions, 'verdict')} since ${formatTime(sinceMs)}: ${same} the same`,
    ...(isCut ? ['there are more, which nobody has looked at'] : []),
    ...section(`${changed.count} would be others:`, changed, width),
    ...section(`${undecided.count} nobody can tell, as it was not asked then:`, undecided, width),
  ]
}

function section(heading: string, { kinds }: ReplayReport['changed'], width: number): string[] {
  if (kinds.length === 0) return []
  const left = kinds.length - GROUPS_SHOWN
  return [
    '',
    heading,
    ...kinds
      .slice(0, GROUPS_SHOWN)
      .flatMap(({ kind, count, examples }) => [
        ...wrap(`${count}  ${kind}`, width, '  '),
        ...examples.flatMap((example) => wrap(exampleText(example), width, '      ')),
      ]),
    ...(left > 0 ? [`  and ${left} more kinds`] : []),
  ]
}

const exampleText = ({ queueId, remoteAddress, sender, ...asked }: ReplayExample) =>
  `${queueId} ${remoteAddress} <${sender}> ${aboutText(asked)}`

type About = Pick<ReplayExample, 'ask' | 'recipient' | 'stage'>

function aboutText({ ask, recipient, stage }: About): string {
  if (recipient !== null) return `recipient ${recipient}`
  if (stage !== null) return stage === 'connect' ? 'client' : stage
  return ask === 'message' ? 'end of data' : ask
}

const toldGroups = ({ count, kinds }: ReplayReport['changed']) => ({
  count,
  kinds: kinds.map(({ examples, ...kind }) => ({
    ...kind,
    examples: examples.map(({ ask, recipient, stage, ...one }) => ({
      ...one,
      about: aboutText({ ask, recipient, stage }),
    })),
  })),
})

function changesOf(given: readonly string[]): StoredSettings {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new CommandFailure(`--change: '${text}' is no key=value`, 'usage')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

const shown = ({ decisions, sinceMs, changed, undecided, isCut }: ReplayReport) => ({
  sinceMs,
  decisions,
  changed: toldGroups(changed),
  undecided: toldGroups(undecided),
  isCut,
})
