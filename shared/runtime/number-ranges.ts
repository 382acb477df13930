// Sets of numbers as ranges: small, however many follow each other.

/** Both ends inclusive, `first` <= `last`. */
export type NumberRange = { readonly first: number; readonly last: number }

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

/** The ranges that ascending numbers make. */
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
export function intersectRanges(
  a: readonly NumberRange[],
  b: readonly NumberRange[],
): NumberRange[] {
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
export function countNumbers(merged: readonly NumberRange[]): number {
  let count = 0
  for (const { first, last } of merged) count += last - first + 1
  return count
}

/** Whether merged ranges hold the number. */
export function holdsNumber(merged: readonly NumberRange[], number: number): boolean {
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
