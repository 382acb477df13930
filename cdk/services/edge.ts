// edge: all listeners in one container. The price of the one service is that its role has the rights of all protocols together;
// `topology = "separate"` gives each its own.

import type { Construct } from 'constructs'
import { type ContainerParts, ContainerService } from '../container-service.ts'
import {
  dmarcReports,
  keepScripts,
  manageMailboxes,
  ownWatchQueue,
  readObjects,
  readWebhookSecret,
  recentLogins,
  scriptMemory,
  sendHints,
  spoolMessages,
  tlsReports,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'

export class Edge extends ContainerService<'edge'> {
  constructor(scope: Construct, parts: ContainerParts) {
    const { deployment, storage, queues, policy } = parts
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'edge', {
      ...parts,
      listeners: deployment.listeners,
      environment: {
        QUEUE_TABLE: storage.tables.queue.tableName,
        INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
        WATCH_QUEUE_PREFIX: prefix,
        POLICY_FUNCTION: policy.lambda.functionName,
        WEBHOOK_SECRET: deployment.webhookSecretArn,
      },
      statements: [
        ...spoolMessages(parts),
        ...dmarcReports(deployment, storage),
        ...tlsReports(deployment, storage),
        recentLogins(storage),
        manageMailboxes(storage),
        ...readObjects(storage),
        writeObjects(storage),
        sendHints(scope, prefix),
        ownWatchQueue(scope, prefix),
        ...keepScripts(deployment, storage),
        scriptMemory(storage),
        ...readWebhookSecret(deployment),
      ],
    })
  }
}
