// Where a message goes that is to pass a content filter: all of it to the filter, and from there it comes back as another message. Its
// recipients are those of the envelope, whose aliases are followed when it is back.

import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { parseFilterHop } from '#shared/mail/filter-hop.ts'
import { formatRoute } from '#shared/mail/route.ts'
import type { SlotOf } from './new-groups.ts'
import type { Expand } from './pipeline.ts'
import type { QueuedMessage } from './records.ts'

type Filtered = Pick<QueuedMessage, 'filter'>
type Expanded = Pick<QueuedMessage, 'filter' | 'deliveredTo'>

/** Expansion of a message's recipients: to themselves where it is filtered first. */
export function expandOf({ filter, deliveredTo }: Expanded, expand: Expand): Expand {
  return filter === null ? (recipients) => expand(recipients, { deliveredTo }) : asTheyAre
}

const asTheyAre: Expand = async (recipients) => ({
  local: [],
  remote: recipients.map(finalRecipient),
  failed: [],
})

const finalRecipient = ({ address, notify, originalRecipient }: EnvelopeRecipient) => ({
  address,
  accountId: null,
  extension: null,
  original: address,
  notify,
  originalRecipient,
})

/** Routes of a message. What names no hop stays as it is, and delivery says so. */
export function routesThrough<Known extends { readonly slotOf: SlotOf }>(
  { filter }: Filtered,
  routes: Known,
): Known {
  if (filter === null) return routes
  const hop = parseFilterHop(filter)
  const slot = hop === undefined ? filter : formatRoute({ kind: 'smtp', hops: [hop] })
  return { ...routes, slotOf: async () => slot }
}
