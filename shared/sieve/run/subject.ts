// A value as :matches sees it: folded as the comparator wants it, cut into what the comparator calls a character, and the way back to
// what stands in the message, which is what match variables hold (RFC 5229 §3.2).

import { foldCase } from '#shared/mail/casemap.ts'
import type { Comparator } from './comparator.ts'
import { type PatternSubject, unitSubject } from './wildcards.ts'

export interface Subject extends PatternSubject {
  /** The text of the message between two places of the folded one. */
  original(from: number, to: number): string
}

export function* subjectOf(comparator: Comparator, value: string): Generator<undefined, Subject> {
  if (isOfOctets(comparator, value)) return octetSubject(value, comparator.fold(value))
  return yield* characterSubject(value)
}

/** ASCII, or any text with the comparators of octets, where `?` is an octet of UTF-8 (RFC 5228 §2.7.1). */
export const isOfOctets = ({ countsOctets }: Comparator, value: string) =>
  countsOctets || !isWide(value)

/** Of such a value. */
export function octetSubject(value: string, folded: string): Subject {
  if (!isWide(value)) {
    return { ...unitSubject(folded), original: (from, to) => value.slice(from, to) }
  }
  const octets = toOctets(value)
  // What changes the case of ASCII alone changes no octet of other characters.
  const original = (from: number, to: number) => fromOctets(octets.slice(from, to))
  return { ...unitSubject(toOctets(folded)), original }
}

/** The text of a pattern, to be found in the text of such a subject. */
export function patternText({ countsOctets, fold }: Comparator, isWide: boolean) {
  return (text: string) => (isWide && countsOctets ? toOctets(fold(text)) : fold(text))
}

export const isWide = (value: string) => notAscii.test(value)

const notAscii = /[^\x00-\x7f]/
const toOctets = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const fromOctets = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')

/** A character is a code point here, with the marks on it: folded it may be several, of which `?` takes all. */
function* characterSubject(value: string): Generator<undefined, Subject> {
  const pieces: string[] = []
  /** Where each character begins, in the folded text and in the value. */
  const folded: number[] = []
  const source: number[] = []
  let length = 0
  for (let at = 0; at < value.length; ) {
    const end = characterEnd(value, at)
    const piece = foldCase(value.slice(at, end))
    folded.push(length)
    source.push(at)
    pieces.push(piece)
    length += piece.length
    at = end
    if (folded.length % CHARACTERS_AT_ONCE === 0) yield
  }
  folded.push(length)
  source.push(value.length)
  /** The last character that begins at the place or before it. */
  const indexAt = (place: number) => {
    let low = 0
    let high = folded.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((folded[middle] ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return low
  }
  const indexFrom = (place: number) => {
    const index = indexAt(place)
    return folded[index] === place ? index : index + 1
  }
  return {
    text: pieces.join(''),
    behind: (at) => folded[indexAt(at) + 1] ?? length,
    before: (at) => folded[indexFrom(at) - 1] ?? 0,
    original: (from, to) => value.slice(source[indexAt(from)], source[indexFrom(to)]),
  }
}

const CHARACTERS_AT_ONCE = 1_024
/** Marks on one character; what has more is several. */
const MARKS_MAX = 32

function characterEnd(value: string, at: number): number {
  let end = at + lengthAt(value, at)
  for (let marks = 0; marks < MARKS_MAX && end < value.length; marks++) {
    const code = value.codePointAt(end) ?? 0
    if (code < 0x300 || !mark.test(String.fromCodePoint(code))) break
    end += lengthAt(value, end)
  }
  return end
}

const mark = /\p{M}/u
const lengthAt = (value: string, at: number) => ((value.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
