// Sets of sequence numbers or uids as clients name them and as we answer them. RFC 9051 §9 sequence-set, §4.1.1.
//
//   sequence-set = (seq-number / seq-range) ["," sequence-set]     seq-number = nz-number / "*"

import { SET_RANGES_MAX } from './limits.ts'
import { ImapSyntaxError } from './syntax-error.ts'

/** Both ends inclusive, `first` <= `last`. STAR is the largest number in use and may be either end. */
export type NumberRange = { readonly first: number; readonly last: number }
export type SequenceSet = readonly NumberRange[]

/** What a command names its messages by: a set, or `$`, the saved result of a search (RFC 5182 §2.1). */
export type MessageSet =
  | { readonly kind: 'set'; readonly ranges: SequenceSet }
  | { readonly kind: 'saved' }

/** `*`: whatever is largest, so that `9:*` has its ends in order. */
export const STAR = Number.POSITIVE_INFINITY
/** Sequence numbers and uids are unsigned 32-bit (RFC 9051 §2.3.1). */
export const NUMBER_MAX = 0xffff_ffff

/** The set as it was sent; ranges in the order given, their ends in ascending order. Throws ImapSyntaxError. */
export function parseSequenceSet(text: string): SequenceSet {
  const ranges: NumberRange[] = []
  let at = 0
  // One number: its value is left in `value`, the place after it in `at`.
  const seqNumber = (): number => {
    if (text.charCodeAt(at) === ASTERISK) {
      at++
      return STAR
    }
    const start = at
    let value = 0
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      if (value > NUMBER_MAX) throw new ImapSyntaxError('a number of the set is over 2^32-1')
    }
    if (at === start || text.charCodeAt(start) === ZERO) {
      throw new ImapSyntaxError('a set of message numbers was expected')
    }
    return value
  }
  for (;;) {
    const one = seqNumber()
    let other = one
    if (text.charCodeAt(at) === COLON) {
      at++
      other = seqNumber()
    }
    if (ranges.length === SET_RANGES_MAX) throw new ImapSyntaxError('too many ranges in the set')
    ranges.push(one <= other ? { first: one, last: other } : { first: other, last: one })
    if (at === text.length) return ranges
    if (text.charCodeAt(at) !== COMMA) {
      throw new ImapSyntaxError('a set of message numbers was expected')
    }
    at++
  }
}

export function formatSequenceSet(ranges: SequenceSet): string {
  let text = ''
  for (const { first, last } of ranges) {
    if (text !== '') text += ','
    text += first === last ? formatNumber(first) : `${formatNumber(first)}:${formatNumber(last)}`
  }
  return text
}

/**
 * Ascending disjoint ranges without gaps of nothing between them, `*` replaced by `largest`. A range that begins beyond
 * `largest` and has `*` in it is `largest` alone (RFC 9051 §9 seq-range: `559:*` always has the last message).
 * With nothing there (`largest` 0) the result is empty.
 */
export function resolveSet(ranges: SequenceSet, largest: number): NumberRange[] {
  if (largest === 0) return []
  const resolved: NumberRange[] = []
  for (const { first, last } of ranges) {
    const low = first === STAR || (last === STAR && first > largest) ? largest : first
    const high = last === STAR ? Math.max(low, largest) : last
    resolved.push(low === first && high === last ? { first, last } : { first: low, last: high })
  }
  return mergeRanges(resolved)
}

/** The same set with ascending, disjoint, non-adjacent ranges. Sorts the array it is given. */
export function mergeRanges(ranges: NumberRange[]): NumberRange[] {
  if (ranges.length < 2) return ranges
  ranges.sort((a, b) => a.first - b.first)
  const merged: NumberRange[] = []
  let current = ranges[0]
  if (current === undefined) return merged
  for (const range of ranges) {
    if (range.first > current.last + 1) {
      merged.push(current)
      current = range
    } else if (range.last > current.last) current = { first: current.first, last: range.last }
  }
  merged.push(current)
  return merged
}

/** Ranges of ascending numbers, as an answer names them. */
export function rangesOf(ascending: ArrayLike<number>): NumberRange[] {
  const ranges: NumberRange[] = []
  let start = 0
  for (let at = 0; at < ascending.length; at++) {
    const number = ascending[at] ?? 0
    if (ascending[at + 1] === number + 1) continue
    ranges.push({ first: ascending[start] ?? number, last: number })
    start = at + 1
  }
  return ranges
}

/** What both merged sets hold, merged. */
export function intersectRanges(a: SequenceSet, b: SequenceSet): NumberRange[] {
  const both: NumberRange[] = []
  let inA = 0
  let inB = 0
  for (;;) {
    const one = a[inA]
    const other = b[inB]
    if (one === undefined || other === undefined) return both
    const first = Math.max(one.first, other.first)
    const last = Math.min(one.last, other.last)
    if (first <= last) both.push({ first, last })
    if (one.last < other.last) inA++
    else inB++
  }
}

/** How many numbers merged ranges hold. */
export function countNumbers(merged: SequenceSet): number {
  let count = 0
  for (const { first, last } of merged) count += last - first + 1
  return count
}

/** The largest number named, 0 when only `*` is. */
export function largestNamed(ranges: SequenceSet): number {
  let largest = 0
  for (const { first, last } of ranges) {
    if (last !== STAR) largest = Math.max(largest, last)
    else if (first !== STAR) largest = Math.max(largest, first)
  }
  return largest
}

/** Whether merged ranges hold the number. */
export function holdsNumber(merged: SequenceSet, number: number): boolean {
  let low = 0
  let high = merged.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = merged[middle]
    if (range === undefined) return false
    if (number < range.first) high = middle - 1
    else if (number > range.last) low = middle + 1
    else return true
  }
  return false
}

/** The numbers of merged ranges, one by one. */
export function* eachNumber(merged: SequenceSet): Generator<number> {
  for (const { first, last } of merged) {
    for (let number = first; number <= last; number++) yield number
  }
}

function formatNumber(number: number): string {
  return number === STAR ? '*' : `${number}`
}

const ASTERISK = 0x2a
const COMMA = 0x2c
const ZERO = 0x30
const COLON = 0x3a
