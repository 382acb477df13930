// delivery: hands one group of a message at a time to the relay host, or to a folder that was not ready before.

import type { Construct } from 'constructs'
import type { Parts } from '../parts.ts'
import {
  allow,
  changeVisibility,
  deliverToMailboxes,
  readObjects,
  readSecret,
  sendHints,
  watchQueuePrefix,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import { DELIVERY_TIMEOUT } from '../timeouts.ts'

/** Each waits for another host. */
const BATCH = 1

export class Delivery extends PostwolkeFunction<'delivery'> {
  constructor(scope: Construct, { deployment, bundles, storage, queues }: Parts) {
    const { directory, mail, queue } = storage.tables
    const { active } = queues
    const { relaySecretArn } = deployment
    super(scope, 'delivery', {
      deployment,
      bundles,
      timeout: DELIVERY_TIMEOUT,
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        ACTIVE_QUEUE_URL: active.queue.queueUrl,
        RELAY_SECRET: relaySecretArn,
      },
      statements: [
        allow(['dynamodb:GetItem'], [directory.tableArn]),
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
        // A group whose recipients go to several hosts now becomes several.
        allow(['sqs:SendMessage'], [active.queue.queueArn]),
        changeVisibility(active.queue),
        sendHints(scope, watchQueuePrefix(deployment.name)),
        ...(relaySecretArn === '' ? [] : [readSecret(relaySecretArn)]),
      ],
    })
    const concurrencyMax = deployment.preset.deliveryConcurrencyMax
    this.wokenBy('Active', active.queue, { batchSize: BATCH, concurrencyMax })
  }
}
