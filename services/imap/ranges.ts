// Ranges of uids as sets.

import type { NumberRange } from '#shared/imap/sequence-set.ts'

/** What is in both; each merged, ascending. */
export function intersectRanges(
  a: readonly NumberRange[],
  b: readonly NumberRange[],
): NumberRange[] {
  const both: NumberRange[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i]
    const right = b[j]
    if (left === undefined || right === undefined) break
    const first = Math.max(left.first, right.first)
    const last = Math.min(left.last, right.last)
    if (first <= last) both.push({ first, last })
    if (left.last < right.last) i++
    else j++
  }
  return both
}
