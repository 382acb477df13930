// What can be asked of a message, whoever asks: SEARCH, ESEARCH and SORT of IMAP map their keys to it (RFC 9051 §6.4.4); filters of
// JMAP (RFC 8621 §4.4.1) and tests of Sieve (RFC 5228 §5) ask the same.

import type { Flag, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { holdsNumber, type NumberRange } from '#shared/runtime/number-ranges.ts'

export type Criterion =
  | { readonly kind: 'all' }
  /** All of none is true, any of none is false. */
  | { readonly kind: 'and' | 'or'; readonly criteria: readonly Criterion[] }
  | { readonly kind: 'not'; readonly criterion: Criterion }
  | { readonly kind: 'uids'; readonly uids: UidSet }
  /** Whether the flag or keyword is set (`set`) or not; in any case. */
  | { readonly kind: 'flag'; readonly flag: Flag; readonly set: boolean }
  /**
   * A header field of this name (lower case) that holds the text, in any case and whatever it was encoded in. An empty text asks whether
   * there is such a field at all.
   */
  | { readonly kind: 'header'; readonly field: string; readonly text: string }
  /** `body`: text parts, also of attached messages; `text`: header fields too. */
  | { readonly kind: 'body' | 'text'; readonly text: string }
  /** When the message came, and when it was put into this folder; milliseconds since 1970. */
  | ({ readonly kind: 'received' | 'saved' } & Interval)
  /** The day in its Date field, as the sender wrote it: its beginning as if it were UTC. Without a valid one it was sent never. */
  | ({ readonly kind: 'sent' } & Interval)
  /** Bytes as read back, with added header fields. */
  | ({ readonly kind: 'size' } & Interval)
  | { readonly kind: 'modseq'; readonly atLeast: ModSeq }
  /** RFC 8474 §5, JMAP's `id` and `threadId`. */
  | { readonly kind: 'email-id' | 'thread-id'; readonly id: string }

/** `from` belongs to it, `before` does not; either may be infinite. */
export type Interval = { readonly from: number; readonly before: number }

/** Some messages of the folder. */
export interface UidSet {
  has(uid: Uid): boolean
  /** Memory that it takes, about. */
  readonly bytes: number
}

const RANGE_BYTES = 48

/** `merged`: ascending, disjoint. */
export function uidsIn(merged: readonly NumberRange[]): UidSet {
  return { has: (uid) => holdsNumber(merged, uid), bytes: RANGE_BYTES * merged.length }
}
