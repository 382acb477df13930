// delivery: hands one group of a message at a time to the relay host, or to a folder that was not ready before, and tells senders.

import { Duration } from 'aws-cdk-lib'
import { type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
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
  readSecret,
  sendBySes,
  sendHints,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import type { BySize } from '../presets.ts'

/** A slow relay host and a large message: as long as there is. The queue that wakes it must know, too. */
export const DELIVERY_TIMEOUT = Duration.minutes(15)
/** Each waits for another host. */
const BATCH = 1
/** Two is the least an event source may have. */
const concurrencyMax: BySize<number> = { hobby: 2, standard: 20, scale: 200 }
/** What was put off does not stand in the way of what is new. */
const deferredConcurrencyMax: BySize<number> = { hobby: 2, standard: 10, scale: 100 }
/** In five minutes: the share of fewer says nothing. */
const deferredAttemptsMin: BySize<number> = { hobby: 5, standard: 20, scale: 100 }

export class Delivery extends PostwolkeFunction<'delivery'> {
  constructor(scope: Construct, { deployment, bundles, storage, queues }: Parts) {
    const { directory, mail, queue, counters } = storage.tables
    const { active, deferred } = queues
    const { relaySecretArn, egress } = deployment
    const { incoming } = queues
    super(scope, 'delivery', {
      deployment,
      bundles,
      timeout: DELIVERY_TIMEOUT,
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        ACTIVE_QUEUE_URL: active.queue.queueUrl,
        DEFERRED_QUEUE_URL: deferred.queue.queueUrl,
        INCOMING_QUEUE_URL: incoming.queue.queueUrl,
        RELAY_SECRET: relaySecretArn,
        SES_SENDERS: egress === 'ses-api' ? String(sendersMax(deployment)) : '',
      },
      statements: [
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
        deliverToMailboxes(storage),
        ...readObjects(storage),
        allow(
          [
            'dynamodb:BatchGetItem',
            'dynamodb:PutItem',
            'dynamodb:UpdateItem',
            'dynamodb:DeleteItem',
          ],
          [queue.tableArn],
        ),
        // A group whose recipients go to several hosts now becomes several; what its sender is told comes in as mail does.
        allow(
          ['sqs:SendMessage'],
          [active.queue.queueArn, deferred.queue.queueArn, incoming.queue.queueArn],
        ),
        writeObjects(storage),
        ...(egress === 'ses-api' ? sendBySes(scope) : []),
        changeVisibility(active.queue),
        changeVisibility(deferred.queue),
        // Of destinations that do not answer; of others nothing is written.
        allow(
          ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
          [counters.tableArn],
          keysLike('DESTINATION#*'),
        ),
        sendHints(scope, watchQueuePrefix(deployment.name)),
        ...(relaySecretArn === '' ? [] : [readSecret(relaySecretArn)]),
      ],
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
    })
    const { name } = deployment.preset
    this.wokenBy('Active', active.queue, {
      batchSize: BATCH,
      concurrencyMax: concurrencyMax[name],
    })
    this.wokenBy('Deferred', deferred.queue, {
      batchSize: BATCH,
      concurrencyMax: deferredConcurrencyMax[name],
    })
  }
}

/** Functions that may send at the same time. */
const sendersMax = ({ preset: { name } }: Deployment) =>
  concurrencyMax[name] + deferredConcurrencyMax[name]

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
