// sweeper: rings the bell again for whatever is due, so that a lost bell or a dead worker is a delay and never a loss; and
// takes the bells that no worker survived.

import { Duration } from 'aws-cdk-lib'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { sweeperJobs } from '#services/aws/environment.ts'
import { STORE_PK } from '#shared/storage/aws/store-format.ts'
import type { Parts } from '../parts.ts'
import { allow, keysLike, readStoreFormat } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import { SWEEPER_TIMEOUT } from '../timeouts.ts'

export class Sweeper extends PostwolkeFunction<'sweeper'> {
  constructor(scope: Construct, { deployment, bundles, storage, queues }: Parts) {
    const { directory, queue } = storage.tables
    const { incoming, active } = queues
    super(scope, 'sweeper', {
      deployment,
      bundles,
      timeout: SWEEPER_TIMEOUT,
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        QUEUE_TABLE: queue.tableName,
        INCOMING_QUEUE_URL: incoming.queue.queueUrl,
        ACTIVE_QUEUE_URL: active.queue.queueUrl,
        INCOMING_DEAD_QUEUE_URL: incoming.dead.queueUrl,
        ACTIVE_DEAD_QUEUE_URL: active.dead.queueUrl,
      },
      statements: [
        readStoreFormat(storage),
        // The only one that may raise it.
        allow(['dynamodb:PutItem'], [directory.tableArn], keysLike(STORE_PK)),
        allow(['dynamodb:Query'], [`${queue.tableArn}/index/due`, `${queue.tableArn}/index/list`]),
        allow(['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], [queue.tableArn], keysLike('Q#*')),
        allow(['sqs:SendMessage'], [incoming.queue.queueArn, active.queue.queueArn]),
        allow(
          ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
          [incoming.dead.queueArn, active.dead.queueArn],
        ),
      ],
    })
    this.every<(typeof sweeperJobs)[number]>('Ring', Schedule.rate(Duration.minutes(1)), {
      job: 'ring',
    })
  }
}
