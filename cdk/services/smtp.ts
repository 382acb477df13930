// smtp: the three SMTP listeners in a service of their own. It can put messages in and never read one.

import type { Construct } from 'constructs'
import type { EnvironmentOf } from '#services/aws/environment.ts'
import { HEALTH_PORT, listenersOf } from '../listeners.ts'
import { type EdgeParts, MailService } from '../mail-service.ts'
import {
  discardedMessages,
  logins,
  readSecret,
  spoolMessages,
  writeObjects,
} from '../permissions.ts'
import { metricsNamespace } from '../variables.ts'

export class Smtp extends MailService<'smtp'> {
  constructor(scope: Construct, parts: EdgeParts) {
    const { deployment, storage, queues, policy } = parts
    const { directory, mail, queue, counters } = storage.tables
    super(scope, 'smtp', {
      ...parts,
      listeners: listenersOf('smtp', deployment.listeners),
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        QUEUE_TABLE: queue.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
        POLICY_FUNCTION: policy.lambda.functionName,
        TLS_SECRET: storage.tlsSecret.secretArn,
        HEALTH_PORT: String(HEALTH_PORT),
        DRAIN_SECONDS: String(deployment.preset.drainSeconds),
        METRICS_NAMESPACE: metricsNamespace(deployment),
      } satisfies EnvironmentOf<'smtp'>,
      statements: [
        readSecret(storage.tlsSecret.secretArn),
        ...logins(storage),
        ...spoolMessages(parts),
        discardedMessages(storage),
        writeObjects(storage),
      ],
    })
  }
}
