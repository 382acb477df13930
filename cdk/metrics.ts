// Metrics as alarms and dashboard read them: the system's own, which its entries write into their logs, and those of AWS.

import { Duration } from 'aws-cdk-lib'
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { MetricName } from '#services/aws/environment.ts'

export const FIVE_MINUTES = Duration.minutes(5)

export function ownMetric(
  namespace: string,
  metricName: MetricName,
  statistic: string = Stats.SUM,
  period: Duration = FIVE_MINUTES,
): Metric {
  return new Metric({ namespace, metricName, statistic, period })
}

/** The sum of some metrics, of at most ten. The label begins with a small letter and is one word: ids are made of it. */
export function sumOf(label: string, metrics: readonly IMetric[], period = FIVE_MINUTES) {
  return combined('SUM', label, metrics, period)
}

/** The highest of some metrics. */
export function maxOf(label: string, metrics: readonly IMetric[]) {
  return combined('MAX', label, metrics, FIVE_MINUTES)
}

function combined(operator: string, label: string, metrics: readonly IMetric[], period: Duration) {
  const usingMetrics = Object.fromEntries(metrics.map((metric, n) => [`${label}${n}`, metric]))
  const names = Object.keys(usingMetrics).join(', ')
  return new MathExpression({ expression: `${operator}([${names}])`, usingMetrics, label, period })
}

/** Targets that answer, of the service that has fewest; none at all is also a service whose tasks cannot start. */
export function healthy(
  services: readonly { readonly targetGroups: readonly NetworkTargetGroup[] }[],
): MathExpression {
  const period = Duration.minutes(1)
  const each = services
    .flatMap(({ targetGroups }) => targetGroups.slice(0, 1))
    .map(({ metrics }) => metrics.healthyHostCount({ period, statistic: Stats.MAXIMUM }))
  return combined('MIN', 'healthy', each, period)
}

/** Which part of the attempts to deliver did not succeed for now, between 0 and 1; 0 below so many attempts in a period. */
export function deferredShare(namespace: string, attemptsMin: number): MathExpression {
  const usingMetrics = {
    deferred: ownMetric(namespace, 'Deferred'),
    delivered: ownMetric(namespace, 'Delivered'),
  }
  const attempts = '(FILL(deferred, 0) + FILL(delivered, 0))'
  return new MathExpression({
    expression: `IF(${attempts} >= ${attemptsMin}, FILL(deferred, 0) / ${attempts}, 0)`,
    usingMetrics,
    label: 'deferred share',
    period: FIVE_MINUTES,
  })
}

/** All target groups of a service ask the same health check. */
export function unhealthy(
  services: readonly { readonly targetGroups: readonly NetworkTargetGroup[] }[],
): MathExpression {
  const period = Duration.minutes(1)
  const each = services
    .flatMap(({ targetGroups }) => targetGroups.slice(0, 1))
    .map(({ metrics }) => metrics.unHealthyHostCount({ period, statistic: Stats.MAXIMUM }))
  return sumOf('unhealthy', each, period)
}
