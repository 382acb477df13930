// A message in the queue as it is shown: its state, and its recipients with the address each was reached by.

import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import { formatTime } from './output.ts'

export const senderOf = ({ sender }: QueueFacts) => sender || '<>'

/** The due time of an active group is when it is looked after should its worker die: nobody's news. */
export const nextTryOf = ({ state, dueMs }: GroupFacts): string | undefined =>
  state === 'deferred' && dueMs !== null ? formatTime(dueMs) : undefined

/** `ann@here.test`, or `ann@here.test (of info@here.test)` when an alias led there. */
export function recipientText({ address, original }: GroupFacts['recipients'][number]): string {
  return original === '' || address.toLowerCase() === original.toLowerCase()
    ? address
    : `${address} (of ${original})`
}

export const shown = (message: QueueFacts) => ({
  queueId: message.queueId,
  state: message.state,
  reason: message.reason,
  bytes: message.bytes,
  arrived: formatTime(message.arrivedMs),
  sender: message.sender,
  recipients: message.recipients,
  groups: message.groups.map((group) => ({
    name: group.name,
    state: group.state,
    destination: group.destination,
    recipients: group.recipients.map(({ address }) => address),
    originalRecipients: group.recipients.map(({ original }) => original),
    attempts: group.attempts,
    lastReply: group.lastReply,
    lastResults: group.recipients.map(({ last }) => last),
    next: group.dueMs === null ? null : formatTime(group.dueMs),
  })),
})
