// imap: the two IMAP listeners, and ManageSieve, in a service of their own. It knows nothing of the queue.

import type { Construct } from 'constructs'
import { type ContainerParts, ContainerService } from '../container-service.ts'
import { listenersOf } from '../listeners.ts'
import {
  keepScripts,
  manageMailboxes,
  ownWatchQueue,
  readObjects,
  recentLogins,
  sendHints,
  watchQueuePrefix,
  writeObjects,
} from '../permissions.ts'

export class Imap extends ContainerService<'imap'> {
  constructor(scope: Construct, parts: ContainerParts) {
    const { deployment, storage } = parts
    const prefix = watchQueuePrefix(deployment.name)
    super(scope, 'imap', {
      ...parts,
      listeners: listenersOf('imap', deployment.listeners),
      environment: {
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
      ],
    })
  }
}
