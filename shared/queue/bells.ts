// Bells of the queues `active` and `deferred`: which group to look at. They say nothing else, so that none can be out of date.

import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { QUEUE_DELAY_SECONDS_MAX } from '#shared/storage/ports.ts'

export type Bell = {
  readonly queueId: QueueId
  readonly group: string
  /** An operator wants it tried, whatever is known of its destination. */
  readonly isFlush: boolean
}

/** Of groups a bell may wait so long in the queue `deferred`. */
export const DEFERRED_REACH_MS = QUEUE_DELAY_SECONDS_MAX * 1_000

const FLUSH = '!'

export function formatBell(
  { queueId, name }: { readonly queueId: QueueId; readonly name: string },
  { isFlush = false } = {},
): string {
  return `${isFlush ? FLUSH : ''}${queueId} ${name}`
}

/** The same bell as an operator rings it. */
export const asFlush = (bell: string): string => `${FLUSH}${bell}`

/** Undefined for what is no bell. The name of a group may have spaces: its slot does (`error:5.1.2 no such host`). */
export function parseBell(text: string): Bell | undefined {
  const isFlush = text.startsWith(FLUSH)
  const plain = isFlush ? text.slice(FLUSH.length) : text
  const space = plain.indexOf(' ')
  const queueId = space < 0 ? undefined : parseQueueId(plain.slice(0, space))
  return queueId && { queueId, group: plain.slice(space + 1), isFlush }
}
