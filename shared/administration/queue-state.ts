// A message in the queue as it is shown: one word for its state, whoever asks, and its recipients with the address each was reached by.

import { formatTime } from '#services/cli/output.ts'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { Group, GroupState, MessageState, QueueEntry } from '#shared/queue/records.ts'

export const queueStates = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type QueueState = (typeof queueStates)[number] & (MessageState | GroupState)

/** Of the whole message: once it is split into groups, what the busiest of them is. */
export function stateOf({ message, groups }: QueueEntry): QueueState {
  if (message.state !== 'active' || groups.length === 0) return message.state
  const states = new Set(groups.map(({ state }) => state))
  if (states.has('active')) return 'active'
  return states.has('deferred') ? 'deferred' : 'hold'
}

export const senderOf = ({ message }: QueueEntry) => message.envelope.sender || '<>'

/** The due time of an active group is when it is looked after should its worker die: nobody's news. */
export const nextTryOf = ({ state, dueMs }: Group): string | undefined =>
  state === 'deferred' && dueMs !== null ? formatTime(dueMs) : undefined

/** `ann@here.test`, or `ann@here.test (of info@here.test)` when an alias led there. */
export function recipientText({ address, original }: FinalRecipient): string {
  return original === '' || address.toLowerCase() === original.toLowerCase()
    ? address
    : `${address} (of ${original})`
}

export const shown = (entry: QueueEntry) => {
  const { message, groups } = entry
  return {
    queueId: message.queueId,
    state: stateOf(entry),
    reason: message.reason,
    bytes: message.object.length,
    arrived: formatTime(message.arrivedMs),
    sender: message.envelope.sender,
    recipients: message.envelope.recipients.map((recipient) => recipient.address),
    groups: groups.map((group) => ({
      name: group.name,
      state: group.state,
      destination: group.destination,
      recipients: group.recipients.map((recipient) => recipient.address),
      originalRecipients: group.recipients.map((recipient) => recipient.original),
      attempts: group.attempts,
      lastReply: group.lastReply,
      next: group.dueMs === null ? null : formatTime(group.dueMs),
    })),
  }
}
