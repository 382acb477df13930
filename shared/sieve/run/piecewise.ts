// Looks for a text in another one that comes in pieces, in time that is linear in both.

/** Up to this length the search of the language is as good, whatever stands in the text. */
const SHORT_CHARACTERS_MAX = 64

export interface Finder {
  /** Whether it stands in what has come, now that this has come. */
  push(piece: string): boolean
}

export function finderOf(key: string): Finder {
  return key.length <= SHORT_CHARACTERS_MAX ? new ShortFinder(key) : new LongFinder(key)
}

class ShortFinder implements Finder {
  readonly #key: string
  #before = ''

  constructor(key: string) {
    this.#key = key
  }

  push(piece: string): boolean {
    const text = this.#before + piece
    if (text.includes(this.#key)) return true
    this.#before = this.#key.length > 1 ? text.slice(1 - this.#key.length) : ''
    return false
  }
}

/** Knuth, Morris and Pratt: each character of the text is looked at once, and never again. */
class LongFinder implements Finder {
  readonly #key: string
  /** How much of the key still fits where the next character does not. */
  readonly #fallback: Uint32Array
  #matched = 0

  constructor(key: string) {
    this.#key = key
    this.#fallback = new Uint32Array(key.length + 1)
    let fits = 0
    for (let at = 1; at < key.length; at++) {
      fits = this.#step(fits, key.charCodeAt(at))
      this.#fallback[at + 1] = fits
    }
  }

  push(piece: string): boolean {
    for (let at = 0; at < piece.length; at++) {
      this.#matched = this.#step(this.#matched, piece.charCodeAt(at))
      if (this.#matched === this.#key.length) return true
    }
    return false
  }

  #step(matched: number, code: number): number {
    let fits = matched
    while (fits > 0 && this.#key.charCodeAt(fits) !== code) fits = this.#fallback[fits] ?? 0
    return this.#key.charCodeAt(fits) === code ? fits + 1 : 0
  }
}
