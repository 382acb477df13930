// A criterion as a function of a message. It answers from what is known so far, and undefined where more has to be read; what needs
// less is asked first.

import { foldCase } from '#shared/mail/casemap.ts'
import { SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import { emailId } from '#shared/message/object-ids.ts'
import type { Candidate, FieldNeedles } from './candidate.ts'
import type { Criterion, Interval } from './criterion.ts'
import { isEnvelopeField } from './envelope-fields.ts'
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
  /** Header fields are asked for that are not in the index. */
  readonly readsHeader: boolean
  /** The thread is asked for. */
  readonly readsThread: boolean
  /** How many are asked of each message. */
  readonly criteria: number
  /** Memory taken, about. */
  readonly bytes: number
}

/** Memory of a criterion, and of a folded character to look for. */
const CRITERION_BYTES = 200
const CHARACTER_BYTES = 6

/**
 * Good for every folder for which the sets of uids in it are. Takes time and memory in proportion to the criterion, and so does every
 * message that is asked: whoever lets others choose it keeps to limits.ts.
 */
export function compile(criterion: Criterion): Compiled {
  const compiler = new Compiler()
  const predicate = compiler.predicate(criterion)
  const { fields, readsHeader, readsThread, criteria, bytes } = compiler
  const texts = [...compiler.texts.values()]
  return { predicate, texts, fields, readsHeader, readsThread, criteria, bytes }
}

class Compiler {
  /** By kind and text: what is asked twice is looked for once. */
  readonly texts = new Map<string, TextNeedle>()
  readonly fields = new Map<string, FieldNeedle[]>()
  readsHeader = false
  readsThread = false
  criteria = 0
  bytes = 0

  predicate(criterion: Criterion): Predicate {
    this.criteria++
    this.bytes += CRITERION_BYTES
    switch (criterion.kind) {
      case 'all':
        return always(true)
      case 'and':
        return allOf(criterion.criteria.map((each) => this.predicate(each)))
      case 'or':
        return not(allOf(criterion.criteria.map((each) => not(this.predicate(each)))))
      case 'not':
        return not(this.predicate(criterion.criterion))
      case 'uids': {
        const { uids } = criterion
        this.bytes += uids.bytes
        return fact(({ uid }) => uids.has(uid))
      }
      case 'flag':
        return hasFlag(criterion.flag, criterion.set)
      case 'header':
        return this.#holdsField(criterion.field, this.#fold(criterion.text))
      case 'body':
      case 'text':
        return this.#holdsText(criterion.kind, this.#fold(criterion.text))
      case 'received':
        return fact(({ internalDateMs }) => isIn(criterion, internalDateMs))
      case 'saved':
        return fact(({ saveDateMs }) => isIn(criterion, saveDateMs))
      case 'sent':
        return wasSentIn(criterion)
      case 'size':
        return fact(({ size }) => isIn(criterion, size))
      case 'modseq':
        return fact(({ modSeq }) => modSeq >= criterion.atLeast)
      case 'email-id':
        return fact((message) => emailId(message) === criterion.id)
      case 'thread-id':
        return this.#isInThread(criterion.id)
    }
  }

  #fold(text: string): string {
    const folded = foldCase(text)
    this.bytes += CHARACTER_BYTES * folded.length
    return folded
  }

  #isInThread(id: string): Predicate {
    this.readsHeader = true
    this.readsThread = true
    return {
      cost: costs.header,
      test: (_, candidate) => {
        const threadId = candidate?.threadId
        return threadId === undefined ? undefined : threadId === id
      },
    }
  }

  #holdsText(kind: TextNeedle['kind'], folded: string): Predicate {
    if (folded === '') return always(true)
    const known = this.texts.get(`${kind} ${folded}`)
    const needle = known ?? new TextNeedle(kind, folded)
    if (known === undefined) this.texts.set(`${kind} ${folded}`, needle)
    return { cost: costs.text, test: (_, candidate) => candidate?.found?.has(needle) }
  }

  #holdsField(name: string, folded: string): Predicate {
    this.readsHeader ||= !isEnvelopeField(name)
    let needles = this.fields.get(name)
    if (needles === undefined) this.fields.set(name, (needles = []))
    const known = needles.find((each) => each.folded === folded)
    const needle = known ?? new FieldNeedle(name, folded)
    if (known === undefined) needles.push(needle)
    return {
      cost: isEnvelopeField(name) ? costs.index : costs.header,
      test: (_, candidate) => candidate?.holds(needle),
    }
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

function isIn({ from, before }: Interval, value: number): boolean {
  return value >= from && value < before
}

function wasSentIn(interval: Interval): Predicate {
  return {
    cost: costs.index,
    test: (_, candidate) => {
      if (candidate === undefined) return undefined
      const date = candidate.fields.sentDate
      return date !== undefined && isIn(interval, date.dayMs)
    },
  }
}
