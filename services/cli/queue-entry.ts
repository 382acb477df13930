// A message in the queue as it is shown: one word for its state, whoever asks, and its recipients with the address each was reached by.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import {
  type Group,
  type GroupState,
  lastReplyOf,
  type MessageState,
  type QueueEntry,
} from '#shared/queue/records.ts'
import { formatTime } from './output.ts'

export const queueStates = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type QueueState = (typeof queueStates)[number]

/** Postfix's words. */
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

export const destinationOf = ({ destination }: Group) =>
  destination.kind === 'local' ? destination : { kind: destination.kind, nextHop: destination.slot }

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
      state: groupStateOf(group),
      destination: destinationOf(group),
      recipients: group.recipients.map((recipient) => recipient.address),
      originalRecipients: group.recipients.map((recipient) => recipient.original),
      attempts: group.attempts,
      lastReply: lastReplyOf(group),
      lastResults: group.recipients.map(({ last = null }) => last),
      next: group.dueMs === null ? null : formatTime(group.dueMs),
    })),
  }
}
