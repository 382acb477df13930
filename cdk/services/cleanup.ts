// cleanup: takes in what listeners accepted, delivers what is for mailboxes here and splits the rest into groups. It never sees
// the bytes of a message.

import { Duration } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Parts } from '../parts.ts'
import {
  allow,
  changeVisibility,
  deliverToMailboxes,
  keysLike,
  readSettings,
  sendFigures,
  sendHints,
  watchQueuePrefix,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import type { BySize } from '../presets.ts'

/** The queue that wakes it must know, too. */
export const CLEANUP_TIMEOUT = Duration.seconds(60)
const BATCH = 10
/** Two is the least an event source may have. */
const concurrencyMax: BySize<number> = { hobby: 2, standard: 10, scale: 100 }

export class Cleanup extends PostwolkeFunction<'cleanup'> {
  constructor(scope: Construct, { deployment, bundles, storage, queues }: Parts) {
    const { directory, mail, queue, counters } = storage.tables
    const { incoming, active, deferred } = queues
    super(scope, 'cleanup', {
      deployment,
      bundles,
      timeout: CLEANUP_TIMEOUT,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        INCOMING_QUEUE_URL: incoming.queue.queueUrl,
        ACTIVE_QUEUE_URL: active.queue.queueUrl,
        DEFERRED_QUEUE_URL: deferred.queue.queueUrl,
      },
      statements: [
        allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem'], [directory.tableArn]),
        // All of a small table of transports or addresses.
        allow(['dynamodb:Query'], [directory.tableArn], keysLike('ACCESS*')),
        readSettings(storage),
        sendFigures(storage),
        deliverToMailboxes(storage),
        allow(
          [
            'dynamodb:BatchGetItem',
            'dynamodb:PutItem',
            'dynamodb:UpdateItem',
            'dynamodb:DeleteItem',
            'dynamodb:BatchWriteItem',
          ],
          [queue.tableArn],
        ),
        allow(['sqs:SendMessage'], [active.queue.queueArn, deferred.queue.queueArn]),
        changeVisibility(incoming.queue),
        sendHints(scope, watchQueuePrefix(deployment.name)),
      ],
    })
    this.wokenBy('Incoming', incoming.queue, {
      batchSize: BATCH,
      concurrencyMax: concurrencyMax[deployment.preset.name],
    })
  }
}
