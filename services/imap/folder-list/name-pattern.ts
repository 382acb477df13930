// Patterns of LIST and LSUB (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything within one level of the hierarchy.
//
// Implementation notes: all positions a pattern can be at are followed at once, so that no pattern can make matching slow, as it
// could with backtracking.

import { DELIMITER, FOLDER_PATH_BYTES_MAX, INBOX } from '#shared/mailbox/folder-path.ts'

/** Wildcards of one pattern, those beside each other counted as one; a pattern with more matches nothing. */
export const PATTERN_WILDCARDS_MAX = 10

export type NamePattern = (path: string) => boolean

/** The reference is put before the pattern as it is. */
export function compilePattern(reference: string, pattern: string): NamePattern {
  const text = (reference + pattern)
    .normalize('NFC')
    .replace(/[*%]{2,}/g, (run) => (run.includes('*') ? '*' : '%'))
  const wildcards = text.match(/[*%]/g)?.length ?? 0
  if (wildcards === 0) return (path) => path === text || (isInbox(path) && isInbox(text))
  if (wildcards > PATTERN_WILDCARDS_MAX) return () => false
  if (text === '*') return () => true
  if (text === '%') return (path) => !path.includes(DELIMITER)
  // No path is long enough for more, and its positions are not to be kept.
  if (text.length > FOLDER_PATH_BYTES_MAX + PATTERN_WILDCARDS_MAX) return () => false
  const positions = new Positions(text)
  return (path) => positions.matches(path)
}

const isInbox = (path: string) => path.toUpperCase() === INBOX

/** INBOX, and INBOX as the first name of a path, matches in any case (RFC 9051 §5.1). */
const beginsWithInbox = (path: string) => path === INBOX || path.startsWith(INBOX + DELIMITER)

/** Bits of one word of a set of positions. */
const WORD_BITS = 32

/**
 * A pattern as sets of its positions, a bit each: bit `p` stands for all before `p` having been matched. One character of a path
 * then is a few operations for 32 positions at a time.
 */
class Positions {
  readonly #pattern: string
  readonly #words: number
  /** Positions where a character stands, by the character. */
  readonly #of = new Map<string, Int32Array>()
  readonly #caseless = new Map<string, Int32Array>()
  readonly #stars: Int32Array
  readonly #percents: Int32Array
  readonly #none: Int32Array
  readonly #literals: number

  constructor(pattern: string) {
    this.#pattern = pattern
    this.#words = Math.floor(pattern.length / WORD_BITS) + 1
    this.#none = new Int32Array(this.#words)
    this.#stars = new Int32Array(this.#words)
    this.#percents = new Int32Array(this.#words)
    let literals = 0
    for (let at = 0; at < pattern.length; at++) {
      const character = pattern[at] ?? ''
      if (character === '*') add(this.#stars, at)
      else if (character === '%') add(this.#percents, at)
      else {
        literals++
        add(this.#setOf(this.#of, character), at)
        add(this.#setOf(this.#caseless, character.toUpperCase()), at)
      }
    }
    this.#literals = literals
  }

  matches(path: string): boolean {
    if (this.#literals > path.length) return false
    const caseless = beginsWithInbox(path) ? INBOX.length : 0
    let now = new Int32Array(this.#words)
    let next = new Int32Array(this.#words)
    add(now, 0)
    this.#passWildcards(now)
    for (let i = 0; i < path.length; i++) {
      const character = path[i] ?? ''
      const known = (i < caseless ? this.#caseless : this.#of).get(character) ?? this.#none
      const isWithin = character !== DELIMITER
      let carry = 0
      let any = 0
      for (let word = 0; word < this.#words; word++) {
        const set = now[word] ?? 0
        const taken = set & (known[word] ?? 0)
        const stays =
          set & ((this.#stars[word] ?? 0) | (isWithin ? (this.#percents[word] ?? 0) : 0))
        const all = (taken << 1) | carry | stays
        carry = taken >>> (WORD_BITS - 1)
        next[word] = all
        any |= all
      }
      if (any === 0) return false
      this.#passWildcards(next)
      const free = now
      now = next
      next = free
    }
    return has(now, this.#pattern.length)
  }

  /** Wildcards may stand for nothing; no two stand beside each other. */
  #passWildcards(positions: Int32Array): void {
    let carry = 0
    for (let word = 0; word < this.#words; word++) {
      const set = positions[word] ?? 0
      const wild = set & ((this.#stars[word] ?? 0) | (this.#percents[word] ?? 0))
      positions[word] = set | (wild << 1) | carry
      carry = wild >>> (WORD_BITS - 1)
    }
  }

  #setOf(sets: Map<string, Int32Array>, character: string): Int32Array {
    const known = sets.get(character)
    if (known !== undefined) return known
    const made = new Int32Array(this.#words)
    sets.set(character, made)
    return made
  }
}

function add(positions: Int32Array, at: number): void {
  const word = Math.floor(at / WORD_BITS)
  positions[word] = (positions[word] ?? 0) | (1 << (at % WORD_BITS))
}

function has(positions: Int32Array, at: number): boolean {
  return (((positions[Math.floor(at / WORD_BITS)] ?? 0) >>> (at % WORD_BITS)) & 1) === 1
}
