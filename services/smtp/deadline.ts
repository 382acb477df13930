// Until when a client must have done its part. Bytes alone do not put it off, or a client that sends one a minute would
// hold a connection for ever: only a whole command, or PROGRESS_BYTES_MIN of a message, starts the time again.

import type { Clock } from '#shared/runtime/clock.ts'
import { PROGRESS_BYTES_MIN } from './config.ts'

export class ClientDeadline {
  readonly #clock: Clock
  readonly #timeoutMs: number
  #atMs = Number.POSITIVE_INFINITY
  #startsAgain = true
  #progressBytes = 0

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.resume()
  }

  /** The client waits for us. */
  suspend(): void {
    this.#atMs = Number.POSITIVE_INFINITY
    this.#startsAgain = true
  }

  /** We wait for the client. */
  resume(): void {
    if (!this.#startsAgain) return
    this.#atMs = this.#clock.now() + this.#timeoutMs
    this.#startsAgain = false
    this.#progressBytes = 0
  }

  noteBytes(bytes: number): void {
    this.#progressBytes += bytes
    if (this.#progressBytes >= PROGRESS_BYTES_MIN) this.#startsAgain = true
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#atMs
  }
}
