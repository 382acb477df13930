// From recipients to groups: who goes the same way, and how many of them an item and a delivery hold.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { finalRecipientBytes } from './group-item.ts'
import { byBytes, type Destination, type Group, type QueuedRecipient } from './records.ts'

/** Recipients of one group here; those elsewhere have a setting. */
export const LOCAL_GROUP_RECIPIENTS_MAX = 100
/** How long a worker may hold a group; when it dies, the group is rung again after this. */
export const GROUP_LEASE_MS = 10 * 60_000
/** What the recipients of a group may take of its item. */
const GROUP_RECIPIENTS_BYTES_MAX = 200_000

export type NewGroup = {
  readonly destination: Destination
  readonly recipients: readonly QueuedRecipient[]
  /** waiting: delivery starts at once; deferred, held: after a first attempt, whose results the recipients have. */
  readonly state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'deferred'; readonly dueMs: number }
    | { readonly kind: 'held' }
  /** Some may have been delivered to without our knowing. */
  readonly uncertain?: boolean
  /** See Group. */
  readonly unreserved?: boolean
}

/** Where mail that leaves goes now, and in what portions. */
export type Routes = {
  /** The next hop of an address, in Postfix's notation. */
  readonly hopOf: (address: string) => string
  readonly destinationRecipientLimit: number
}

export function remoteGroups(
  recipients: readonly FinalRecipient[],
  { hopOf, destinationRecipientLimit }: Routes,
): NewGroup[] {
  return [...byHop(recipients, hopOf)].flatMap(([slot, all]) =>
    [...chunks(all, destinationRecipientLimit)].map((some) => ({
      destination: { kind: 'remote', slot } as const,
      recipients: some,
      state: { kind: 'waiting' } as const,
    })),
  )
}

/** In the order in which the hops come first. */
export function byHop<Recipient extends FinalRecipient>(
  recipients: readonly Recipient[],
  hopOf: Routes['hopOf'],
): ReadonlyMap<string, readonly Recipient[]> {
  const all = new Map<string, Recipient[]>()
  for (const recipient of recipients) {
    const hop = hopOf(recipient.address)
    const some = all.get(hop)
    if (some) some.push(recipient)
    else all.set(hop, [recipient])
  }
  return all
}

/** A group in as many as its recipients need: each fits into an item and into one delivery. */
export function ofBoundedSize(group: NewGroup): readonly NewGroup[] {
  const countMax =
    group.destination.kind === 'local' ? LOCAL_GROUP_RECIPIENTS_MAX : group.recipients.length
  return byBytes(group.recipients, finalRecipientBytes, GROUP_RECIPIENTS_BYTES_MAX)
    .flatMap((some) => [...chunks(some, countMax)])
    .map((recipients) => ({ ...group, recipients }))
}

/** The slot in a group's name is for people; what stands behind it makes the name unique. */
const SLOT_CHARACTERS_MAX = 200

export function groupName(destination: Destination, unique: number | string): string {
  const slot = destination.kind === 'remote' ? destination.slot : 'local'
  return `${slot.slice(0, SLOT_CHARACTERS_MAX)}/${unique}`
}

export function groupOf(
  group: NewGroup,
  given: {
    readonly queueId: QueueId
    readonly n: number | string
    readonly split: string | null
    readonly nowMs: number
  },
): Group {
  const { queueId, n, split, nowMs } = given
  const { state } = group
  return {
    queueId,
    name: groupName(group.destination, split === null ? n : `${n}.${split}`),
    state: state.kind,
    destination: group.destination,
    recipients: group.recipients,
    attempts: state.kind === 'waiting' ? 0 : 1,
    dueMs: firstDueMs(state, nowMs),
    leaseUntilMs: 0,
    unsettled: group.uncertain ? 1 : 0,
    split,
    unreserved: group.unreserved === true,
  }
}

function firstDueMs(state: NewGroup['state'], nowMs: number): number | null {
  switch (state.kind) {
    case 'waiting':
      // Should its bell get lost.
      return nowMs + GROUP_LEASE_MS
    case 'deferred':
      return state.dueMs
    case 'held':
      return null
  }
}
