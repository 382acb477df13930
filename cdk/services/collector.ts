// collector: deletes what nothing refers to any more. The only one that may delete objects, and it may read none.

import { Duration } from 'aws-cdk-lib'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { collectorJobs } from '#services/aws/environment.ts'
import { TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import type { Parts } from '../parts.ts'
import {
  allow,
  keysLike,
  manageMailboxes,
  readStoreFormat,
  sendFigures,
  watchQueuePrefix,
  watchQueues,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'

type Job = (typeof collectorJobs)[number]

const hourly = Schedule.rate(Duration.hours(1))
const daily = Schedule.rate(Duration.days(1))

export class Collector extends PostwolkeFunction<'collector'> {
  constructor(scope: Construct, { deployment, bundles, storage }: Omit<Parts, 'queues'>) {
    const { directory, mail, queue, counters } = storage.tables
    const { objects } = storage
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'collector', {
      deployment,
      bundles,
      timeout: Duration.minutes(15),
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: objects.bucketName,
        WATCH_QUEUE_PREFIX: prefix,
      },
      statements: [
        allow(['dynamodb:Query'], [`${mail.tableArn}/index/dead`]),
        manageMailboxes(storage),
        allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem'], [queue.tableArn]),
        allow(['dynamodb:Query', 'dynamodb:BatchGetItem'], [directory.tableArn]),
        // Nothing is left of an account that was removed.
        allow(['dynamodb:DeleteItem'], [directory.tableArn], keysLike('REMOVED', 'ACC#*')),
        // Of takeouts: whether there are their account and their job, and which volumes it made.
        allow(['dynamodb:GetItem'], [directory.tableArn], keysLike('ACC#*')),
        allow(['dynamodb:GetItem'], [counters.tableArn], keysLike('TAKEOUTS#*', 'JOB#*')),
        readStoreFormat(storage),
        sendFigures(storage),
        allow(['s3:ListBucket'], [objects.bucketArn], {
          StringLike: { 's3:prefix': ['mail/*', `${TAKEOUT_OBJECTS}*`] },
        }),
        allow(
          ['s3:DeleteObject'],
          [objects.arnForObjects('mail/*'), objects.arnForObjects(`${TAKEOUT_OBJECTS}*`)],
        ),
        // Listing is of all queues or none.
        allow(['sqs:ListQueues'], ['*']),
        allow(['sqs:GetQueueAttributes', 'sqs:DeleteQueue'], [watchQueues(scope, prefix)]),
      ],
    })
    this.every<Job>('Dead', hourly, { job: 'dead' })
    this.every<Job>('WatchQueues', hourly, { job: 'watch-queues' })
    this.every<Job>('Orphans', daily, { job: 'orphans' })
    this.every<Job>('Removals', daily, { job: 'removals' })
  }
}
