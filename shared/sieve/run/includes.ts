// Scripts within scripts (RFC 6609): which run now, and which have run.

import { INCLUDE_DEPTH_MAX, INCLUDES_MAX } from '../limits.ts'
import { LimitExceeded, SieveRunError } from './failure.ts'

export class Includes {
  readonly #running: string[] = []
  readonly #ran = new Set<string>()
  #count = 0

  /** Whether `:once` would leave it out: it ran before, or it runs now (RFC 6609 §3.2). */
  has(script: string): boolean {
    return this.#ran.has(script) || this.#running.includes(script)
  }

  /** Throws SieveRunError for one that runs already, LimitExceeded for too many. */
  async run<T>(script: string, body: () => Promise<T>): Promise<T> {
    if (this.#running.includes(script)) throw new SieveRunError(`${script} includes itself`)
    if (this.#running.length >= INCLUDE_DEPTH_MAX) {
      throw new LimitExceeded(`more than ${INCLUDE_DEPTH_MAX} scripts within each other`)
    }
    this.#count++
    if (this.#count > INCLUDES_MAX) throw new LimitExceeded(`more than ${INCLUDES_MAX} includes`)
    this.#running.push(script)
    this.#ran.add(script)
    try {
      return await body()
    } finally {
      this.#running.pop()
    }
  }
}
