// What is counted of a running system, so that an alarm can watch it. One line of the log in CloudWatch's embedded metric
// format carries all that has gathered; while nothing happens nothing is written, and an idle system pays for no metric.

import type { Log } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import { type MetricName, metricUnits } from './environment.ts'

export type Metrics = {
  count(name: MetricName, times?: number): void
  gauge(name: MetricName, value: number): void
  /** Writes what has gathered, if anything has. */
  flush(): void
}

export function createMetrics(deps: {
  readonly namespace: string
  readonly now: () => number
  readonly write: (line: string) => void
}): Metrics {
  const values = new Map<MetricName, number>()
  return {
    count: (name, times = 1) => void values.set(name, (values.get(name) ?? 0) + times),
    gauge: (name, value) =>
      void values.set(name, Math.max(value, values.get(name) ?? Number.NEGATIVE_INFINITY)),
    flush() {
      if (values.size === 0) return
      const definition = {
        Namespace: deps.namespace,
        Dimensions: [[]],
        Metrics: [...values.keys()].map((Name) => ({ Name, Unit: metricUnits[Name] })),
      }
      const _aws = { Timestamp: deps.now(), CloudWatchMetrics: [definition] }
      deps.write(`${JSON.stringify({ _aws, ...Object.fromEntries(values) })}\n`)
      values.clear()
    },
  }
}

/** What a line of the log counts as: every decision is one line, so they are counted where they are logged. */
export const countedMessages: Readonly<Record<string, MetricName>> = {
  'message accepted': 'Accepted',
  'message rejected': 'Rejected',
  'recipient rejected': 'Rejected',
  delivered: 'Delivered',
  deferred: 'Deferred',
  failed: 'Failed',
  // Of mail to accounts here: where it goes instead counts when it gets there.
  discarded: 'Delivered',
  refused: 'Failed',
  'message set aside as corrupt': 'Corrupt',
  'no worker survived this message': 'DeadLetters',
  'no worker survived this delivery': 'DeadLetters',
  'no cleanup survives any message': 'DeadLetters',
  'DynamoDB throttles': 'Throttled',
  'login failed': 'LoginFailures',
  'DNS list switched off': 'DnsListsOff',
}

/** The same log, counted. */
export const countedLog = (log: Log, metrics: Metrics): Log =>
  tappedLog(log, ({ level, fields, message }) => {
    const name = countedMessages[message]
    // One line may stand for many (repeated-lines.ts).
    const { times } = fields
    if (name !== undefined) metrics.count(name, typeof times === 'number' ? times : 1)
    if (level === 'error') metrics.count('Failures')
  })
