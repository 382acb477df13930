// What was done with a message beside all attempts to deliver it: by an operator, or because nobody could work on it. Rare, and so an
// item each, in the transaction of the change: T#<ms>#<unique>. Version 1.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Item } from '#shared/storage/ports.ts'
import { apartKey } from '../keys.ts'
import { list, optional } from '../records.ts'
import { clip } from '../results.ts'

const VERSION = 1
export const DEEDS_PREFIX = 'T#'
const REASON_BYTES_MAX = 500
/** Addresses of a deed that are named. */
const NAMED_MAX = 20

export type Deed = {
  readonly atMs: number
  /** corrupt: set aside because workers failed on it. */
  readonly kind: 'held' | 'released' | 'corrupt'
  readonly reason: string | null
  /** Whom it is about; none: the whole message. */
  readonly recipients: readonly string[]
}

export function deedItem(
  queueId: QueueId,
  { atMs, kind, reason, recipients }: Deed,
  { unique, ttl }: { readonly unique: string; readonly ttl: number },
): Item {
  return {
    ...apartKey(queueId, `${DEEDS_PREFIX}${String(atMs).padStart(15, '0')}#${unique}`),
    trace: VERSION,
    atMs,
    kind,
    reason: reason && clip(reason, REASON_BYTES_MAX),
    recipients: recipients.slice(0, NAMED_MAX),
    ttl,
  }
}

/** Undefined for what a later version wrote. */
export function deedOf(item: Item): Deed | undefined {
  if (item.trace !== VERSION) return undefined
  return {
    atMs: Number(item.atMs),
    kind: item.kind as Deed['kind'],
    reason: optional(item.reason),
    recipients: list(item.recipients).map(String),
  }
}
