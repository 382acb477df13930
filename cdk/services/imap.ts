// imap: the two IMAP listeners, and ManageSieve, in a service of their own. Of the queue it knows nothing but how to put in what scripts
// in mailboxes send.

import type { Construct } from 'constructs'
import { type ContainerParts, ContainerService } from '../container-service.ts'
import { listenersOf } from '../listeners.ts'
import {
  keepScripts,
  manageMailboxes,
  ownWatchQueue,
  readObjects,
  recentLogins,
  scriptMemory,
  sendByScripts,
  sendHints,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'

export class Imap extends ContainerService<'imap'> {
  constructor(scope: Construct, parts: ContainerParts) {
    const { deployment, storage, queues } = parts
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'imap', {
      ...parts,
      listeners: listenersOf('imap', deployment.listeners),
      environment: {
        QUEUE_TABLE: storage.tables.queue.tableName,
        INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
        WATCH_QUEUE_PREFIX: prefix,
      },
      statements: [
        recentLogins(storage),
        manageMailboxes(storage),
        ...readObjects(storage),
        writeObjects(storage),
        sendHints(scope, prefix),
        ownWatchQueue(scope, prefix),
        ...keepScripts(deployment, storage),
        ...sendByScripts(parts),
        scriptMemory(storage),
      ],
    })
  }
}
