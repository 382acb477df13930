// Lines of the log that a stranger can make us write as fast as he likes. Of one kind and one network the first few of each interval
// are written; the rest are one line of the same message at its end, whose field `times` says how many there were.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'

export const LINES_MAX = 10
export const INTERVAL_MS = 60_000
/** Kinds and networks that are counted; beyond them the oldest begins anew. */
export const REPEATED_LINES_KEPT_MAX = 10_000

type Interval = { readonly beganMs: number; lines: number; times: number }

type Level = 'info' | 'warn'

export class RepeatedLines {
  readonly #clock: Clock
  readonly #log: Log
  readonly #level: Level
  readonly #intervals = new Map<string, Interval>()
  readonly #closed = new AbortController()

  constructor(level: Level, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#level = level
    this.#clock = clock
    this.#log = log
  }

  /** Written to `log`, or counted. */
  write(network: string, log: Log, fields: LogFields, message: string): void {
    const interval = this.#intervalOf(`${network} ${message}`)
    if (interval.lines < LINES_MAX || this.#closed.signal.aborted) {
      interval.lines += 1
      log[this.#level](fields, message)
      return
    }
    interval.times += 1
    if (interval.times === 1) void this.#summarize(interval, network, message)
  }

  /** What was counted is written now. */
  close(): void {
    this.#closed.abort()
  }

  #intervalOf(key: string): Interval {
    const nowMs = this.#clock.now()
    const known = this.#intervals.get(key)
    if (known && nowMs - known.beganMs < INTERVAL_MS) return known
    const interval = { beganMs: nowMs, lines: 0, times: 0 }
    this.#intervals.delete(key)
    this.#intervals.set(key, interval)
    takeOldest(this.#intervals, REPEATED_LINES_KEPT_MAX)
    return interval
  }

  async #summarize(interval: Interval, network: string, message: string): Promise<void> {
    const leftMs = interval.beganMs + INTERVAL_MS - this.#clock.now()
    await this.#clock.sleep(leftMs, this.#closed.signal)
    this.#log[this.#level]({ network, times: interval.times }, message)
  }
}
