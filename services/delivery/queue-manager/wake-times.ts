// What is to be looked at again at some time, earliest first: a binary heap.

type Entry<T> = { readonly ms: number; readonly of: T }

export class WakeTimes<T> {
  readonly #heap: Entry<T>[] = []

  get firstMs(): number | undefined {
    return this.#heap[0]?.ms
  }

  add(ms: number, of: T): void {
    const heap = this.#heap
    let at = heap.length
    const entry = { ms, of }
    for (;;) {
      const above = (at - 1) >> 1
      const parent = at > 0 ? heap[above] : undefined
      if (parent === undefined || parent.ms <= ms) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  /** The earliest of those whose time has come. */
  take(nowMs: number): T | undefined {
    const heap = this.#heap
    const [first] = heap
    if (first === undefined || first.ms > nowMs) return undefined
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) this.#sink(last)
    return first.of
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const below = earlierOf(heap[left], heap[left + 1])
      if (below === undefined || below.ms >= entry.ms) break
      heap[at] = below
      at = below === heap[left] ? left : left + 1
    }
    heap[at] = entry
  }
}

function earlierOf<T>(one: Entry<T> | undefined, other: Entry<T> | undefined) {
  return one === undefined || (other !== undefined && other.ms < one.ms) ? other : one
}
