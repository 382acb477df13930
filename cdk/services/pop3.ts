// pop3: the two POP3 listeners in a service of their own. It stores no messages and watches no folders, but tells those who do
// what it removed.

import type { Construct } from 'constructs'
import type { EnvironmentOf } from '#services/aws/environment.ts'
import { HEALTH_PORT, listenersOf } from '../listeners.ts'
import { type EdgeParts, MailService } from '../mail-service.ts'
import {
  emptyMailboxes,
  logins,
  readObjects,
  readSecret,
  sendHints,
  watchQueuePrefix,
} from '../permissions.ts'
import { metricsNamespace } from '../variables.ts'

export class Pop3 extends MailService<'pop3'> {
  constructor(scope: Construct, parts: EdgeParts) {
    const { deployment, storage } = parts
    const { directory, mail, counters } = storage.tables
    super(scope, 'pop3', {
      ...parts,
      listeners: listenersOf('pop3', deployment.listeners),
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        TLS_SECRET: storage.tlsSecret.secretArn,
        HEALTH_PORT: String(HEALTH_PORT),
        DRAIN_SECONDS: String(deployment.preset.drainSeconds),
        METRICS_NAMESPACE: metricsNamespace(deployment),
      } satisfies EnvironmentOf<'pop3'>,
      statements: [
        readSecret(storage.tlsSecret.secretArn),
        ...logins(storage),
        emptyMailboxes(storage),
        ...readObjects(storage),
        sendHints(scope, watchQueuePrefix(deployment.name)),
      ],
    })
  }
}
