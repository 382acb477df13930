// Reads what comes next while what came before is being sent.

/** How much may have been begun and not yet taken. */
export type AheadLimits<Item> = {
  readonly items: number
  readonly bytes: number
  readonly bytesOf: (item: Item) => number
}

/** The results in the order of the items; one item is always read, however large. */
export async function* readAhead<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
  limits: AheadLimits<Item>,
): AsyncGenerator<Result> {
  const ahead: { readonly bytes: number; readonly result: Promise<Result> }[] = []
  let aheadBytes = 0
  for (const item of items) {
    const bytes = limits.bytesOf(item)
    while (
      ahead.length > 0 &&
      (ahead.length === limits.items || aheadBytes + bytes > limits.bytes)
    ) {
      const first = ahead.shift()
      if (first === undefined) break
      aheadBytes -= first.bytes
      yield await first.result
    }
    const result = read(item)
    // Awaited when its turn comes, which it does not when an earlier one fails.
    result.catch(() => undefined)
    ahead.push({ bytes, result })
    aheadBytes += bytes
  }
  for (const { result } of ahead) yield await result
}
