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
  async take(
    bytes: number,
    { clock, waitMs, signal }: { clock: Clock; waitMs: number; signal?: AbortSignal },
  ): Promise<boolean> {
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

type Waiting = { readonly bytes: number; readonly resolve: (taken: boolean) => void }
