// Metrics as alarms and dashboard read them: the system's own, which its entries write into their logs, and those of AWS.

import { Duration } from 'aws-cdk-lib'
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { MetricName } from '#services/aws/environment.ts'
import type { Deployment } from './configuration.ts'
import { metricsNamespace } from './variables.ts'

export const FIVE_MINUTES = Duration.minutes(5)

export function ownMetric(
  deployment: Deployment,
  metricName: MetricName,
  statistic: string = Stats.SUM,
  period: Duration = FIVE_MINUTES,
): Metric {
  return new Metric({ namespace: metricsNamespace(deployment), metricName, statistic, period })
}

/** The sum of some metrics, of at most ten. The label begins with a small letter and is one word: ids are made of it. */
export function sumOf(label: string, metrics: readonly IMetric[], period = FIVE_MINUTES) {
  return combine('SUM', label, metrics, period)
}

/** The highest of some metrics. */
export function maxOf(label: string, metrics: readonly IMetric[], period = FIVE_MINUTES) {
  return combine('MAX', label, metrics, period)
}

/** The lowest of some metrics. */
export function minOf(label: string, metrics: readonly IMetric[], period = FIVE_MINUTES) {
  return combine('MIN', label, metrics, period)
}

function combine(operator: string, label: string, metrics: readonly IMetric[], period: Duration) {
  const usingMetrics = Object.fromEntries(metrics.map((metric, n) => [`${label}${n}`, metric]))
  const names = Object.keys(usingMetrics).join(', ')
  return new MathExpression({ expression: `${operator}([${names}])`, usingMetrics, label, period })
}
