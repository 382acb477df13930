// Patterns of :matches (RFC 5228 §2.7.1): `*` any text, `?` one character, a backslash before either itself. What a wildcard stands for is as
// short as can be (RFC 5229 §3.2), which is found from the left without going back: each text between two `*` where it comes first.

import { isSoonFound, LongFinder } from './piecewise.ts'

export type Pattern = {
  /** Between the `*`: texts, and null for each `?`. */
  readonly segments: readonly Segment[]
  /** A text that stands in whatever it fits; '' where it has none. */
  readonly needle: string
}

type Segment = readonly (string | null)[]

/** `textOf`: what a text of the pattern is compared as; wildcards are found before. */
export function parsePattern(pattern: string, textOf: (text: string) => string): Pattern {
  const segments: (string | null)[][] = [[]]
  let text = ''
  const endText = () => {
    if (text !== '') segments.at(-1)?.push(textOf(text))
    text = ''
  }
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === '\\' && at + 1 < pattern.length) {
      at++
      text += pattern.charAt(at)
    } else if (character === '*') {
      endText()
      segments.push([])
    } else if (character === '?') {
      endText()
      segments.at(-1)?.push(null)
    } else text += character
  }
  endText()
  return { segments, needle: needleOf(segments) }
}

/** The longest one that is found at once, whatever stands in the other text. */
function needleOf(segments: readonly Segment[]): string {
  let needle = ''
  for (const segment of segments) {
    for (const piece of segment) {
      if (piece === null || piece.length <= needle.length) continue
      if (piece.length <= NEEDLE_CHARACTERS_MAX) needle = piece
    }
  }
  return needle
}

const NEEDLE_CHARACTERS_MAX = 64

/** What a pattern is held against, and where its characters end. */
export interface PatternSubject {
  readonly text: string
  /** Behind the character that is at this place; there is one. */
  behind(at: number): number
  /** Where the character before this place begins; there is one. */
  before(at: number): number
}

/** Each unit is a character. */
export function unitSubject(text: string): PatternSubject {
  return { text, behind: (at) => at + 1, before: (at) => at - 1 }
}

export type Wildcard = readonly [from: number, to: number]

/**
 * What each wildcard stands for, as places in the text; undefined where the pattern does not fit. `spend` is told of the work, which stops
 * now and then.
 */
export function* matchPattern(
  { segments }: Pattern,
  subject: PatternSubject,
  spend: (steps: number) => void,
): Generator<undefined, readonly Wildcard[] | undefined> {
  const { length } = subject.text
  const found: Wildcard[] = []
  let at = 0
  for (const [i, segment] of segments.entries()) {
    const isFirst = i === 0
    let start: number
    if (isFirst) start = 0
    else if (i === segments.length - 1) start = startOfLast(segment, subject)
    else start = yield* placeOf(segment, subject, at, spend)
    if (start < at) return undefined
    if (!isFirst) found.push([at, start])
    const fitting = fitsAt(segment, subject, start)
    if (fitting === undefined) return undefined
    for (const each of fitting.single) found.push(each)
    at = fitting.end
  }
  return at === length ? found : undefined
}

function fitsAt(segment: Segment, subject: PatternSubject, start: number) {
  const single: Wildcard[] = []
  let end = start
  for (const piece of segment) {
    if (piece === null) {
      if (end >= subject.text.length) return undefined
      const behind = subject.behind(end)
      single.push([end, behind])
      end = behind
    } else if (subject.text.startsWith(piece, end)) end += piece.length
    else return undefined
  }
  return { single, end }
}

/** Where a segment begins that ends with the text; below 0 where there is not as much of it. */
function startOfLast(segment: Segment, subject: PatternSubject): number {
  let start = subject.text.length
  for (const piece of segment.toReversed()) {
    if (start <= 0 && piece === null) return -1
    start = piece === null ? subject.before(start) : start - piece.length
  }
  return start
}

function* placeOf(
  segment: Segment,
  subject: PatternSubject,
  from: number,
  spend: (steps: number) => void,
): Generator<undefined, number> {
  const { text } = subject
  const [first] = segment
  if (first === undefined) return from
  // How much is looked at for each place: pieces, and characters of texts.
  const looks = segment.reduce((sum, piece) => sum + 1 + ((piece?.length ?? 1) >> 4), 0)
  let unspent = 0
  const isLong = first !== null && !isSoonFound(text.length - from, first.length)
  // Goes on from place to place, as what is looked at twice would be counted and yet take long.
  const finder = isLong ? new LongFinder(first) : undefined
  let behind = from
  for (let at = from; at <= text.length; at++) {
    if (first !== null) {
      const next =
        finder === undefined ? text.indexOf(first, at) : yield* finder.nextIn(text, behind)
      if (next < 0) return -1
      behind = next + first.length
      unspent += (next - at) >> 6
      at = next
    }
    if (segment.length === 1 && first !== null) return at
    if (fitsAt(segment, subject, at)) return at
    unspent += looks
    if (unspent < LOOKS_AT_ONCE) continue
    spend(unspent / LOOKS_A_STEP)
    unspent = 0
    yield
  }
  return -1
}

const LOOKS_A_STEP = 16
const LOOKS_AT_ONCE = 4_096
