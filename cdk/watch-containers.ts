// What is to be watched of all containers together, whichever services they are in.

import { Duration } from 'aws-cdk-lib'
import { ComparisonOperator, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { FargateService } from 'aws-cdk-lib/aws-ecs'
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { MetricName } from '#services/aws/environment.ts'
import type { Deployment } from './configuration.ts'
import { maxOf, minOf, ownMetric, sumOf } from './metrics.ts'
import type { Watched } from './watched.ts'

/** Of processor or memory: where scaling out did not help, or there is nothing to scale. */
const BUSY_PERCENT = 80

type Containers = readonly {
  readonly service: FargateService
  readonly targetGroups: readonly NetworkTargetGroup[]
}[]

/** That they answer, have room and a certificate, and who comes to them. */
export function watchContainers(deployment: Deployment, containers: Containers): Watched {
  const cpu = containers.map(({ service }) => service.metricCpuUtilization())
  const memory = containers.map(({ service }) => service.metricMemoryUtilization())
  const own = (name: MetricName, statistic?: string, period?: Duration) =>
    ownMetric(deployment, name, statistic, period)
  return {
    alarms: [
      {
        name: 'NoHealthyEdge',
        meaning: 'No container answers: nobody can send or read mail',
        metric: healthy(containers),
        threshold: 1,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: 3,
        isBadWithoutData: true,
      },
      {
        name: 'UnhealthyEdge',
        meaning: 'A container does not answer the load balancer',
        metric: unhealthy(containers),
        threshold: 0,
        periods: 5,
      },
      {
        name: 'EdgeCpu',
        meaning: 'Containers have no processor time left',
        metric: maxOf('cpu', cpu),
        threshold: BUSY_PERCENT,
        periods: 3,
      },
      {
        name: 'EdgeMemory',
        meaning: 'Containers have no memory left',
        metric: maxOf('memory', memory),
        threshold: BUSY_PERCENT,
        periods: 3,
      },
      {
        name: 'CertificateDays',
        meaning: 'The certificate was not renewed in time',
        // Tasks tell it twice a day.
        metric: own('CertificateDaysLeft', Stats.MINIMUM, Duration.days(1)),
        threshold: 21,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: 2,
        bad: 1,
      },
      {
        name: 'LoginFailures',
        meaning: 'Somebody guesses passwords',
        metric: own('LoginFailures'),
        threshold: { hobby: 50, standard: 200, scale: 2_000 },
      },
    ],
    graphs: [
      { row: 'Inbound', title: 'Messages', metrics: [own('Accepted'), own('Rejected')] },
      { row: 'Inbound', title: 'Failed logins', metrics: [own('LoginFailures')] },
      {
        row: 'Inbound',
        title: 'Containers (%)',
        metrics: cpu.flatMap((metric, n) => [metric, ...memory.slice(n, n + 1)]),
      },
      { row: 'Inbound', title: 'Unhealthy', metrics: [unhealthy(containers)] },
      {
        row: 'Mailboxes',
        title: 'Event loop lag (ms)',
        metrics: [own('EventLoopLagMilliseconds', Stats.MAXIMUM)],
      },
      {
        row: 'Mailboxes',
        title: 'Certificate (days)',
        metrics: [own('CertificateDaysLeft', Stats.MINIMUM)],
      },
    ],
  }
}

/** All target groups of a service ask the same health check. */
function askedOf(containers: Containers): readonly NetworkTargetGroup[] {
  return containers.flatMap(({ targetGroups }) => targetGroups.slice(0, 1))
}

/** Targets that answer, of the service that has fewest; none at all is also a service whose tasks cannot start. */
function healthy(containers: Containers): IMetric {
  const period = Duration.minutes(1)
  const each = askedOf(containers).map(({ metrics }) =>
    metrics.healthyHostCount({ period, statistic: Stats.MAXIMUM }),
  )
  return minOf('healthy', each, period)
}

function unhealthy(containers: Containers): IMetric {
  const period = Duration.minutes(1)
  const each = askedOf(containers).map(({ metrics }) =>
    metrics.unHealthyHostCount({ period, statistic: Stats.MAXIMUM }),
  )
  return sumOf('unhealthy', each, period)
}
