// What variables of a .procmailrc hold: known from the file, or known only when a message is there (then a variable of Sieve stands in the
// script), or not known at all (what a program prints). And sh(1)'s way to put them into words.

import { VALUE_CHARACTERS_MAX } from './limits.ts'
import { Untranslatable } from './untranslatable.ts'

/** Around the name of a variable of Sieve, in a value. No file has it. */
const MARK = '\u0001'

export const isDynamic = (value: string): boolean => value.includes(MARK)

export const dynamic = (name: string): string => `${MARK}${name.toLowerCase()}${MARK}`

/** As it stands in a string of the script. */
export function sieveText(value: string): string {
  if (value.replaceAll(/\u0001[a-z0-9_]*\u0001/g, '').includes('${')) {
    throw new Untranslatable('$' + '{ would be a variable in Sieve')
  }
  return value.replaceAll(/\u0001([a-z0-9_]*)\u0001/g, '$${$1}')
}

export class Variables {
  /** A reason instead of a value where there is none. */
  readonly #values = new Map<string, string | { readonly unknown: string }>()

  set(name: string, value: string): void {
    this.#values.set(name, value)
  }

  forget(name: string, reason: string): void {
    this.#values.set(name, { unknown: reason })
  }

  /** Unset ones are empty. */
  get(name: string): string {
    const value = this.#values.get(name) ?? ''
    if (typeof value === 'string') return value
    throw new Untranslatable(`$${name} ${value.unknown}`)
  }

  /** To come back to. */
  copy(): Variables {
    const copied = new Variables()
    for (const [name, value] of this.#values) copied.#values.set(name, value)
    return copied
  }

  /** Names whose values differ. */
  differences(other: Variables): readonly string[] {
    const names = new Set([...this.#values.keys(), ...other.#values.keys()])
    return [...names].filter((name) => this.#values.get(name) !== other.#values.get(name))
  }
}

/** Words of sh(1): apart at blanks, quotes taken off, to a comment. */
export function wordsOf(text: string, variables: Variables): readonly string[] {
  const reader = new Words(text, variables)
  return reader.words()
}

/** As inside of double quotes: for conditions that begin with $. */
export function substituted(text: string, variables: Variables): string {
  return new Words(text, variables).quoted()
}

class Words {
  readonly #text: string
  readonly #variables: Variables
  #at = 0

  constructor(text: string, variables: Variables) {
    this.#text = text
    this.#variables = variables
  }

  words(): readonly string[] {
    const found: string[] = []
    let word: string | undefined
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at] ?? ''
      if (/\s/.test(next)) {
        if (word !== undefined) found.push(word)
        word = undefined
        this.#at++
      } else if (next === '#' && word === undefined) {
        break
      } else {
        word = limited((word ?? '') + this.#piece(next))
      }
    }
    return word === undefined ? found : [...found, word]
  }

  quoted(): string {
    let all = ''
    while (this.#at < this.#text.length) all = limited(all + this.#inQuotes())
    return all
  }

  #piece(next: string): string {
    switch (next) {
      case "'": {
        const end = this.#text.indexOf("'", this.#at + 1)
        const until = end < 0 ? this.#text.length : end
        const piece = this.#text.slice(this.#at + 1, until)
        this.#at = until + 1
        return piece
      }
      case '"': {
        this.#at++
        let piece = ''
        while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
          piece = limited(piece + this.#inQuotes())
        }
        this.#at++
        return piece
      }
      case '\\':
        this.#at += 2
        return this.#text[this.#at - 1]?.replace('\n', '') ?? ''
      default:
        return this.#inQuotes()
    }
  }

  #inQuotes(): string {
    const next = this.#text[this.#at++] ?? ''
    const following = this.#text[this.#at] ?? ''
    if (next === '`') throw new Untranslatable('it needs what a program prints (`…`)')
    if (next === '\\' && '$`"\\\n'.includes(following)) {
      this.#at++
      return following.replace('\n', '')
    }
    return next === '$' ? this.#variable() : next
  }

  #variable(): string {
    const rest = this.#text.slice(this.#at, this.#at + 200)
    const plain = /^(\\?)([A-Za-z_][A-Za-z0-9_]*)/.exec(rest)
    if (plain) {
      this.#at += plain[0].length
      const value = this.#variables.get(plain[2] ?? '')
      return plain[1] === '' ? value : disarmed(value)
    }
    const braced = /^\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([^{}$]*))?\}/.exec(rest)
    if (braced) {
      this.#at += braced[0].length
      const [, name = '', operator, other = ''] = braced
      const value = this.#variables.get(name)
      if (operator === undefined) return value
      if (operator.endsWith('-')) return value === '' ? other : value
      return value === '' ? '' : other
    }
    // Of a pattern: the end of a line.
    if (/^([\s)|]|$)/.test(rest)) return '$'
    throw new Untranslatable(`$${rest.slice(0, 1)} is not known before a message is there`)
  }
}

/** procmailrc(5), BUGS: `$\name`. */
function disarmed(value: string): string {
  if (isDynamic(value))
    throw new Untranslatable('its pattern is known only when a message is there')
  return value.replace(/[.[\]()*+?|^$\\{}]/g, '\\$&')
}

function limited(value: string): string {
  if (value.length <= VALUE_CHARACTERS_MAX) return value
  throw new Untranslatable(`a value is longer than ${VALUE_CHARACTERS_MAX} characters`)
}
