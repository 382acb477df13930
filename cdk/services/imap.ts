// imap: the two IMAP listeners in a service of their own. It knows nothing of the queue.

import type { Construct } from 'constructs'
import type { EnvironmentOf } from '#services/aws/environment.ts'
import { HEALTH_PORT, listenersOf } from '../listeners.ts'
import { type EdgeParts, MailService } from '../mail-service.ts'
import {
  logins,
  manageMailboxes,
  ownWatchQueue,
  readObjects,
  readSecret,
  sendHints,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'
import { metricsNamespace } from '../variables.ts'

export class Imap extends MailService<'imap'> {
  constructor(scope: Construct, parts: EdgeParts) {
    const { deployment, storage } = parts
    const { directory, mail, counters } = storage.tables
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'imap', {
      ...parts,
      listeners: listenersOf('imap', deployment.listeners),
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        COUNTERS_TABLE: counters.tableName,
        OBJECTS_BUCKET: storage.objects.bucketName,
        WATCH_QUEUE_PREFIX: prefix,
        TLS_SECRET: storage.tlsSecret.secretArn,
        HEALTH_PORT: String(HEALTH_PORT),
        DRAIN_SECONDS: String(deployment.preset.drainSeconds),
        METRICS_NAMESPACE: metricsNamespace(deployment),
      } satisfies EnvironmentOf<'imap'>,
      statements: [
        readSecret(storage.tlsSecret.secretArn),
        ...logins(storage),
        manageMailboxes(storage),
        ...readObjects(storage),
        writeObjects(storage),
        sendHints(scope, prefix),
        ownWatchQueue(scope, prefix),
      ],
    })
  }
}
