// A sort that lets others run: the engine's own sort cannot be interrupted, and a folder may hold a million messages.

import type { Pace } from './pace.ts'

/** Sorted by the engine's own sort. */
const RUN_ITEMS = 32

/** The items in order; equal ones keep theirs. `bytes` is what one comparison costs the pace. */
export async function sortInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  { pace, bytes }: { readonly pace: Pace; readonly bytes: number },
): Promise<T[]> {
  let from: T[] = []
  let isSorted = true
  for (let start = 0; start < items.length; start += RUN_ITEMS) {
    const run = items.slice(start, start + RUN_ITEMS).sort(compare)
    if (start > 0 && compare(from[start - 1] as T, run[0] as T) > 0) isSorted = false
    for (const item of run) from.push(item)
    // Some five comparisons an item.
    const wait = pace.spent(run.length * 5 * bytes)
    if (wait) await wait
  }
  if (isSorted) return from
  let to = from.slice()
  for (let width = RUN_ITEMS; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length)
      const end = Math.min(start + 2 * width, from.length)
      let left = start
      let right = middle
      for (let at = start; at < end; at++) {
        const a = from[left] as T
        const b = from[right] as T
        const takesLeft = left < middle && (right >= end || compare(a, b) <= 0)
        to[at] = takesLeft ? a : b
        if (takesLeft) left++
        else right++
        const wait = pace.spent(bytes)
        if (wait) await wait
      }
    }
    ;[from, to] = [to, from]
  }
  return from
}
