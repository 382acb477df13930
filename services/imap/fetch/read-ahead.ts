// Reads what comes next while what came before is being sent.

import type { ByteBudget } from '#shared/runtime/byte-budget.ts'

/** How much may have been begun and not yet taken. */
export type AheadLimits<Item> = {
  readonly items: number
  readonly bytes: number
  readonly bytesOf: (item: Item) => number
  /** Where there is no room in it, only one item is read at a time. */
  readonly memory: Pick<ByteBudget, 'tryTake' | 'give'>
}

/** The results in the order of the items; one item is always read, however large. */
export async function* readAhead<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
  limits: AheadLimits<Item>,
): AsyncGenerator<Result> {
  const { memory } = limits
  const ahead: {
    readonly bytes: number
    /** Out of `memory`. */
    readonly taken: number
    readonly result: Promise<Result>
  }[] = []
  let aheadBytes = 0
  let sending = 0
  async function* next(): AsyncGenerator<Result> {
    const first = ahead.shift()
    if (first === undefined) return
    aheadBytes -= first.bytes
    sending = first.taken
    yield await first.result
    memory.give(sending)
    sending = 0
  }
  try {
    for (const item of items) {
      const bytes = limits.bytesOf(item)
      let taken = 0
      while (ahead.length > 0) {
        const fits = ahead.length < limits.items && aheadBytes + bytes <= limits.bytes
        if (fits && memory.tryTake(bytes)) {
          taken = bytes
          break
        }
        yield* next()
      }
      const result = read(item)
      // Awaited when its turn comes, which it does not when an earlier one fails.
      result.catch(() => undefined)
      ahead.push({ bytes, taken, result })
      aheadBytes += bytes
    }
    while (ahead.length > 0) yield* next()
  } finally {
    memory.give(ahead.reduce((sum, { taken }) => sum + taken, sending))
  }
}
