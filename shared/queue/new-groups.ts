// From recipients to groups: who goes the same way, and how many of them an item and a delivery hold.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { byBytes, type Destination, finalRecipientBytes, type Group } from './records.ts'

/** Recipients of one group here; those elsewhere have a setting. */
export const LOCAL_GROUP_RECIPIENTS_MAX = 100
/** How long a worker may hold a group; when it dies, the group is rung again after this. */
export const GROUP_LEASE_MS = 10 * 60_000
/** What the recipients of a group may take of its item. */
const GROUP_RECIPIENTS_BYTES_MAX = 200_000

export type NewGroup = {
  readonly destination: Destination
  readonly recipients: readonly FinalRecipient[]
  /** `dueMs` now: delivery starts at once; later: a first attempt already failed for now. */
  readonly state:
    | { readonly kind: 'active' }
    | { readonly kind: 'deferred'; readonly dueMs: number; readonly reply: string }
    | { readonly kind: 'hold'; readonly reply: string }
  /** Some may have been delivered to without our knowing. */
  readonly uncertain?: boolean
  /** See Group. */
  readonly unreserved?: boolean
}

/** Where mail that leaves goes, and in what portions. */
export type Routes = {
  /** Next hop for all mail that leaves, '' for the recipient domain's MX. */
  readonly relayhost: string
  readonly destinationRecipientLimit: number
}

export function remoteGroups(
  recipients: readonly FinalRecipient[],
  { relayhost, destinationRecipientLimit }: Routes,
): NewGroup[] {
  const byHop = new Map<string, FinalRecipient[]>()
  for (const recipient of recipients) {
    const at = recipient.address.lastIndexOf('@')
    const nextHop = relayhost || recipient.address.slice(at + 1)
    const list = byHop.get(nextHop)
    if (list) list.push(recipient)
    else byHop.set(nextHop, [recipient])
  }
  return [...byHop].flatMap(([nextHop, all]) =>
    [...inLists(all, destinationRecipientLimit)].map((some) => ({
      destination: { kind: 'remote', nextHop } as const,
      recipients: some,
      state: { kind: 'active' } as const,
    })),
  )
}

/** A group in as many as its recipients need: each fits into an item and into one delivery. */
export function ofBoundedSize(group: NewGroup): readonly NewGroup[] {
  const countMax =
    group.destination.kind === 'local' ? LOCAL_GROUP_RECIPIENTS_MAX : group.recipients.length
  const chunks = byBytes(group.recipients, finalRecipientBytes, GROUP_RECIPIENTS_BYTES_MAX)
  return chunks
    .flatMap((chunk) => [...inLists(chunk, countMax)])
    .map((recipients) => ({ ...group, recipients }))
}

/** The next hop in a group's name is for people; what stands behind it makes the name unique. */
const groupHopCharactersMax = 200

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
  const hop = group.destination.kind === 'remote' ? group.destination.nextHop : 'local'
  return {
    queueId,
    name: `${hop.slice(0, groupHopCharactersMax)}/${n}${split === null ? '' : `.${split}`}`,
    state: state.kind,
    destination: group.destination,
    recipients: group.recipients,
    attempts: state.kind === 'active' ? 0 : 1,
    lastReply: state.kind === 'active' ? null : state.reply,
    dueMs:
      state.kind === 'hold'
        ? null
        : state.kind === 'deferred'
          ? state.dueMs
          : nowMs + GROUP_LEASE_MS,
    leaseUntilMs: 0,
    unsettled: group.uncertain ? 1 : 0,
    split,
    unreserved: group.unreserved === true,
  }
}

export function* inLists<T>(all: readonly T[], length: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += length) yield all.slice(at, at + length)
}
