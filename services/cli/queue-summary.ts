// `postwolke queue top` and `stats`: the queue in numbers, as qshape shows it, with the reason that was given most.

import type { Command } from 'commander'
import type { QueueTop, StateRow, TopKind, TopRow } from '#shared/administration/queue-summary.ts'
import { AGE_MINUTES, topKinds } from '#shared/administration/queue-summary.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatBytes, formatTime } from './output.ts'
import { type FilterOptions, filterOf, withFilterOptions } from './queue-filter-options.ts'
import { refused } from './refusal-text.ts'

const LIMIT_DEFAULT = '20'

export function summaryCommands(queue: Command, define: Define): void {
  define.quick(queue.command('top'), ['queue'], {
    about:
      'show where mail waits most, for how many minutes (T: in all), and the reason given most',
    options: (command) =>
      withFilterOptions(command)
        .option('--by <what>', `count by ${topKinds.join(', ')}`, 'destination')
        .option('--limit <count>', 'so many rows', LIMIT_DEFAULT),
    async run(
      { administration, output, process },
      _,
      options: FilterOptions & { readonly by: string; readonly limit: string },
    ) {
      const by = kindOf(options.by)
      const limit = Number(options.limit)
      if (!Number.isInteger(limit) || limit < 1) {
        throw new CommandFailure(`--limit: '${options.limit}' is no number from 1`, 'usage')
      }
      const top = await administration.queue.top(filterOf(options), { by, limit })
      if (top.kind !== 'top') throw refused(top)
      output.print(shownTop(top), () => topLines(top, by, process.columns))
    },
  })

  define.quick(queue.command('stats'), ['queue'], {
    about: 'show how much is in each state, the oldest of it, and when the next is tried again',
    options: withFilterOptions,
    async run({ administration, output }, _, options: FilterOptions) {
      const stats = await administration.queue.stats(filterOf(options))
      if (stats.kind !== 'stats') throw refused(stats)
      output.print(stats.states.map(shownState), () =>
        stats.states.length === 0 ? ['the queue is empty'] : stateLines(stats.states),
      )
    },
  })
}

function kindOf(text: string): TopKind {
  const kind = topKinds.find((one) => one === text)
  if (kind === undefined)
    throw new CommandFailure(`--by: '${text}' is none of ${topKinds.join(', ')}`, 'usage')
  return kind
}

function topLines(top: QueueTop, by: TopKind, width: number | undefined): readonly string[] {
  if (top.total.recipients === 0) return ['the queue is empty']
  const heading = [by.toUpperCase(), 'T', ...AGE_MINUTES.map(String), `${AGE_MINUTES.at(-1)}+`]
  const isReason = by === 'reason'
  const rows = [top.total, ...top.rows].map((row) => [
    isReason || width === undefined ? row.name : row.name.slice(0, NAME_CHARACTERS_MAX),
    String(row.recipients),
    ...row.ages.map(String),
    isReason || row === top.total ? '' : (row.reason ?? ''),
  ])
  const lines = columns([...heading, isReason ? '' : 'REASON'], rows)
  const more = top.more === 0 ? [] : [`and ${top.more} more; --limit shows them`]
  const cut = (line: string) => (width === undefined ? line : line.slice(0, width))
  return [...lines.map(cut), ...more]
}

/** Of a name beside the numbers of its row, on a terminal. */
const NAME_CHARACTERS_MAX = 30

const shownRow = ({ name, recipients, ages, oldestMs, reason }: TopRow) => ({
  name,
  recipients,
  ages: Object.fromEntries(
    ages.map((count, i) => [AGE_MINUTES[i] ?? `${AGE_MINUTES.at(-1)}+`, count]),
  ),
  oldest: Number.isFinite(oldestMs) ? formatTime(oldestMs) : null,
  reason,
})

const shownTop = ({ total, rows, more }: QueueTop) => ({
  total: shownRow(total),
  rows: rows.map(shownRow),
  more,
})

const shownState = ({ oldestMs, nextMs, ...row }: StateRow) => ({
  ...row,
  oldest: formatTime(oldestMs),
  next: nextMs === null ? null : formatTime(nextMs),
})

const stateLines = (states: readonly StateRow[]) =>
  columns(
    ['STATE', 'MESSAGES', 'RECIPIENTS', 'SIZE', 'OLDEST', 'NEXT TRY'],
    states.map(({ state, messages, recipients, bytes, oldestMs, nextMs }) => [
      state,
      String(messages),
      String(recipients),
      formatBytes(bytes),
      formatTime(oldestMs),
      nextMs === null ? '' : formatTime(nextMs),
    ]),
  )
