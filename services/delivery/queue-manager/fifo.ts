// First in, first out, in constant time for any length: an array's own shift moves all that is behind.

/** Taken entries in front that are kept until there are more of them than of others. */
const COMPACT_MIN = 64

export class Fifo<T> {
  #entries: T[] = []
  #head = 0

  get size(): number {
    return this.#entries.length - this.#head
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head]
    if (this.#head < this.#entries.length) this.#head++
    if (this.#head >= COMPACT_MIN && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return entry
  }
}
