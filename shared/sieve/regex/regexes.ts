// Expressions that were compiled, kept for the next message: its rules ask the same. Bounded by their states, whosever they are.

import type { Folding } from './character-set.ts'
import { compileRegex, type Regex } from './program.ts'

/** About 64 bytes each. */
const INSTRUCTIONS_KEPT_MAX = 200_000

class Regexes {
  readonly #kept = new Map<string, Regex>()
  #instructions = 0

  /** Throws RegexSyntaxError. */
  get(pattern: string, folding: Folding): Regex {
    const key = `${folding} ${pattern}`
    const regex = this.#kept.get(key) ?? compileRegex(pattern, folding)
    // The last one used goes last.
    if (!this.#kept.delete(key)) this.#instructions += regex.instructions.length
    this.#kept.set(key, regex)
    for (const [oldest, { instructions }] of this.#kept) {
      if (this.#instructions <= INSTRUCTIONS_KEPT_MAX) break
      this.#kept.delete(oldest)
      this.#instructions -= instructions.length
    }
    return regex
  }
}

export const regexes = new Regexes()
