// One dashboard: mail coming in, waiting, going out, being read, and what that costs.

import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { FIVE_MINUTES, ownMetric, sumOf, unhealthy } from './metrics.ts'
import type { Monitored } from './monitoring.ts'
import { metricsNamespace } from './variables.ts'

const COLUMNS = 24

export function createDashboard(scope: Construct, monitored: Monitored): void {
  const rows = {
    Inbound: inbound(monitored),
    Queue: queue(monitored),
    Outbound: outbound(monitored),
    Mailboxes: mailboxes(monitored),
    Cost: cost(monitored),
  }
  const widgets: IWidget[][] = Object.entries(rows).flatMap(([title, graphs]) => [
    [new TextWidget({ markdown: `## ${title}`, width: COLUMNS, height: 1 })],
    graphs.map(
      ([name, left]) =>
        new GraphWidget({ title: name, left: [...left], width: COLUMNS / graphs.length }),
    ),
  ])
  new Dashboard(scope, 'Dashboard', { widgets })
}

type Graphs = readonly (readonly [title: string, metrics: readonly IMetric[]])[]

function own({ deployment }: Monitored) {
  const namespace = metricsNamespace(deployment)
  return (...[name, statistic]: [Parameters<typeof ownMetric>[1], string?]) =>
    ownMetric(namespace, name, statistic)
}

function inbound(monitored: Monitored): Graphs {
  const metric = own(monitored)
  const { services } = monitored
  return [
    ['Messages', [metric('Accepted'), metric('Rejected')]],
    ['Failed logins', [metric('LoginFailures')]],
    [
      'Containers (%)',
      services.flatMap(({ service }) => [
        service.metricCpuUtilization(),
        service.metricMemoryUtilization(),
      ]),
    ],
    ['Unhealthy', [unhealthy(services)]],
  ]
}

function queue(monitored: Monitored): Graphs {
  const metric = own(monitored)
  const { incoming, active } = monitored.queues
  const ages = [incoming, active].map((bell) =>
    bell.queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES }),
  )
  return [
    ['Oldest bell (s)', ages],
    ['Late (s)', [metric('DueLagSeconds', Stats.MAXIMUM)]],
    ['Dead bells', [metric('DeadLetters')]],
    ['Set aside, held', [metric('Corrupt'), metric('Held', Stats.MAXIMUM)]],
    ['Oldest deferred (s)', [metric('DeferredAgeSeconds', Stats.MAXIMUM)]],
  ]
}

function outbound(monitored: Monitored): Graphs {
  const metric = own(monitored)
  const { functions } = monitored
  const errors = functions.map(({ lambda }) => lambda.metricErrors({ period: FIVE_MINUTES }))
  const throttles = functions.map(({ lambda }) => lambda.metricThrottles({ period: FIVE_MINUTES }))
  return [
    ['Recipients', [metric('Delivered'), metric('Deferred'), metric('Failed')]],
    ['Errors logged', [metric('Failures')]],
    ['Functions', [sumOf('errors', errors), sumOf('throttles', throttles)]],
  ]
}

function mailboxes(monitored: Monitored): Graphs {
  const metric = own(monitored)
  const flows = monitored.loadBalancer.balancer.metrics.activeFlowCount({ period: FIVE_MINUTES })
  return [
    ['Connections', [flows]],
    ['Event loop lag (ms)', [metric('EventLoopLagMilliseconds', Stats.MAXIMUM)]],
    ['Certificate (days)', [metric('CertificateDaysLeft', Stats.MINIMUM)]],
  ]
}

/** What is paid by use; the rest is the same every hour. */
function cost({ deployment, storage, loadBalancer, functions }: Monitored): Graphs {
  const sum = { period: FIVE_MINUTES, statistic: Stats.SUM }
  const tables = Object.values(storage.tables)
  const { metrics } = loadBalancer.balancer
  return [
    ['Table reads', tables.map((table) => table.metricConsumedReadCapacityUnits(sum))],
    ['Throttled', [ownMetric(metricsNamespace(deployment), 'Throttled')]],
    ['Table writes', tables.map((table) => table.metricConsumedWriteCapacityUnits(sum))],
    ['Function time (ms)', functions.map(({ lambda }) => lambda.metricDuration(sum))],
    [
      'Load balancer',
      [
        metrics.consumedLCUs({ period: FIVE_MINUTES }),
        metrics.processedBytes({ period: FIVE_MINUTES }),
      ],
    ],
  ]
}
