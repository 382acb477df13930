// What SEARCH looks for: RFC 9051 §6.4.4 and RFC 3501, with MODSEQ (RFC 7162), OLDER and YOUNGER (RFC 5032), EMAILID and THREADID
// (RFC 8474), SAVEDBEFORE, SAVEDON, SAVEDSINCE and SAVEDATESUPPORTED (RFC 8514), UIDAFTER and UIDBEFORE (RFC 9738).

import type { ByteString } from '#shared/mail/message-index.ts'
import type { Cursor } from './cursor.ts'
import { LIST_MEMBERS_MAX } from './limits.ts'
import { type MessageSet, NUMBER_MAX } from './sequence-set.ts'

/** Strings are bytes in the charset of the command; field names and flags are ASCII. */
export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'or'; readonly either: SearchKey; readonly other: SearchKey }
  | { readonly kind: 'not'; readonly key: SearchKey }
  /** Sequence numbers; `uids` names uids. Either may be the saved result. */
  | { readonly kind: 'numbers'; readonly messages: MessageSet }
  | { readonly kind: 'uids'; readonly messages: MessageSet }
  /** Whether the flag is set (`set`) or not; \Recent is known to IMAP4rev1 only (RECENT, OLD, NEW). */
  | { readonly kind: 'flag'; readonly flag: string; readonly set: boolean }
  /** `field` in lower case. An empty value asks whether the field is there at all. */
  | { readonly kind: 'header'; readonly field: ByteString; readonly value: ByteString }
  | { readonly kind: 'body' | 'text'; readonly value: ByteString }
  /** `dayMs` is the day's beginning as if it were UTC. `sent` is the Date field without time and zone. */
  | {
      readonly kind: 'internal-date' | 'sent-date' | 'save-date'
      readonly compare: 'before' | 'on' | 'since'
      readonly dayMs: number
    }
  /** Whether the folder keeps save dates. */
  | { readonly kind: 'save-date-supported' }
  /** By internal date, against now. */
  | { readonly kind: 'age'; readonly compare: 'older' | 'younger'; readonly seconds: number }
  | { readonly kind: 'size'; readonly compare: 'larger' | 'smaller'; readonly bytes: number }
  | {
      readonly kind: 'modseq'
      /** At least this. */
      readonly modSeq: number
      readonly entry: ModSeqEntry | null
    }
  | { readonly kind: 'email-id' | 'thread-id'; readonly id: string }

/** RFC 7162 §3.1.5: the flag whose change is meant. We keep one modseq a message, so it is read and passed on. */
export type ModSeqEntry = { readonly name: ByteString; readonly type: 'priv' | 'shared' | 'all' }

const flagKeys: ReadonlyMap<string, SearchKey> = new Map(
  ['Answered', 'Deleted', 'Draft', 'Flagged', 'Seen'].flatMap((name): [string, SearchKey][] => [
    [name.toUpperCase(), { kind: 'flag', flag: `\\${name}`, set: true }],
    [`UN${name.toUpperCase()}`, { kind: 'flag', flag: `\\${name}`, set: false }],
  ]),
)
const recent: SearchKey = { kind: 'flag', flag: '\\Recent', set: true }
const unseen: SearchKey = { kind: 'flag', flag: '\\Seen', set: false }

/** search-key *(SP search-key): everything to the end, which must all be true. */
export function parseSearchKeys(cursor: Cursor): SearchKey {
  return allOf(new SearchKeys(cursor).untilEnd())
}

class SearchKeys {
  readonly #cursor: Cursor
  #count = 0

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  untilEnd(): SearchKey[] {
    const keys = [this.#key()]
    while (this.#cursor.takesSpace()) {
      if (this.#cursor.atEnd()) break
      keys.push(this.#key())
    }
    return keys
  }

  #key(): SearchKey {
    const cursor = this.#cursor
    if (++this.#count > LIST_MEMBERS_MAX) cursor.fail('too many search keys')
    if (cursor.sees('(')) return allOf(cursor.list(() => this.#key()))
    if (cursor.seesDigit() || cursor.sees('*') || cursor.sees('$')) {
      return { kind: 'numbers', messages: cursor.sequenceSet() }
    }
    const name = cursor.keyword()
    return flagKeys.get(name) ?? this.#named(name)
  }

  #named(name: string): SearchKey {
    const cursor = this.#cursor
    switch (name) {
      case 'ALL':
        return { kind: 'all' }
      case 'NEW':
        return { kind: 'and', keys: [recent, unseen] }
      case 'RECENT':
        return recent
      case 'OLD':
        return { kind: 'flag', flag: '\\Recent', set: false }
      case 'NOT':
        return { kind: 'not', key: this.#inner() }
      case 'OR': {
        const either = this.#inner()
        return { kind: 'or', either, other: this.#inner() }
      }
      case 'SAVEDATESUPPORTED':
        return { kind: 'save-date-supported' }
    }
    cursor.space()
    switch (name) {
      case 'UID':
        return { kind: 'uids', messages: cursor.sequenceSet() }
      // RFC 9738 §3.2; unlike `*` the end of the range is never below its beginning.
      case 'UIDAFTER':
        return uidRange(cursor.nzNumber() + 1, NUMBER_MAX)
      case 'UIDBEFORE':
        return uidRange(1, cursor.nzNumber() - 1)
      case 'BCC':
      case 'CC':
      case 'FROM':
      case 'SUBJECT':
      case 'TO':
        return { kind: 'header', field: name.toLowerCase(), value: cursor.astring() }
      case 'HEADER': {
        const field = cursor.astring().toLowerCase()
        cursor.space()
        return { kind: 'header', field, value: cursor.astring() }
      }
      case 'BODY':
        return { kind: 'body', value: cursor.astring() }
      case 'TEXT':
        return { kind: 'text', value: cursor.astring() }
      case 'KEYWORD':
        return { kind: 'flag', flag: cursor.flag(), set: true }
      case 'UNKEYWORD':
        return { kind: 'flag', flag: cursor.flag(), set: false }
      case 'BEFORE':
        return { kind: 'internal-date', compare: 'before', dayMs: cursor.date() }
      case 'ON':
        return { kind: 'internal-date', compare: 'on', dayMs: cursor.date() }
      case 'SINCE':
        return { kind: 'internal-date', compare: 'since', dayMs: cursor.date() }
      case 'SENTBEFORE':
        return { kind: 'sent-date', compare: 'before', dayMs: cursor.date() }
      case 'SENTON':
        return { kind: 'sent-date', compare: 'on', dayMs: cursor.date() }
      case 'SENTSINCE':
        return { kind: 'sent-date', compare: 'since', dayMs: cursor.date() }
      case 'SAVEDBEFORE':
        return { kind: 'save-date', compare: 'before', dayMs: cursor.date() }
      case 'SAVEDON':
        return { kind: 'save-date', compare: 'on', dayMs: cursor.date() }
      case 'SAVEDSINCE':
        return { kind: 'save-date', compare: 'since', dayMs: cursor.date() }
      case 'LARGER':
        return { kind: 'size', compare: 'larger', bytes: cursor.number64() }
      case 'SMALLER':
        return { kind: 'size', compare: 'smaller', bytes: cursor.number64() }
      case 'OLDER':
        return { kind: 'age', compare: 'older', seconds: cursor.nzNumber() }
      case 'YOUNGER':
        return { kind: 'age', compare: 'younger', seconds: cursor.nzNumber() }
      case 'EMAILID':
        return { kind: 'email-id', id: cursor.objectId() }
      case 'THREADID':
        return { kind: 'thread-id', id: cursor.objectId() }
      case 'MODSEQ':
        return modSeqKey(cursor)
      default:
        return cursor.fail('unknown search key')
    }
  }

  #inner(): SearchKey {
    this.#cursor.space()
    return this.#cursor.nested(() => this.#key())
  }
}

function uidRange(first: number, last: number): SearchKey {
  if (first > last) return { kind: 'not', key: { kind: 'all' } }
  return { kind: 'uids', messages: { kind: 'set', ranges: [{ first, last }] } }
}

function allOf(keys: readonly SearchKey[]): SearchKey {
  const [only] = keys
  return only !== undefined && keys.length === 1 ? only : { kind: 'and', keys }
}

// search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
// search-modseq-ext = SP entry-name SP entry-type-req, entry-name = DQUOTE "/flags/" attr-flag DQUOTE (RFC 7162 §7)
function modSeqKey(cursor: Cursor): SearchKey {
  if (!cursor.sees('"')) return { kind: 'modseq', modSeq: cursor.modSequence(), entry: null }
  const name = cursor.quoted()
  cursor.space()
  const type = cursor.keyword().toLowerCase()
  if (type !== 'priv' && type !== 'shared' && type !== 'all') cursor.fail('unknown entry type')
  cursor.space()
  return { kind: 'modseq', modSeq: cursor.modSequence(), entry: { name, type } }
}
