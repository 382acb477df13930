// Verdicts of a short time ago, so that who comes again costs no questions: refused clients for as long as they come back too fast, and
// clients that were taken again and again. In process and bounded; the oldest go first. The rules are policyd-weight's.

import type { Clock } from '#shared/runtime/clock.ts'

export type RefusedOptions = {
  /** Above the second number the oldest go, down to the first; 0 remembers nobody. */
  readonly size: number
  readonly sizeMax: number
  /** So many times may a client come back; each time later than `waitMs` counts, and the last one frees it. */
  readonly retries: number
  readonly waitMs: number
}

export type TakenOptions = {
  readonly size: number
  readonly sizeMax: number
  /** A client that has been here so long is taken unasked, so many times within so long a time. */
  readonly trialMs: number
  readonly uses: number
  readonly usesWithinMs: number
}

/** Oldest first: an entry that is touched goes to the end. */
class Remembered<Entry> {
  readonly #entries = new Map<string, Entry>()
  readonly #size: number
  readonly #sizeMax: number

  constructor({ size, sizeMax }: { readonly size: number; readonly sizeMax: number }) {
    this.#size = size
    this.#sizeMax = Math.max(size, sizeMax)
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  put(key: string, entry: Entry): void {
    if (this.#size === 0) return
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size <= this.#sizeMax) return
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#size) return
      this.#entries.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  get size(): number {
    return this.#entries.size
  }
}

export type RefusedBefore = { readonly points: number; readonly retriesLeft: number }

export class RefusedClients {
  readonly #entries: Remembered<RefusedBefore & { readonly atMs: number }>
  readonly #options: RefusedOptions
  readonly #clock: Clock

  constructor(options: RefusedOptions, clock: Clock) {
    this.#entries = new Remembered(options)
    this.#options = options
    this.#clock = clock
  }

  /** Of the first of these keys that is refused still; asking counts as coming back. */
  ask(keys: readonly string[]): RefusedBefore | undefined {
    const now = this.#clock.now()
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry === undefined) continue
      const isLater = now - entry.atMs > this.#options.waitMs
      if (isLater && entry.retriesLeft <= 0) {
        this.#entries.delete(key)
        continue
      }
      const retriesLeft = entry.retriesLeft - (isLater ? 1 : 0)
      const { points } = entry
      this.#entries.put(key, { points, retriesLeft, atMs: now })
      return { points, retriesLeft }
    }
    return undefined
  }

  add(key: string, points: number): void {
    const retriesLeft = this.#options.retries
    this.#entries.put(key, { points, retriesLeft, atMs: this.#clock.now() })
  }

  get size(): number {
    return this.#entries.size
  }
}

export type TakenBefore = {
  readonly points: number
  /** Long enough here to be taken unasked; the others pass where no list has them. */
  readonly isTrusted: boolean
}

export class TakenClients {
  readonly #entries: Remembered<{
    readonly points: number
    readonly sinceMs: number
    readonly usesLeft: number
    /** Since when these uses are counted. */
    readonly windowMs: number
  }>
  readonly #options: TakenOptions
  readonly #clock: Clock

  constructor(options: TakenOptions, clock: Clock) {
    this.#entries = new Remembered(options)
    this.#options = options
    this.#clock = clock
  }

  ask(key: string): TakenBefore | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const now = this.#clock.now()
    const { trialMs, uses, usesWithinMs } = this.#options
    const { points } = entry
    if (now - entry.sinceMs <= trialMs) {
      this.#entries.put(key, entry)
      return { points, isTrusted: false }
    }
    const isTrusted = entry.usesLeft > 0 && now - entry.windowMs < usesWithinMs
    this.#entries.put(
      key,
      isTrusted
        ? { ...entry, usesLeft: entry.usesLeft - 1 }
        : { ...entry, usesLeft: uses, windowMs: now },
    )
    return { points, isTrusted }
  }

  add(key: string, points: number): void {
    const now = this.#clock.now()
    const { uses } = this.#options
    this.#entries.put(key, { points, sinceMs: now, usesLeft: uses, windowMs: now })
  }

  get size(): number {
    return this.#entries.size
  }
}
