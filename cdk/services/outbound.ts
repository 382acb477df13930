// What delivers mail may do and is told, whether it is a function or a container, and what is watched of it.

import { type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { SRS_PK } from '#shared/directory/records.ts'
import type { Deployment } from '../configuration.ts'
import { FIVE_MINUTES, ownMetric } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import {
  allow,
  changeVisibility,
  countRates,
  deliverToMailboxes,
  freezeAccounts,
  keysLike,
  readObjects,
  readSettings,
  scriptMemory,
  sendFigures,
  sendHints,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'
import type { BySize } from '../presets.ts'
import type { Watched } from '../watched.ts'

/** In five minutes: the share of fewer says nothing. */
const deferredAttemptsMin: BySize<number> = { hobby: 5, standard: 20, scale: 100 }

export function deliveryVariables({ storage, queues }: Parts) {
  const { directory, mail, queue, counters } = storage.tables
  return {
    DIRECTORY_TABLE: directory.tableName,
    MAIL_TABLE: mail.tableName,
    QUEUE_TABLE: queue.tableName,
    COUNTERS_TABLE: counters.tableName,
    OBJECTS_BUCKET: storage.objects.bucketName,
    ACTIVE_QUEUE_URL: queues.active.queue.queueUrl,
    DEFERRED_QUEUE_URL: queues.deferred.queue.queueUrl,
    INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
  }
}

export function deliveryStatements(
  scope: Construct,
  { deployment, storage, queues }: Parts,
): PolicyStatement[] {
  const { directory, queue, counters } = storage.tables
  const { active, deferred, incoming } = queues
  return [
    // Accounts, whose domains are ours, and maps.
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem'], [directory.tableArn]),
    allow(['dynamodb:Query'], [directory.tableArn], keysLike('ACCESS*')),
    // Makes what senders of forwarded mail are signed with.
    allow(['dynamodb:UpdateItem'], [directory.tableArn], keysLike(SRS_PK)),
    // What other hosts refuse is counted for the account that sent it.
    countRates(storage),
    freezeAccounts(storage),
    // What domains publish by MTA-STS outlives an instance.
    allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [counters.tableArn], keysLike('STS#*')),
    scriptMemory(storage),
    ...(deployment.sendsTlsReports
      ? [
          allow(
            ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
            [counters.tableArn],
            keysLike('TLSRPT#*'),
          ),
        ]
      : []),
    readSettings(storage),
    sendFigures(storage),
    deliverToMailboxes(storage),
    ...readObjects(storage),
    allow(
      ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      [queue.tableArn],
    ),
    // A group whose recipients go to several hosts now becomes several; what its sender is told comes in as mail does.
    allow(
      ['sqs:SendMessage'],
      [active.queue.queueArn, deferred.queue.queueArn, incoming.queue.queueArn],
    ),
    writeObjects(storage),
    changeVisibility(active.queue),
    changeVisibility(deferred.queue),
    sendHints(scope, watchQueuePrefix(deployment.name)),
  ]
}

export function watchDelivery(deployment: Deployment): Pick<Watched, 'alarms' | 'graphs'> {
  return {
    alarms: [
      {
        name: 'DeferredShare',
        meaning: 'Most attempts to deliver fail for now',
        metric: deferredShare(deployment),
        threshold: 0.5,
        periods: 3,
        bad: 2,
      },
    ],
    graphs: [
      {
        row: 'Outbound',
        title: 'Recipients',
        metrics: [
          ownMetric(deployment, 'Delivered'),
          ownMetric(deployment, 'Deferred'),
          ownMetric(deployment, 'Failed'),
        ],
      },
    ],
  }
}

/** Which part of the attempts to deliver did not succeed for now, between 0 and 1. */
function deferredShare(deployment: Deployment): IMetric {
  const usingMetrics = {
    deferred: ownMetric(deployment, 'Deferred'),
    delivered: ownMetric(deployment, 'Delivered'),
  }
  const attempts = '(FILL(deferred, 0) + FILL(delivered, 0))'
  const attemptsMin = deferredAttemptsMin[deployment.preset.name]
  return new MathExpression({
    expression: `IF(${attempts} >= ${attemptsMin}, FILL(deferred, 0) / ${attempts}, 0)`,
    usingMetrics,
    label: 'deferred share',
    period: FIVE_MINUTES,
  })
}
