// sweeper: rings the bell again for whatever is due, so that a lost bell or a dead worker is a delay and never a loss; and
// takes the bells that no worker survived. Keeps the signing keys of domains, too.

import { Duration } from 'aws-cdk-lib'
import { ComparisonOperator, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { MetricName, sweeperJobs } from '#services/aws/environment.ts'
import { STORE_PK } from '#shared/storage/format.ts'
import type { Deployment } from '../configuration.ts'
import { FIVE_MINUTES, ownMetric } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import { allow, keysLike, readSettings, readStoreFormat } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import type { Queues } from '../queues.ts'
import type { AlarmFacts, Graph } from '../watched.ts'

export class Sweeper extends PostwolkeFunction<'sweeper'> {
  constructor(scope: Construct, { deployment, bundles, storage, queues }: Parts) {
    const { directory, queue, counters } = storage.tables
    const { incoming, active, deferred } = queues
    super(scope, 'sweeper', {
      deployment,
      bundles,
      timeout: Duration.minutes(5),
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        INCOMING_QUEUE_URL: incoming.queue.queueUrl,
        ACTIVE_QUEUE_URL: active.queue.queueUrl,
        DEFERRED_QUEUE_URL: deferred.queue.queueUrl,
        INCOMING_DEAD_QUEUE_URL: incoming.dead.queueUrl,
        ACTIVE_DEAD_QUEUE_URL: active.dead.queueUrl,
      },
      statements: [
        readStoreFormat(storage),
        readSettings(storage),
        // Gathers what all have counted into the figures of minutes and hours.
        allow(
          ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
          [counters.tableArn],
          keysLike('FIGURES*'),
        ),
        // The only one that may raise it.
        allow(['dynamodb:PutItem'], [directory.tableArn], keysLike(STORE_PK)),
        allow(['dynamodb:Query'], [directory.tableArn], keysLike('DOMAINS')),
        allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [directory.tableArn], keysLike('DKIM#*')),
        allow(['dynamodb:Query'], [`${queue.tableArn}/index/due`, `${queue.tableArn}/index/list`]),
        allow(
          // Puts: what is told of a message that is set aside.
          ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem', 'dynamodb:PutItem'],
          [queue.tableArn],
          keysLike('Q#*'),
        ),
        allow(
          ['sqs:SendMessage'],
          [incoming.queue.queueArn, active.queue.queueArn, deferred.queue.queueArn],
        ),
        allow(
          ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
          [incoming.dead.queueArn, active.dead.queueArn],
        ),
      ],
      alarms: alarms(deployment, queues),
      graphs: graphs(deployment),
    })
    this.every<(typeof sweeperJobs)[number]>('Ring', Schedule.rate(Duration.minutes(1)), {
      job: 'ring',
    })
    this.every<(typeof sweeperJobs)[number]>('SigningKeys', Schedule.rate(Duration.hours(1)), {
      job: 'signing-keys',
    })
  }
}

function alarms(deployment: Deployment, { incoming }: Queues): readonly AlarmFacts[] {
  return [
    {
      name: 'DueLag',
      meaning: 'Queued mail is tried later than it is due',
      metric: ownMetric(deployment, 'DueLagSeconds', Stats.MAXIMUM),
      threshold: 300,
    },
    {
      name: 'DeferredAge',
      meaning: 'A message for others is tried again and again for hours',
      // Longer than the longest back-off, so that whatever waits is seen in each period.
      metric: ownMetric(deployment, 'DeferredAgeSeconds', Stats.MAXIMUM, Duration.hours(2)),
      // When senders begin to ask (Postfix's delay_warning_time is used so).
      threshold: Duration.hours(4).toSeconds(),
    },
    {
      name: 'Held',
      meaning: 'Much mail waits for an operator',
      metric: ownMetric(deployment, 'Held', Stats.MAXIMUM),
      threshold: { hobby: 20, standard: 100, scale: 500 },
    },
    {
      name: 'Corrupt',
      meaning: 'A message was set aside because no worker could digest it',
      metric: ownMetric(deployment, 'Corrupt'),
      threshold: 0,
    },
    {
      name: 'DeadLetters',
      meaning: 'No worker survived some message',
      metric: ownMetric(deployment, 'DeadLetters'),
      threshold: 0,
    },
    {
      name: 'SweeperSilent',
      meaning: 'Nothing that is due is tried again',
      // Each run that comes to its end has looked here once, and nobody else looks.
      metric: incoming.dead.metricNumberOfEmptyReceives({
        period: FIVE_MINUTES,
        statistic: Stats.SUM,
      }),
      threshold: 1,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      periods: 2,
      isBadWithoutData: true,
    },
  ]
}

function graphs(deployment: Deployment): readonly Graph[] {
  const highest = (name: MetricName) => ownMetric(deployment, name, Stats.MAXIMUM)
  const asideAndHeld = [ownMetric(deployment, 'Corrupt'), highest('Held')]
  return [
    { row: 'Queue', title: 'Late (s)', metrics: [highest('DueLagSeconds')] },
    { row: 'Queue', title: 'Dead bells', metrics: [ownMetric(deployment, 'DeadLetters')] },
    { row: 'Queue', title: 'Set aside, held', metrics: asideAndHeld },
    { row: 'Queue', title: 'Oldest deferred (s)', metrics: [highest('DeferredAgeSeconds')] },
  ]
}
