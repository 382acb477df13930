// Which events somebody sees: of each topic what its right reaches.

import type { EventScope, EventTopic } from '#shared/events/event.ts'
import type { Actor } from './rights/actor.ts'
import { extentOf } from './rights/allowed.ts'
import type { Right } from './rights/rights.ts'

const rightOf: { readonly [topic in EventTopic]: Right } = {
  queue: 'queue.read',
  log: 'service.read',
  jobs: 'jobs.read',
  directory: 'directory.read',
}

/** Whether an actor sees what is about these domains and accounts. */
export function eventSight(actor: Actor): (topic: EventTopic, scope: EventScope) => boolean {
  return (topic, { domains, accountIds }) => {
    const extent = extentOf(actor, rightOf[topic])
    switch (extent?.kind) {
      case undefined:
        return false
      case 'all':
        return true
      case 'domains':
        return (
          domains.some((domain) => extent.domains.some((own) => own === domain)) ||
          accountIds.some((id) => id === actor.accountId)
        )
      case 'self':
        return accountIds.includes(extent.accountId)
    }
  }
}
