// How fast a destination takes mail, so that what finds no room in the active set comes back when there is some, and not all at once.

/** As long as nothing is known. */
const INTERVAL_MS = 1_000
/** Of the interval, how much the last one counts. */
const WEIGHT = 0.1
const AGAIN_MIN_MS = 5_000
/** As far as a bell's delay reaches, less the jitter that whoever rings it may add. */
const AGAIN_MAX_MS = 14 * 60_000

export class Pace {
  #intervalMs = INTERVAL_MS
  #endedMs: number | undefined
  /** When the last of those who were told to come again has his place. */
  #promisedMs = 0

  ended(nowMs: number): void {
    if (this.#endedMs !== undefined) {
      this.#intervalMs += WEIGHT * (nowMs - this.#endedMs - this.#intervalMs)
    }
    this.#endedMs = nowMs
  }

  /** When somebody behind so many, and behind all who asked before him, may come again. */
  roomAtMs(waiting: number, nowMs: number): number {
    const freeMs = nowMs + waiting * this.#intervalMs
    this.#promisedMs = Math.max(this.#promisedMs, freeMs) + this.#intervalMs
    const afterMs = this.#promisedMs - nowMs
    return nowMs + Math.min(AGAIN_MAX_MS, Math.max(AGAIN_MIN_MS, Math.round(afterMs)))
  }
}
