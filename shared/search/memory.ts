// What one search holds while it runs: positions, keys, ids. Counted roughly, taken from memory that all searches of the process
// share, and given back at its end.

import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'

/** Held by one search: some 170,000 messages to be threaded, or a million to be sorted by one key. */
export const SEARCH_BYTES_MAX = 128 * 1024 * 1024
/** Held by all searches of the process. */
export const SEARCHES_BYTES_MAX = 256 * 1024 * 1024
/** Taken from the shared memory at a time, at most, beyond what is needed. */
const CHUNK_BYTES = 256 * 1024

const searches = new ByteBudget(SEARCHES_BYTES_MAX)

/** More is needed than may be held: by this search, or by all that run now, in which case it may be tried again. */
export class SearchTooLarge extends Error {
  override readonly name = 'SearchTooLarge'
  readonly limit: 'one search' | 'all searches'

  constructor(limit: SearchTooLarge['limit']) {
    super(`${limit}: too much to hold`)
    this.limit = limit
  }
}

/** For one search, or for each of several; what it holds is given back when it is disposed of. */
export class SearchMemory implements Disposable {
  readonly #taken: HeldBytes
  readonly #bytesMax: number
  #held = 0

  constructor(shared: ByteBudget = searches, bytesMax = SEARCH_BYTES_MAX) {
    this.#taken = new HeldBytes(shared)
    this.#bytesMax = bytesMax
  }

  get held(): number {
    return this.#held
  }

  /** Throws SearchTooLarge. */
  hold(bytes: number): void {
    this.#held += bytes
    if (this.#held > this.#bytesMax) throw new SearchTooLarge('one search')
    const { taken } = this.#taken
    const needed = this.#held - taken
    if (needed <= 0) return
    // As much again as it has, for few steps; exactly what it needs where there is no room for that.
    const enough = [needed + Math.min(taken, CHUNK_BYTES), needed]
    if (!enough.some((chunk) => this.#taken.take(chunk))) throw new SearchTooLarge('all searches')
  }

  [Symbol.dispose](): void {
    this.#taken.give()
    this.#held = 0
  }
}
