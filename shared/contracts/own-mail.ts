// Whose message it is: of somebody here, made by us, or of a stranger and only passing through.

import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Origin } from './spool.ts'

/** returned: from a content filter, which tells nobody whose it was. */
export type Provenance = 'ours' | 'strange' | 'returned'

export function createProvenance(options: {
  readonly mynetworks: readonly string[]
}): (origin: Origin) => Provenance {
  const isMynetwork = createNetworkMatcher(options.mynetworks)
  return ({ listener, account, remoteAddress }) => {
    if (account !== null || listener === 'local') return 'ours'
    if (listener === 'reinjection') return 'returned'
    // Other software hands on by LMTP what it had of anybody, from wherever it runs.
    if (listener === 'lmtp') return 'strange'
    return isMynetwork(remoteAddress) ? 'ours' : 'strange'
  }
}
