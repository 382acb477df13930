// What one SEARCH, SORT, THREAD or ESEARCH holds while it runs: positions, keys, ids. Counted roughly, taken from memory that all
// searches of the process share, and given back at the end of the command.

import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Completion } from '../command.ts'

/** Held by one command: some 170,000 messages to be threaded, or a million to be sorted by one key. */
export const SEARCH_BYTES_MAX = 128 * 1024 * 1024
/** Held by all searches of the process. */
export const SEARCHES_BYTES_MAX = 256 * 1024 * 1024
/** Taken from the shared memory at a time, at most, beyond what is needed. */
const CHUNK_BYTES = 256 * 1024

const searches = new ByteBudget(SEARCHES_BYTES_MAX)

/** The command needs more than it may hold: caught where the command is answered. */
export class SearchTooLarge extends Error {
  override readonly name = 'SearchTooLarge'
  readonly completion: Completion

  constructor(completion: Completion) {
    super(completion.text)
    this.completion = completion
  }
}

const tooMuch: Completion = {
  status: 'NO',
  code: 'LIMIT',
  text: 'Too much to sort or thread at once, search for less',
}

const tooMany: Completion = {
  status: 'NO',
  code: 'UNAVAILABLE',
  text: 'Too many large searches at the same time, try again later',
}

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
    if (this.#held > this.#bytesMax) throw new SearchTooLarge(tooMuch)
    const { taken } = this.#taken
    const needed = this.#held - taken
    if (needed <= 0) return
    // As much again as it has, for few steps; exactly what it needs where there is no room for that.
    const enough = [needed + Math.min(taken, CHUNK_BYTES), needed]
    if (!enough.some((chunk) => this.#taken.take(chunk))) throw new SearchTooLarge(tooMany)
  }

  [Symbol.dispose](): void {
    this.#taken.give()
    this.#held = 0
  }
}
