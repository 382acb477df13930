// pop3: the two POP3 listeners in a service of their own. It stores no messages and watches no folders, but tells those who do
// what it removed.

import type { Construct } from 'constructs'
import { type ContainerParts, ContainerService } from '../container-service.ts'
import { listenersOf } from '../listeners.ts'
import {
  emptyMailboxes,
  readObjects,
  recentLogins,
  sendHints,
  watchQueuePrefix,
} from '../permissions.ts'

export class Pop3 extends ContainerService<'pop3'> {
  constructor(scope: Construct, parts: ContainerParts) {
    const { deployment, storage } = parts
    super(scope, 'pop3', {
      ...parts,
      listeners: listenersOf('pop3', deployment.listeners),
      environment: {},
      statements: [
        recentLogins(storage),
        emptyMailboxes(storage),
        ...readObjects(storage),
        sendHints(scope, watchQueuePrefix(deployment.name)),
      ],
    })
  }
}
