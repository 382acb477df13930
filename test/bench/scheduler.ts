// `npm run bench -- scheduler [messages]`: the queue manager's active set with a simulated clock, 10,000 destinations and 1,000,000
// messages, with and without destinations that are dead, hang or flap. What it prints is a matter of the model; how long that took and the
// memory it needed are this machine's.

import { seededRandom } from '#test/support/faults/plan.ts'
import {
  type SimulationReport,
  type Spread,
  simulate,
  type World,
} from '#test/support/queue-simulation.ts'
import { printTable } from './table.ts'

const HOUR_MS = 3_600_000

const world = (messages: number): World => ({
  messages,
  destinations: 10_000,
  arrivalsPerSecond: 200,
  percent: { refusing: 0, hung: 0, flapping: 0, greylisting: 0 },
  senders: 5_000,
  bulkPercent: 20,
  processes: 100,
  activeMax: 20_000,
  lifetimeMs: 4 * HOUR_MS,
  random: seededRandom(1),
})

const worlds: readonly (readonly [name: string, percent: World['percent']])[] = [
  ['all healthy', { refusing: 0, hung: 0, flapping: 0, greylisting: 0 }],
  ['20 % dead', { refusing: 10, hung: 10, flapping: 0, greylisting: 0 }],
  ['40 % of all kinds', { refusing: 10, hung: 10, flapping: 10, greylisting: 10 }],
]

export async function benchScheduler(given = '1000000'): Promise<void> {
  const messages = Number(given)
  const rows = worlds.map(([name, percent]) => {
    const startedMs = performance.now()
    const report = simulate({ ...world(messages), percent })
    const seconds = (performance.now() - startedMs) / 1_000
    return rowOf(name, report, { seconds, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 })
  })
  const [first] = rows
  if (first === undefined) return
  printTable(
    ['', ...rows.map(({ name }) => name)],
    first.facts.map(([what], n) => [what, ...rows.map(({ facts }) => facts[n]?.[1] ?? '')]),
  )
}

function rowOf(
  name: string,
  report: SimulationReport,
  { seconds, heapMiB }: { readonly seconds: number; readonly heapMiB: number },
) {
  const ms = ({ median, p99, most }: Spread) =>
    `${median.toFixed(0)} / ${p99.toFixed(0)} / ${most.toFixed(0)}`
  const facts: readonly (readonly [string, string])[] = [
    ['delivered', String(report.delivered)],
    ['returned', String(report.returned)],
    ['attempts', String(report.attempts)],
    ['put off without one', String(report.suspended)],
    ['sent away for want of room', String(report.crowded)],
    ['letters wait, ms (median / p99 / most)', ms(report.lettersWaitMs)],
    ['others wait, ms', ms(report.othersWaitMs)],
    ['bulk waits, ms', ms(report.bulkWaitMs)],
    [
      'pauses / rule (least, median, most)',
      [report.pauses.least, report.pauses.median, report.pauses.most]
        .map((value) => value.toFixed(2))
        .join(', '),
    ],
    ['most under way, in all', String(report.mostAtOnce)],
    ['most under way, to one', String(report.mostAtOnceOfOne)],
    ['most in the set', String(report.mostInSet)],
    ['most destinations remembered', String(report.mostDestinations)],
    ['simulated hours', (report.endedMs / HOUR_MS).toFixed(1)],
    ['run time, s', seconds.toFixed(1)],
    ['heap behind it, MiB', heapMiB.toFixed(0)],
  ]
  return { name, facts }
}
