// IMAP's search key as what is asked of the messages of one folder: sequence numbers, `*` and `$` become uids, strings text, days and
// ages intervals. The one place where IMAP's words of a search are given up.

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import {
  type MessageSet,
  NUMBER_MAX,
  resolveSet,
  type SequenceSet,
  STAR,
} from '#shared/imap/sequence-set.ts'
import { decodeText } from '#shared/mail/charset.ts'
import type { UidList } from '#shared/mailbox/message-columns.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import { type Criterion, type Interval, type UidSet, uidsIn } from '#shared/search/criterion.ts'

export type KeyContext = {
  /** Of the texts in the keys, null for none. */
  readonly charset: string | null
  /** Uids by sequence number, as the client knows them. */
  readonly uids: UidList
  /** What `$` stands for (RFC 5182). */
  readonly saved: readonly Uid[]
  readonly nowMs: number
  /** RFC 3501 §2.3.2; nothing is outside the selected mailbox. Asked when a message is looked at. */
  readonly isRecent?: (uid: Uid) => boolean
}

export function criterionOf(key: SearchKey, context: KeyContext): Criterion {
  return new Mapping(context).criterion(key)
}

const all: Criterion = { kind: 'all' }
const DAY_MS = 86_400_000

class Mapping {
  readonly #context: KeyContext
  #saved: UidSet | undefined

  constructor(context: KeyContext) {
    this.#context = context
  }

  criterion(key: SearchKey): Criterion {
    switch (key.kind) {
      case 'all':
      // RFC 8514 §4.3; every folder keeps save dates.
      case 'save-date-supported':
        return all
      case 'and':
        return { kind: 'and', criteria: key.keys.map((each) => this.criterion(each)) }
      case 'or':
        return { kind: 'or', criteria: [key.either, key.other].map((each) => this.criterion(each)) }
      case 'not':
        return { kind: 'not', criterion: this.criterion(key.key) }
      case 'numbers':
        return { kind: 'uids', uids: this.#uids(key.messages, (set) => this.#ofNumbers(set)) }
      case 'uids':
        return { kind: 'uids', uids: this.#uids(key.messages, (set) => this.#ofUids(set)) }
      case 'flag':
        return key.flag.toLowerCase() === '\\recent' ? this.#recent(key.set) : key
      case 'header':
        return { kind: 'header', field: key.field, text: this.#text(key.value) }
      case 'body':
      case 'text':
        return { kind: key.kind, text: this.#text(key.value) }
      // RFC 9051 §6.4.4: the date disregarding time and zone. Internal dates have no zone here, FETCH shows them in UTC, and so
      // the day is the one of UTC.
      case 'internal-date':
        return { kind: 'received', ...days(key) }
      case 'save-date':
        return { kind: 'saved', ...days(key) }
      case 'sent-date':
        return { kind: 'sent', ...days(key) }
      case 'age':
        return {
          kind: 'received',
          ...intervalOfAge(key.compare, this.#context.nowMs - key.seconds * 1000),
        }
      case 'size':
        return key.compare === 'larger'
          ? { kind: 'size', ...since(key.bytes + 1) }
          : { kind: 'size', ...before(key.bytes) }
      // RFC 7162 §3.1.5: one mod-sequence a message is kept, so that the entry makes no difference.
      case 'modseq':
        return { kind: 'modseq', atLeast: key.modSeq as ModSeq }
      case 'email-id':
      case 'thread-id':
        return key
    }
  }

  #text(value: string): string {
    return decodeText(Buffer.from(value, 'latin1'), this.#context.charset)
  }

  #recent(set: boolean): Criterion {
    const has = (uid: Uid) => (this.#context.isRecent?.(uid) ?? false) === set
    return { kind: 'uids', uids: { has, bytes: 0 } }
  }

  /** What `$` stands for is made once, however often it is named. */
  #uids(messages: MessageSet, resolve: (ranges: SequenceSet) => SequenceSet): UidSet {
    if (messages.kind === 'set') return uidsIn(resolve(messages.ranges))
    this.#saved ??= uidsIn(rangesOf(this.#context.saved))
    return this.#saved
  }

  /** Deliberately: numbers that no message has are passed over, so that `1:*` is no error in an empty mailbox. */
  #ofNumbers(ranges: SequenceSet): SequenceSet {
    const { uids } = this.#context
    return resolveSet(ranges, uids.length)
      .filter(({ first }) => first <= uids.length)
      .map(({ first, last }) => ({
        first: uids[first - 1] ?? 0,
        last: uids[Math.min(last, uids.length) - 1] ?? 0,
      }))
  }

  #ofUids(ranges: SequenceSet): SequenceSet {
    const { uids } = this.#context
    // Without "*" it does not matter which uid is the last, and a result that is kept up to date outlives it.
    const last = ranges.some((range) => range.last === STAR)
      ? (uids[uids.length - 1] ?? 0)
      : NUMBER_MAX
    return resolveSet(ranges, last)
  }
}

type Days = { readonly compare: 'before' | 'on' | 'since'; readonly dayMs: number }

function days({ compare, dayMs }: Days): Interval {
  switch (compare) {
    case 'before':
      return before(dayMs)
    case 'on':
      return { from: dayMs, before: dayMs + DAY_MS }
    case 'since':
      return since(dayMs)
  }
}

/** RFC 5032 §2: against the internal date; both ends of the interval belong to it. */
function intervalOfAge(compare: 'older' | 'younger', thresholdMs: number): Interval {
  return compare === 'older' ? before(thresholdMs + 1) : since(thresholdMs)
}

const before = (end: number): Interval => ({ from: Number.NEGATIVE_INFINITY, before: end })
const since = (from: number): Interval => ({ from, before: Number.POSITIVE_INFINITY })
