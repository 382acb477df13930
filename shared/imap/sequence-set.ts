// Sets of sequence numbers or uids as clients name them and as we answer them. RFC 9051 §9 sequence-set, §4.1.1.
//
//   sequence-set = (seq-number / seq-range) ["," sequence-set]     seq-number = nz-number / "*"

import { mergeRanges, type NumberRange } from '#shared/runtime/number-ranges.ts'
import { SET_RANGES_MAX } from './limits.ts'
import { ImapSyntaxError } from './syntax-error.ts'

/** STAR is the largest number in use and may be either end of a range. */
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

function formatNumber(number: number): string {
  return number === STAR ? '*' : `${number}`
}

const ASTERISK = 0x2a
const COMMA = 0x2c
const ZERO = 0x30
const COLON = 0x3a
