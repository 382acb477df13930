// The time that one invocation of a function waits, without waiting for it: requests are sent at once, and what they answer is
// given back in the order and at the moment in which AWS would have answered. Time moves on when everything that runs has come to
// wait, so that what runs at the same time is counted once. The result does not depend on the machine.

import type { Clock } from '#shared/runtime/clock.ts'

type Event = { readonly atMs: number; readonly happen: () => void }

/** Turns of the event loop after which whatever does not wait for a request has come to rest. */
const TURNS = 6
/** A longer sleep is a timeout, for which nobody waits in ordinary work. */
const SLEEP_MS_MAX = 10_000

export class FunctionTime implements Clock {
  readonly #startMs: number
  #waitedMs = 0
  #sent = 0
  #steps = 0
  #watching = false
  #events: Event[] = []
  #allAnswered: () => void = () => undefined

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  get waitedMs(): number {
    return this.#waitedMs
  }

  now(): number {
    return this.#startMs + this.#waitedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const event = { atMs: this.#waitedMs + ms, happen: resolve }
      if (ms <= SLEEP_MS_MAX) this.#expect(event)
      signal?.addEventListener('abort', () => {
        this.#events = this.#events.filter((other) => other !== event)
        resolve()
      })
    })
  }

  /** Does the work now; what comes of it is known only after so long. */
  async taking<T>(latencyMs: number, work: () => Promise<T>): Promise<T> {
    const endMs = this.#waitedMs + latencyMs
    this.#sent++
    try {
      return await work()
    } finally {
      this.#sent--
      const ended = new Promise<void>((happen) => this.#expect({ atMs: endMs, happen }))
      if (this.#sent === 0) this.#allAnswered()
      await ended
    }
  }

  #expect(event: Event): void {
    this.#steps++
    this.#events.push(event)
    if (!this.#watching) void this.#watch()
  }

  async #watch(): Promise<void> {
    this.#watching = true
    while (this.#events.length > 0) {
      if (this.#sent > 0) await this.#answers()
      const steps = this.#steps
      for (let turn = 0; turn < TURNS && this.#sent === 0; turn++) await nextTurn()
      if (this.#sent === 0 && this.#steps === steps) this.#next()
    }
    this.#watching = false
  }

  #answers(): Promise<void> {
    return new Promise((resolve) => {
      this.#allAnswered = resolve
    })
  }

  #next(): void {
    // The last one was given up meanwhile.
    if (this.#events.length === 0) return
    const atMs = Math.min(...this.#events.map((event) => event.atMs))
    const due = this.#events.filter((event) => event.atMs === atMs)
    this.#events = this.#events.filter((event) => event.atMs !== atMs)
    this.#waitedMs = Math.max(this.#waitedMs, atMs)
    for (const { happen } of due) happen()
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
