// A search key as a function of a message. It answers from what is known so far, and undefined where more has to be read; the
// keys that need less are asked first.

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import {
  type MessageSet,
  NUMBER_MAX,
  resolveSet,
  type SequenceSet,
  STAR,
} from '#shared/imap/sequence-set.ts'
import { foldCase } from '#shared/mail/casemap.ts'
import { decodeText } from '#shared/mail/charset.ts'
import { SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import type { UidList } from '#shared/mailbox/message-columns.ts'
import { holdsNumber, rangesOf } from '#shared/runtime/number-ranges.ts'
import { emailId } from '../object-ids.ts'
import type { Candidate, FieldNeedles } from './candidate.ts'
import { isIndexedName } from './indexed-fields.ts'
import type { MessageFacts } from './message-facts.ts'
import { FieldNeedle, TextNeedle } from './needle.ts'

/** What has to be read of a message: nothing, its stored index, its header, all of it. */
export const costs = { facts: 0, index: 1, header: 2, text: 3 } as const
export type Cost = (typeof costs)[keyof typeof costs]

export type Verdict = boolean | undefined

export type Predicate = {
  readonly cost: Cost
  /** Undefined: cannot be told before more is read. */
  test(message: MessageFacts, candidate: Candidate | undefined): Verdict
}

export type Compiled = {
  readonly predicate: Predicate
  readonly texts: readonly TextNeedle[]
  readonly fields: FieldNeedles
  /** A key asks for header fields that are not in the index. */
  readonly readsHeader: boolean
  /** A key asks for the thread. */
  readonly readsThread: boolean
  /** What is asked of each message. */
  readonly keyCount: number
  /** Memory taken, about. */
  readonly bytes: number
}

/** Memory of a key, of a folded character to look for, of a range of a set. */
const KEY_BYTES = 200
const CHARACTER_BYTES = 6
const RANGE_BYTES = 48

export type SearchContext = {
  /** Of the texts in the keys, null for none. */
  readonly charset: string | null
  /** Uids by sequence number, as the client knows them. */
  readonly uids: UidList
  /** What `$` stands for (RFC 5182). */
  readonly saved: readonly Uid[]
  readonly nowMs: number
  /** RFC 3501 §2.3.2; nothing is outside the selected mailbox. */
  readonly isRecent?: (uid: Uid) => boolean
}

export function compile(key: SearchKey, context: SearchContext): Compiled {
  const compiler = new Compiler(context)
  const predicate = compiler.predicate(key)
  const { fields, readsHeader, readsThread, keyCount, bytes } = compiler
  const texts = [...compiler.texts.values()]
  return { predicate, texts, fields, readsHeader, readsThread, keyCount, bytes }
}

const DAY_MS = 86_400_000

class Compiler {
  /** By kind and text: what is asked twice is looked for once. */
  readonly texts = new Map<string, TextNeedle>()
  readonly fields = new Map<string, FieldNeedle[]>()
  readsHeader = false
  readsThread = false
  keyCount = 0
  bytes = 0
  readonly #context: SearchContext
  #saved: SequenceSet | undefined

  constructor(context: SearchContext) {
    this.#context = context
  }

  predicate(key: SearchKey): Predicate {
    this.keyCount++
    this.bytes += KEY_BYTES
    switch (key.kind) {
      case 'all':
      case 'save-date-supported':
        return always(true)
      case 'and':
        return allOf(key.keys.map((each) => this.predicate(each)))
      case 'or':
        return not(allOf([key.either, key.other].map((each) => not(this.predicate(each)))))
      case 'not':
        return not(this.predicate(key.key))
      case 'numbers':
        return this.#inSet(this.#uidRangesOfNumbers(key.messages))
      case 'uids':
        return this.#inSet(this.#uidRanges(key.messages))
      case 'flag':
        return key.flag.toLowerCase() === '\\recent'
          ? fact(({ uid }) => (this.#context.isRecent?.(uid) ?? false) === key.set)
          : hasFlag(key.flag, key.set)
      case 'header':
        return this.#holdsField(key.field, this.#fold(key.value))
      case 'body':
      case 'text':
        return this.#holdsText(key.kind, this.#fold(key.value))
      case 'internal-date':
        return fact(({ internalDateMs }) => isOn(key, internalDateMs))
      case 'save-date':
        return fact(({ saveDateMs }) => isOn(key, saveDateMs))
      case 'sent-date':
        return sentOn(key)
      case 'age':
        return isAged(key.compare, this.#context.nowMs - key.seconds * 1000)
      case 'size':
        return key.compare === 'larger'
          ? fact(({ size }) => size > key.bytes)
          : fact(({ size }) => size < key.bytes)
      case 'modseq':
        return fact(({ modSeq }) => modSeq >= key.modSeq)
      case 'email-id':
        return fact((message) => emailId(message) === key.id)
      case 'thread-id':
        this.readsHeader = true
        this.readsThread = true
        return {
          cost: costs.header,
          test: (_, candidate) => {
            const threadId = candidate?.threadId
            return threadId === undefined ? undefined : threadId === key.id
          },
        }
    }
  }

  #fold(value: string): string {
    const folded = foldCase(decodeText(Buffer.from(value, 'latin1'), this.#context.charset))
    this.bytes += CHARACTER_BYTES * folded.length
    return folded
  }

  #holdsText(kind: TextNeedle['kind'], folded: string): Predicate {
    if (folded === '') return always(true)
    const known = this.texts.get(`${kind} ${folded}`)
    const needle = known ?? new TextNeedle(kind, folded)
    if (known === undefined) this.texts.set(`${kind} ${folded}`, needle)
    return { cost: costs.text, test: (_, candidate) => candidate?.found?.has(needle) }
  }

  #holdsField(name: string, folded: string): Predicate {
    this.readsHeader ||= !isIndexedName(name)
    let needles = this.fields.get(name)
    if (needles === undefined) this.fields.set(name, (needles = []))
    const known = needles.find((each) => each.folded === folded)
    const needle = known ?? new FieldNeedle(name, folded)
    if (known === undefined) needles.push(needle)
    return {
      cost: isIndexedName(name) ? costs.index : costs.header,
      test: (_, candidate) => candidate?.holds(needle),
    }
  }

  #inSet(ranges: SequenceSet): Predicate {
    this.bytes += RANGE_BYTES * ranges.length
    return fact(({ uid }) => holdsNumber(ranges, uid))
  }

  /** Deliberately: numbers that no message has are passed over, so that `1:*` is no error in an empty mailbox. */
  #uidRangesOfNumbers(messages: MessageSet): SequenceSet {
    const { uids } = this.#context
    if (messages.kind === 'saved') return this.#savedRanges()
    return resolveSet(messages.ranges, uids.length)
      .filter(({ first }) => first <= uids.length)
      .map(({ first, last }) => ({
        first: uids[first - 1] ?? 0,
        last: uids[Math.min(last, uids.length) - 1] ?? 0,
      }))
  }

  #uidRanges(messages: MessageSet): SequenceSet {
    const { uids } = this.#context
    if (messages.kind === 'saved') return this.#savedRanges()
    // Without "*" it does not matter which uid is the last, and a result that is kept up to date outlives it.
    const { ranges } = messages
    const last = ranges.some((range) => range.last === STAR)
      ? (uids[uids.length - 1] ?? 0)
      : NUMBER_MAX
    return resolveSet(ranges, last)
  }

  /** Made once, however often `$` is named. */
  #savedRanges(): SequenceSet {
    this.#saved ??= rangesOf(this.#context.saved)
    return this.#saved
  }
}

function always(verdict: boolean): Predicate {
  return { cost: costs.facts, test: () => verdict }
}

function fact(test: (message: MessageFacts) => boolean): Predicate {
  return { cost: costs.facts, test }
}

function not(predicate: Predicate): Predicate {
  return {
    cost: predicate.cost,
    test: (message, candidate) => {
      const verdict = predicate.test(message, candidate)
      return verdict === undefined ? undefined : !verdict
    },
  }
}

function allOf(given: readonly Predicate[]): Predicate {
  const predicates = [...given].sort((a, b) => a.cost - b.cost)
  return {
    cost: predicates.at(-1)?.cost ?? costs.facts,
    test: (message, candidate) => {
      let verdict: Verdict = true
      for (const predicate of predicates) {
        const one = predicate.test(message, candidate)
        if (one === false) return false
        if (one === undefined) verdict = undefined
      }
      return verdict
    },
  }
}

function hasFlag(flag: string, set: boolean): Predicate {
  const lower = flag.toLowerCase()
  const system = SYSTEM_FLAGS.findIndex((name) => name.toLowerCase() === lower)
  if (system < 0) {
    return fact(({ flags }) => inLowerCase(flags.keywords).has(lower) === set)
  }
  const bit = 1 << system
  return fact(({ flags }) => ((flags.bits & bit) !== 0) === set)
}

/** Made once for each list: a folder has few different ones, and any number of keys may ask. */
function inLowerCase(keywords: readonly string[]): ReadonlySet<string> {
  let lower = lowerCased.get(keywords)
  if (lower === undefined) {
    lower = new Set(keywords.map((keyword) => keyword.toLowerCase()))
    lowerCased.set(keywords, lower)
  }
  return lower
}

const lowerCased = new WeakMap<readonly string[], ReadonlySet<string>>()

type DateKey = { readonly compare: 'before' | 'on' | 'since'; readonly dayMs: number }

/**
 * RFC 9051 §6.4.4: the date disregarding time and zone. Internal dates have no zone here, FETCH shows them in UTC, and so the
 * day is the one of UTC.
 */
function isOn({ compare, dayMs }: DateKey, ms: number): boolean {
  switch (compare) {
    case 'before':
      return ms < dayMs
    case 'on':
      return ms >= dayMs && ms < dayMs + DAY_MS
    case 'since':
      return ms >= dayMs
  }
}

/** The day as the sender wrote it. A message without a valid Date field was sent on no day. */
function sentOn(key: DateKey): Predicate {
  return {
    cost: costs.index,
    test: (_, candidate) => {
      if (candidate === undefined) return undefined
      const date = candidate.fields.sentDate
      return date !== undefined && isOn(key, date.dayMs)
    },
  }
}

/** RFC 5032 §2: against the internal date; both ends of the interval belong to it. */
function isAged(compare: 'older' | 'younger', thresholdMs: number): Predicate {
  return compare === 'older'
    ? fact(({ internalDateMs }) => internalDateMs <= thresholdMs)
    : fact(({ internalDateMs }) => internalDateMs >= thresholdMs)
}
