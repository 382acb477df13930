// Keeps a long command from being a nuisance: lets other sessions run, notices a client that is gone, and tells one that waits how
// far it has come (INPROGRESS, RFC 9585).

import { ConnectionGone } from '#shared/net/connection-gone.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Turns, turns } from '#shared/runtime/turns.ts'
import { INPROGRESS_INTERVAL_MS, inProgress } from '../progress.ts'
import type { Wire } from '../wire.ts'

/** Work between two looks at the clock, in bytes: some tenths of a millisecond. */
export const STEP_BYTES = 16_384

export class Pace {
  readonly #wire: Wire
  readonly #clock: Clock
  readonly #turns: Turns
  readonly #tag: string
  #tellMs: number
  #progress = 0
  #goal = 0
  #spent = 0
  /** Ends with the last piece of work that was asked for. */
  #last: Promise<void> | undefined

  constructor({
    wire,
    clock,
    tag,
    turns: given = turns,
  }: {
    readonly wire: Wire
    readonly clock: Clock
    readonly tag: string
    readonly turns?: Turns
  }) {
    this.#wire = wire
    this.#clock = clock
    this.#turns = given
    this.#tag = tag
    this.#tellMs = clock.now() + INPROGRESS_INTERVAL_MS
  }

  /** So many messages are ahead. */
  begin(goal: number): void {
    this.#progress = 0
    this.#goal = goal
  }

  /** So many of them are done. */
  done(count = 1): void {
    this.#progress += count
  }

  /**
   * Work on so many bytes was done, or as much other work (a byte is some 10 ns). To be awaited between pieces of work that are
   * each much shorter than a slice; undefined mostly.
   */
  spent(bytes: number): Promise<void> | undefined {
    this.#spent += bytes
    if (this.#spent < STEP_BYTES) return undefined
    this.#spent = 0
    return this.step()
  }

  /**
   * Runs work after all that was asked for before. Many messages are read at the same time but looked at one after the other:
   * else each of them would take a piece of every turn.
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    if (before) await before
    try {
      return await work()
    } finally {
      resolve()
      if (this.#last === promise) this.#last = undefined
    }
  }

  /** To be awaited after a piece of work of unknown length. */
  step(): Promise<void> | undefined {
    const wait = this.#turns.step()
    const idle = wait === undefined && this.#clock.now() < this.#tellMs
    return idle && !this.#wire.gone.aborted ? undefined : this.#rest(wait)
  }

  async #rest(wait: Promise<void> | undefined): Promise<void> {
    await wait
    if (this.#wire.gone.aborted) throw new ConnectionGone()
    const nowMs = this.#clock.now()
    if (nowMs < this.#tellMs) return
    this.#tellMs = nowMs + INPROGRESS_INTERVAL_MS
    // RFC 9585 §4: not when all is done already; an unknown goal is NIL.
    if (this.#goal > 0 && this.#progress >= this.#goal) return
    const known = this.#goal > 0
    const code = inProgress(this.#tag, known ? this.#progress : null, known ? this.#goal : null)
    this.#wire.untagged(`OK [${code}] Still looking`)
    await this.#wire.room()
  }
}
