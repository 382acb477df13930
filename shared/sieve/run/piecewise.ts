// Looks for a text in another one, which may come in pieces, in time that is linear in both.

/** Up to this length the search of the language is as good, whatever stands in the text. */
const SHORT_CHARACTERS_MAX = 64

/** Characters of both texts, multiplied, up to which it is as good as well: a millisecond or two. */
const PRODUCT_MAX = 16_000_000
/** Looked at before others are let in. */
const CHARACTERS_AT_ONCE = 64 * 1024

/** Whether `placeIn` needs no turns for others. */
export const isSoonFound = (textLength: number, keyLength: number) =>
  keyLength <= SHORT_CHARACTERS_MAX ||
  keyLength > textLength ||
  keyLength * textLength <= PRODUCT_MAX

/** Where the key stands first from this place on, -1 where it does not. The search of the language takes the product of both lengths at worst. */
export function* placeIn(text: string, key: string, from = 0): Generator<undefined, number> {
  if (isSoonFound(text.length - from, key.length)) return text.indexOf(key, from)
  return yield* new LongFinder(key).nextIn(text, from)
}

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
export class LongFinder implements Finder {
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
    return this.#endIn(piece, 0, piece.length) >= 0
  }

  /** Where it stands next: `from` is where the search begins, or behind the place that was found last. */
  *nextIn(text: string, from: number): Generator<undefined, number> {
    for (let at = from; at < text.length; at += CHARACTERS_AT_ONCE) {
      const end = this.#endIn(text, at, Math.min(text.length, at + CHARACTERS_AT_ONCE))
      if (end >= 0) return end - this.#key.length
      yield
    }
    return -1
  }

  /** Behind the key, where it ends in this range of the text; else -1. */
  #endIn(text: string, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      this.#matched = this.#step(this.#matched, text.charCodeAt(at))
      if (this.#matched === this.#key.length) return at + 1
    }
    return -1
  }

  #step(matched: number, code: number): number {
    let fits = matched
    while (fits > 0 && this.#key.charCodeAt(fits) !== code) fits = this.#fallback[fits] ?? 0
    return this.#key.charCodeAt(fits) === code ? fits + 1 : 0
  }
}
