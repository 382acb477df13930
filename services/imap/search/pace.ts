// Keeps a long command from being a nuisance: lets other sessions run, notices a client that is gone, and tells one that waits how
// far it has come (INPROGRESS, RFC 9585).

import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '#shared/runtime/clock.ts'
import { INPROGRESS_INTERVAL_MS, inProgress } from '../progress.ts'
import { ConnectionGone, type Wire } from '../wire.ts'

/** Work without letting others run. */
const SLICE_MS = 10

export class Pace {
  readonly #wire: Wire
  readonly #clock: Clock
  readonly #tag: string
  #sliceEndsMs: number
  #tellMs: number
  #progress = 0
  #goal = 0

  constructor({
    wire,
    clock,
    tag,
  }: { readonly wire: Wire; readonly clock: Clock; readonly tag: string }) {
    this.#wire = wire
    this.#clock = clock
    this.#tag = tag
    const nowMs = clock.now()
    this.#sliceEndsMs = nowMs + SLICE_MS
    this.#tellMs = nowMs + INPROGRESS_INTERVAL_MS
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

  /** To be awaited between pieces of work. */
  async step(): Promise<void> {
    const nowMs = this.#clock.now()
    if (nowMs < this.#sliceEndsMs) return
    await turn()
    if (this.#wire.gone.aborted) throw new ConnectionGone()
    this.#sliceEndsMs = this.#clock.now() + SLICE_MS
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
