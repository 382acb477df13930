// PARTIAL of SEARCH and FETCH: RFC 9394 §4 partial-range.

import type { Cursor } from './cursor.ts'

/** Positions in the result, from 1; counted from the end when `fromEnd`. `first` <= `last`. */
export type PartialRange = {
  readonly first: number
  readonly last: number
  readonly fromEnd: boolean
}

// partial-range = partial-range-first / partial-range-last
// partial-range-first = nz-number ":" nz-number        partial-range-last = MINUS nz-number ":" MINUS nz-number
export function parsePartialRange(cursor: Cursor): PartialRange {
  const fromEnd = cursor.takes('-')
  const one = cursor.nzNumber()
  cursor.expect(':')
  if (fromEnd) cursor.expect('-')
  const other = cursor.nzNumber()
  return { first: Math.min(one, other), last: Math.max(one, other), fromEnd }
}

export function formatPartialRange({ first, last, fromEnd }: PartialRange): string {
  return fromEnd ? `-${first}:-${last}` : `${first}:${last}`
}

/** What the range names of a result. RFC 9394 §3.1: counted from its end when negative. */
export function inPartialRange<T>(
  result: readonly T[],
  { first, last, fromEnd }: PartialRange,
): readonly T[] {
  if (!fromEnd) return result.slice(first - 1, last)
  return result.slice(Math.max(0, result.length - last), Math.max(0, result.length - first + 1))
}
