// From recipients to groups: who goes the same way, and how many of them an item and a delivery hold.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
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
  /** waiting: delivery starts at once; deferred: after a first attempt, whose results the recipients have. */
  readonly state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'deferred'; readonly dueMs: number }
    /** An operator decides. */
    | { readonly kind: 'held' }
  /** Some may have been delivered to without our knowing. */
  readonly uncertain?: boolean
  /** See Group. */
  readonly unreserved?: boolean
}

/** Where mail that leaves goes now, and in what portions. */
export type Routes = {
  readonly slotOf: SlotOf
  readonly destinationRecipientLimit: number
}

/**
 * The slot of who is here after all: an account that was on an old server and has moved. As a route it cannot be read.
 */
export const HERE = 'here:'

/** Where a slot leads; who is here has no reference reserved for him, as he was elsewhere when they were. */
export const placeOf = (
  slot: string,
): { readonly destination: Destination; readonly unreserved: boolean } =>
  slot === HERE
    ? { destination: { kind: 'local' }, unreserved: true }
    : { destination: { kind: 'remote', slot }, unreserved: false }

/** The route of an address as text (shared/mail/route.ts), for mail of this sender. What is no route stays as it is, and delivery says so. */
export type SlotOf = (to: {
  readonly address: string
  readonly sender: string
  /** Of an account here, which is on an old server or was when it was asked. */
  readonly accountId?: AccountId | null
}) => Promise<string>

export async function remoteGroups(
  recipients: readonly FinalRecipient[],
  sender: string,
  { slotOf, destinationRecipientLimit }: Routes,
): Promise<NewGroup[]> {
  return [...(await bySlot(recipients, sender, slotOf))].flatMap(([slot, all]) =>
    [...chunks(all, destinationRecipientLimit)].map((some) => ({
      ...placeOf(slot),
      recipients: some,
      state: { kind: 'waiting' } as const,
    })),
  )
}

/** In the order in which the slots come first. */
export async function bySlot<Recipient extends FinalRecipient>(
  recipients: readonly Recipient[],
  sender: string,
  slotOf: SlotOf,
): Promise<ReadonlyMap<string, readonly Recipient[]>> {
  const all = new Map<string, Recipient[]>()
  for (const recipient of recipients) {
    const { address, accountId } = recipient
    const slot = await slotOf({ address, sender, accountId })
    const some = all.get(slot)
    if (some) some.push(recipient)
    else all.set(slot, [recipient])
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

/** The slot in a group's name is for people; what stands behind it makes the name unique. Bells and keys hold it: it has no spaces. */
const SLOT_CHARACTERS_MAX = 200

export function groupName(destination: Destination, unique: number | string): string {
  const slot = destination.kind === 'remote' ? destination.slot : 'local'
  const printable = slot.slice(0, SLOT_CHARACTERS_MAX).replace(/[^\x21-\x7e]/g, '_')
  return `${printable}/${unique}`
}

/** The first characters of the slot, or `local`. What makes names unique has no slash. */
export const slotInName = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf('/')))

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
    attempts: group.recipients.some(({ last }) => last !== undefined) ? 1 : 0,
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
