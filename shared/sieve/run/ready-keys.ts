// The keys of :is, :contains and :matches, folded and taken apart once: where they stand in the script, for all runs of it.

import { foldedPieces } from '#shared/mail/casemap.ts'
import type { Comparator } from './comparator.ts'
import type { ComparedValue } from './compared-value.ts'
import type { GateKeys } from './gate.ts'
import { isSoonFound, placeIn } from './piecewise.ts'
import type { Run } from './run.ts'
import { isWide, patternText, type Subject, subjectOf } from './subject.ts'
import type { ReadyKeys } from './tester.ts'
import { matchPattern, type Pattern, parsePattern, type Wildcard } from './wildcards.ts'

/** Compared before others are let in: well under a millisecond. */
export const CHARACTERS_AT_ONCE = 256 * 1024
/** What a value takes besides its characters. */
export const VALUE_CHARACTERS = 64

export function isKeys(comparator: Comparator, keys: readonly string[]): ReadyKeys {
  let folded: ReadonlySet<string> | undefined
  const set = () => {
    folded ??= new Set(keys.map(comparator.fold))
    return folded
  }
  return {
    steps: keys.length >> 4,
    soon: (_run, value) =>
      value.isSoonFolded(comparator) ? set().has(value.folded(comparator)) : undefined,
    *test(_run, value) {
      return set().has(yield* foldPaced(comparator, value))
    },
    gateKeys: () => ({ kind: 'whole', all: set() }),
  }
}

export function containsKeys(comparator: Comparator, keys: readonly string[]): ReadyKeys {
  let folded: readonly string[] | undefined
  let longest = 0
  const all = () => {
    if (folded === undefined) {
      folded = keys.map(comparator.fold)
      longest = folded.reduce((most, { length }) => Math.max(most, length), 0)
    }
    return folded
  }
  return {
    steps: 0,
    soon(run, value) {
      const { length } = value.text
      if (keys.length * (VALUE_CHARACTERS + length) > CHARACTERS_AT_ONCE) return undefined
      if (!value.isSoonFolded(comparator)) return undefined
      const text = value.folded(comparator)
      const ready = all()
      // Of keys that are longer than the text none is looked for.
      if (!isSoonFound(text.length, Math.min(longest, text.length))) return undefined
      for (const key of ready) {
        run.spend(1 + (text.length >> 12))
        if (text.includes(key)) return true
      }
      return false
    },
    *test(run, value) {
      const text = yield* foldPaced(comparator, value)
      let characters = 0
      for (const key of all()) {
        run.spend(1 + (text.length >> 12))
        if ((yield* placeIn(text, key)) >= 0) return true
        characters += VALUE_CHARACTERS + text.length
        if (characters < CHARACTERS_AT_ONCE) continue
        characters = 0
        yield
      }
      return false
    },
    gateKeys: () => partKeys(keys, () => all()),
  }
}

export function matchesKeys(comparator: Comparator, keys: readonly string[]): ReadyKeys {
  const narrow = new Map<number, Pattern>()
  const wide = new Map<number, Pattern>()
  /** Taken apart when it is reached. */
  const patternAt = (place: number, isOfWide: boolean) => {
    const parsed = isOfWide ? wide : narrow
    const known = parsed.get(place)
    if (known !== undefined) return known
    const pattern = parsePattern(keys[place] ?? '', patternText(comparator, isOfWide))
    parsed.set(place, pattern)
    return pattern
  }
  function* fitsOne(run: Run, { text }: ComparedValue, subject: Subject) {
    const isOfWide = isWide(text)
    for (let i = 0; i < keys.length; i++) {
      run.spend(1 + (text.length >> 12))
      const pattern = patternAt(i, isOfWide)
      if (!subject.text.includes(pattern.needle)) continue
      const found = yield* matchPattern(pattern, subject, (steps) => run.spend(steps))
      if (found === undefined) continue
      setMatched(run, text, subject, found)
      return true
    }
    return false
  }
  return {
    steps: 0,
    /** That it does not fit, as most do not. */
    soon(run, value) {
      if (value.text.length > SOON_CHARACTERS_MAX || keys.length > SOON_KEYS_MAX) return undefined
      const subject = value.soonSubject(comparator)
      if (subject === undefined) return undefined
      const isOfWide = isWide(value.text)
      for (let i = 0; i < keys.length; i++) {
        if (subject.text.includes(patternAt(i, isOfWide).needle)) return undefined
      }
      run.spend(keys.length)
      return false
    },
    *test(run, value) {
      const soon = value.soonSubject(comparator)
      if (soon !== undefined) return yield* fitsOne(run, value, soon)
      // Each character is folded by itself, which takes a hundred times as long as looking at it.
      run.spend(value.text.length >> 3)
      return yield* fitsOne(run, value, yield* subjectOf(comparator, value.text))
    },
    gateKeys: () => partKeys(keys, () => keys.map((_, i) => patternAt(i, false).needle)),
  }
}

function partKeys(keys: readonly string[], needles: () => readonly string[]): GateKeys | undefined {
  const { length: count } = keys
  return count > GATE_KEYS_MAX ? undefined : { kind: 'part', any: needles(), count }
}

/** Less than makes a second step of a key. */
const SOON_CHARACTERS_MAX = 4_095
const SOON_KEYS_MAX = 32
const GATE_KEYS_MAX = 8

function setMatched(run: Run, text: string, subject: Subject, found: readonly Wildcard[]): void {
  run.variables.matched = () => [text, ...found.map(([from, to]) => subject.original(from, to))]
}

/** Folding of Unicode takes long. */
function* foldPaced(comparator: Comparator, value: ComparedValue) {
  if (value.isSoonFolded(comparator)) return value.folded(comparator)
  let folded = ''
  for (const piece of foldedPieces(value.text)) {
    folded += piece
    yield
  }
  return folded
}
