// One word for the state of a message in the queue, whoever asks: Postfix's.

import type { Group, GroupState, MessageState, QueueEntry } from '#shared/queue/records.ts'

export const queueStates = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type QueueState = (typeof queueStates)[number]

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
