// The client of a session as the one that waits for a search: it is told how far a long one has come (INPROGRESS, RFC 9585).

import { ConnectionGone } from '#shared/net/connection-gone.ts'
import type { Waiting } from '#shared/search/pace.ts'
import { INPROGRESS_INTERVAL_MS, inProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

export function clientWaiting(wire: Wire, { tag }: Pick<Session, 'tag'>): Waiting {
  return {
    gone: wire.gone,
    abandoned: () => new ConnectionGone(),
    tellIntervalMs: INPROGRESS_INTERVAL_MS,
    // RFC 9585 §4: an unknown goal is NIL.
    tell(progress, goal) {
      wire.untagged(`OK [${inProgress(tag, progress, goal)}] Still looking`)
      return wire.room()
    },
  }
}
