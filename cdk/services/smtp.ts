// smtp: the three SMTP listeners in a service of their own. It can put messages in and never read one, unless
// content filters look at them.

import type { Construct } from 'constructs'
import { type ContainerParts, ContainerService } from '../container-service.ts'
import { listenersOf } from '../listeners.ts'
import {
  discardedMessages,
  dmarcReports,
  readSpooled,
  readWebhookSecret,
  spoolMessages,
  tlsReports,
  writeObjects,
} from '../permissions.ts'

export class Smtp extends ContainerService<'smtp'> {
  constructor(scope: Construct, parts: ContainerParts) {
    const { deployment, storage, queues, policy } = parts
    super(scope, 'smtp', {
      ...parts,
      listeners: listenersOf('smtp', deployment.listeners),
      environment: {
        QUEUE_TABLE: storage.tables.queue.tableName,
        INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
        POLICY_FUNCTION: policy.lambda.functionName,
        WEBHOOK_SECRET: deployment.webhookSecretArn,
      },
      statements: [
        ...spoolMessages(parts),
        ...dmarcReports(deployment, storage),
        ...tlsReports(deployment, storage),
        discardedMessages(storage),
        writeObjects(storage),
        ...readSpooled(deployment, storage),
        ...readWebhookSecret(deployment),
      ],
    })
  }
}
