// Where `foreverypart` is (RFC 5703 §3): the part that header tests with :mime and `extracttext` look at.

import type { Part } from '#shared/mail/message-index.ts'

export class PartLoop {
  readonly #parts: Part[] = []

  /** Undefined outside of loops: the message itself. */
  get current(): Part | undefined {
    return this.#parts.at(-1)
  }

  enter(part: Part): void {
    this.#parts.push(part)
  }

  leave(): void {
    this.#parts.pop()
  }

  /** Another one stands in its place. */
  replace(part: Part): void {
    this.#parts[this.#parts.length - 1] = part
  }
}
