// edge: all listeners in one container. The price of the one service is that its role has the rights of all protocols together;
// `topology = "separate"` gives each its own.

import type { Construct } from 'constructs'
import type { EnvironmentOf } from '#services/aws/environment.ts'
import { HEALTH_PORT } from '../listeners.ts'
import { type EdgeParts, MailService } from '../mail-service.ts'
import {
  logins,
  manageMailboxes,
  ownWatchQueue,
  readObjects,
  readSecret,
  sendHints,
  spoolMessages,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'
import { metricsNamespace } from '../variables.ts'

export class Edge extends MailService<'edge'> {
  constructor(scope: Construct, parts: EdgeParts) {
    const { deployment, storage, queues, policy } = parts
    const { directory, mail, queue, counters } = storage.tables
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'edge', {
      ...parts,
      listeners: deployment.listeners,
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
        WATCH_QUEUE_PREFIX: prefix,
        POLICY_FUNCTION: policy.lambda.functionName,
        TLS_SECRET: storage.tlsSecret.secretArn,
        HEALTH_PORT: String(HEALTH_PORT),
        DRAIN_SECONDS: String(deployment.preset.drainSeconds),
        METRICS_NAMESPACE: metricsNamespace(deployment),
      } satisfies EnvironmentOf<'edge'>,
      statements: [
        readSecret(storage.tlsSecret.secretArn),
        ...logins(storage),
        ...spoolMessages(parts),
        manageMailboxes(storage),
        ...readObjects(storage),
        writeObjects(storage),
        sendHints(scope, prefix),
        ownWatchQueue(scope, prefix),
      ],
    })
  }
}
