// One word for the state of a message in the queue, whoever asks.

import type { GroupState, MessageState, QueueEntry } from '#shared/queue/records.ts'

export const queueStates = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type QueueState = (typeof queueStates)[number] & (MessageState | GroupState)

/** Of the whole message: once it is split into groups, what the busiest of them is. */
export function stateOf({ message, groups }: QueueEntry): QueueState {
  if (message.state !== 'active' || groups.length === 0) return message.state
  const states = new Set(groups.map(({ state }) => state))
  if (states.has('active')) return 'active'
  return states.has('deferred') ? 'deferred' : 'hold'
}

/** Nothing of it moves until it is released. */
export function isHeld({ message, groups }: QueueEntry): boolean {
  return groups.length === 0
    ? message.state === 'hold'
    : groups.every((group) => group.state === 'hold')
}
