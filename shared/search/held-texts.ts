// Texts that a search holds for every message: each different one once, in memory of its own, and counted. What is cut out of a
// header or of a folded text would keep the whole of it in memory.

import type { SearchMemory } from './memory.ts'

/** Memory of one text beside its characters: the string and its place in the table. */
const TEXT_BYTES = 80

export class HeldTexts {
  readonly #memory: SearchMemory
  readonly #eachBytes: number
  readonly #own = new Map<string, string>()

  /** `moreBytes`: what else is held for each different text. */
  constructor(memory: SearchMemory, moreBytes = 0) {
    this.#memory = memory
    this.#eachBytes = TEXT_BYTES + moreBytes
  }

  /** The same text. Throws SearchTooLarge. */
  own(text: string): string {
    if (text === '') return ''
    const known = this.#own.get(text)
    if (known !== undefined) return known
    const wide = beyondLatin1.test(text)
    this.#memory.hold(this.#eachBytes + (wide ? 2 * text.length : text.length))
    const encoding = wide ? 'utf16le' : 'latin1'
    const own = Buffer.from(text, encoding).toString(encoding)
    this.#own.set(own, own)
    return own
  }
}

const beyondLatin1 = /[^\x00-\xff]/
