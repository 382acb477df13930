// A clock whose hands tests turn.

import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '#shared/runtime/clock.ts'

/** Stands still until it is advanced, and then wakes who sleeps in the order they are due. */
export class ManualClock implements Clock {
  #now: number
  readonly #sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>()

  #fellAsleep: () => void = () => {}

  constructor(startMs = 0) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const sleeper = { dueMs: this.#now + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      this.#fellAsleep()
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper)
        resolve()
      })
    })
  }

  /** Wakes sleepers in the order they are due; each may sleep again and is woken again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#now + ms
    for (;;) {
      const [next] = [...this.#sleepers].sort((a, b) => a.dueMs - b.dueMs)
      if (next === undefined || next.dueMs > endMs) break
      this.#sleepers.delete(next)
      this.#now = next.dueMs
      next.wake()
      await turn()
    }
    this.#now = endMs
    await turn()
  }

  /** How long the next sleeper has still to sleep, once there is one. */
  async asleep(): Promise<number> {
    while (this.#sleepers.size === 0) {
      await new Promise<void>((resolve) => {
        this.#fellAsleep = resolve
      })
    }
    return Math.min(...[...this.#sleepers].map(({ dueMs }) => dueMs)) - this.#now
  }

  /** Lets the time pass for which the only sleeper wants to sleep, and waits until it sleeps again. */
  async step(): Promise<void> {
    await this.advance(await this.asleep())
    await this.asleep()
  }
}
