// Keeps long work on many messages from being a nuisance: lets others run, notices when nobody waits for it any longer, and tells
// whoever waits how far it has come.

import type { Clock } from '#shared/runtime/clock.ts'
import { type Turns, turns } from '#shared/runtime/turns.ts'

/** Work between two looks at the clock, in bytes: some tenths of a millisecond. */
export const STEP_BYTES = 16_384

/** Whoever waits for the work. */
export interface Waiting {
  /** Aborts when nobody waits any longer. */
  readonly gone: AbortSignal
  /** What the work then ends with. */
  abandoned(): Error
  /** Called while work goes on, this often. */
  readonly tellIntervalMs: number
  /** How far the work has come, in messages; null where that is not known. Work waits for what is returned. */
  tell(progress: number | null, goal: number | null): Promise<void> | undefined
}

/** For one piece of work. */
export class Pace {
  readonly #waiting: Waiting
  readonly #clock: Clock
  readonly #turns: Turns
  #tellMs: number
  #progress = 0
  #goal = 0
  #spent = 0
  /** Ends with the last piece of work that was asked for. */
  #last: Promise<void> | undefined

  constructor({
    waiting,
    clock,
    turns: given = turns,
  }: {
    readonly waiting: Waiting
    readonly clock: Clock
    readonly turns?: Turns
  }) {
    this.#waiting = waiting
    this.#clock = clock
    this.#turns = given
    this.#tellMs = clock.now() + waiting.tellIntervalMs
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
    return idle && !this.#waiting.gone.aborted ? undefined : this.#rest(wait)
  }

  async #rest(wait: Promise<void> | undefined): Promise<void> {
    await wait
    const { gone, tellIntervalMs } = this.#waiting
    if (gone.aborted) throw this.#waiting.abandoned()
    const nowMs = this.#clock.now()
    if (nowMs < this.#tellMs) return
    this.#tellMs = nowMs + tellIntervalMs
    const known = this.#goal > 0
    // When all is done the result says so itself.
    if (known && this.#progress >= this.#goal) return
    await this.#waiting.tell(known ? this.#progress : null, known ? this.#goal : null)
  }
}
