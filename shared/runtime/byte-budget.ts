// Memory that many clients share: a number of bytes for a purpose in this process, out of which each takes what it is about to
// hold and gives it back. Who asks for more than there is waits its turn, first come first served, or is told at once.

import type { Clock } from './clock.ts'

export class ByteBudget {
  readonly bytesMax: number
  #taken = 0
  readonly #waiting: Waiting[] = []

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get taken(): number {
    return this.#taken
  }

  /** False when there is no room now, or somebody waits for it already. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || this.#taken + bytes > this.bytesMax) return false
    this.#taken += bytes
    return true
  }

  /**
   * Waits for room. False when there was none for `waitMs`, when the signal aborts, and at once for what can never fit; then
   * nothing is taken.
   */
  async take(bytes: number, { clock, waitMs, signal }: WaitOptions): Promise<boolean> {
    if (bytes > this.bytesMax || signal?.aborted) return false
    if (this.tryTake(bytes)) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const entry: Waiting = { bytes, resolve }
    this.#waiting.push(entry)
    const over = new AbortController()
    const giveUp = () => this.#remove(entry)
    signal?.addEventListener('abort', giveUp, { once: true })
    void clock.sleep(waitMs, over.signal).then(giveUp)
    const taken = await promise
    over.abort()
    signal?.removeEventListener('abort', giveUp)
    return taken
  }

  /** What was taken, given back; every taker gives back exactly what it took. */
  give(bytes: number): void {
    this.#taken -= bytes
    this.#serve()
  }

  #remove(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    entry.resolve(false)
    this.#serve()
  }

  /** In order: a small request never overtakes a large one that waits, which would then wait for ever. */
  #serve(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#taken + first.bytes > this.bytesMax) return
      this.#waiting.shift()
      this.#taken += first.bytes
      first.resolve(true)
    }
  }
}

/** What one holder takes out of a budget bit by bit, and gives back as a whole or in part. */
export class HeldBytes implements Disposable {
  readonly #budget: ByteBudget
  readonly #bytesMax: number
  #taken = 0

  constructor(budget: ByteBudget, bytesMax = budget.bytesMax) {
    this.#budget = budget
    this.#bytesMax = bytesMax
  }

  get taken(): number {
    return this.#taken
  }

  /** False when it is too much for this holder or for all together; then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax || !this.#budget.tryTake(bytes)) return false
    this.#taken += bytes
    return true
  }

  /** Waits for it as `ByteBudget.take` does. */
  async wait(bytes: number, waiting: WaitOptions): Promise<boolean> {
    if (this.#taken + bytes > this.#bytesMax) return false
    const taken = await this.#budget.take(bytes, waiting)
    if (taken) this.#taken += bytes
    return taken
  }

  /** Gives back what is more than this. */
  keep(bytes: number): void {
    const kept = Math.min(bytes, this.#taken)
    this.#budget.give(this.#taken - kept)
    this.#taken = kept
  }

  give(): void {
    this.keep(0)
  }

  [Symbol.dispose](): void {
    this.give()
  }
}

export type WaitOptions = {
  readonly clock: Clock
  readonly waitMs: number
  readonly signal?: AbortSignal
}

type Waiting = { readonly bytes: number; readonly resolve: (taken: boolean) => void }
