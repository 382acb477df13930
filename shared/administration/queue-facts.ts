// A message in the queue as it is told to whoever asks, whatever the queue's own items look like: with one word for its state.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { isExpired } from '#shared/queue/expiry.ts'
import {
  type Group,
  type GroupState,
  lastReplyOf,
  type MessageState,
  type QueueEntry,
} from '#shared/queue/records.ts'
import type { LastResult } from '#shared/queue/results.ts'
import type { QueueState } from './queue-states.ts'

const messageWords = {
  incoming: 'incoming',
  split: 'active',
  held: 'hold',
  corrupt: 'corrupt',
} as const satisfies { readonly [state in MessageState]: QueueState }
const groupWords = {
  waiting: 'active',
  leased: 'active',
  deferred: 'deferred',
  held: 'hold',
} as const satisfies { readonly [state in GroupState]: QueueState }

export const groupStateOf = ({ state }: Pick<Group, 'state'>): QueueState => groupWords[state]

/** Of the whole message: once it is split into groups, what the busiest of them is. */
export function stateOf({ message, groups }: QueueEntry): QueueState {
  if (message.state !== 'split' || groups.length === 0) return messageWords[message.state]
  const states = new Set(groups.map(groupStateOf))
  if (states.has('active')) return 'active'
  return states.has('deferred') ? 'deferred' : 'hold'
}

/** Nothing of it moves until it is released. */
export function isHeld({ message, groups }: QueueEntry): boolean {
  return groups.length === 0
    ? message.state === 'held'
    : groups.every(({ state }) => state === 'held')
}

export type QueueFacts = {
  readonly queueId: QueueId
  readonly state: QueueState
  /** Why it is set aside or held as a whole. */
  readonly reason: string | null
  /** Its groups have states of their own that count. */
  readonly isSplit: boolean
  readonly bytes: number
  readonly arrivedMs: number
  /** '' for the null sender. */
  readonly sender: string
  /** Of the envelope. */
  readonly recipients: readonly string[]
  readonly origin: {
    readonly helo: string
    readonly remoteAddress: string
    readonly listener: string
    /** Null where nobody logged in. */
    readonly login: string | null
  }
  /** Empty until it is split. */
  readonly groups: readonly GroupFacts[]
}

export type GroupFacts = {
  readonly name: string
  readonly state: QueueState
  readonly destination:
    | { readonly kind: 'local' }
    /** Where it went last, or would have gone when it was written; where it goes is decided when it goes. */
    | { readonly kind: 'remote'; readonly nextHop: string }
  /** `original`: the address of the envelope that led there; `last`: what came of the last attempt, null before the first. */
  readonly recipients: readonly {
    readonly address: string
    readonly original: string
    readonly last: LastResult | null
  }[]
  /** An operator's will returns it to its sender, now or when it is released. */
  readonly isExpired: boolean
  readonly attempts: number
  readonly lastReply: string | null
  /** When it is looked after again; null on hold. */
  readonly dueMs: number | null
}

export function describeEntry(entry: QueueEntry): QueueFacts {
  const { message, groups } = entry
  const { origin, envelope } = message
  return {
    queueId: message.queueId,
    state: stateOf(entry),
    reason: message.reason,
    isSplit: message.state === 'split',
    bytes: message.object.length,
    arrivedMs: message.arrivedMs,
    sender: envelope.sender,
    recipients: envelope.recipients.map(({ address }) => address),
    origin: {
      helo: origin.helo,
      remoteAddress: origin.remoteAddress,
      listener: origin.listener,
      login: origin.account?.login ?? null,
    },
    groups: groups.map(describeGroup),
  }
}

const describeGroup = (group: Group): GroupFacts => ({
  name: group.name,
  state: groupStateOf(group),
  destination: destinationOf(group),
  recipients: group.recipients.map(({ address, original, last = null }) => {
    return { address, original, last }
  }),
  isExpired: group.recipients.some(isExpired),
  attempts: group.attempts,
  lastReply: lastReplyOf(group),
  dueMs: group.dueMs,
})

const destinationOf = ({ destination }: Group): GroupFacts['destination'] =>
  destination.kind === 'local' ? destination : { kind: 'remote', nextHop: destination.slot }
