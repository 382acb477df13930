// Parses an extended regular expression (POSIX.1 §9.4), and refuses what is none with the place: the regex draft §3 asks for it, and for
// no word boundaries and no back-references. From GNU, `\w`, `\W`, `\s` and `\S` are known, since scripts have them.

import {
  REGEX_CHARACTERS_MAX,
  REGEX_GROUPS_MAX,
  REGEX_INSTRUCTIONS_MAX,
  REGEX_NESTING_MAX,
  REGEX_REPEATS_MAX,
} from '../limits.ts'
import { characterClasses, characterSet, type Folding, foldCode } from './character-set.ts'
import { type Expression, RegexSyntaxError } from './syntax.ts'

export type ParsedRegex = {
  readonly expression: Expression
  readonly groups: number
  /** Instructions of its program, at most. */
  readonly size: number
}

/** Throws RegexSyntaxError. */
export function parseRegex(pattern: string, folding: Folding): ParsedRegex {
  if (pattern.length > REGEX_CHARACTERS_MAX) {
    throw new RegexSyntaxError(1, `it has more than ${REGEX_CHARACTERS_MAX} characters`)
  }
  return new Parser(pattern, folding).whole()
}

type Sized = { readonly expression: Expression; readonly size: number }

class Parser {
  readonly #characters: readonly string[]
  readonly #folding: Folding
  #at = 0
  #groups = 0
  #depth = 0

  constructor(pattern: string, folding: Folding) {
    this.#characters = [...pattern]
    this.#folding = folding
  }

  whole(): ParsedRegex {
    const { expression, size } = this.#choice()
    return { expression, size: size + 1, groups: this.#groups }
  }

  /** extended_reg_exp = ERE_branch *("|" ERE_branch) */
  #choice(): Sized {
    const of: Expression[] = []
    let size = 0
    do {
      const branch = this.#branch()
      of.push(branch.expression)
      size = this.#sized(size + branch.size + 2)
    } while (this.#take('|'))
    const [only] = of
    if (of.length === 1 && only) return { expression: only, size: size - 2 }
    return { expression: { kind: 'choice', of }, size }
  }

  /** ERE_branch = *ERE_expression; an empty one fits everywhere. */
  #branch(): Sized {
    const of: Expression[] = []
    let size = 0
    for (;;) {
      const next = this.#peek()
      if (next === undefined || next === '|' || (next === ')' && this.#depth > 0)) break
      const piece = this.#repeated(this.#atom())
      of.push(piece.expression)
      size = this.#sized(size + piece.size)
    }
    const [only] = of
    if (of.length === 1 && only) return { expression: only, size }
    return { expression: { kind: 'sequence', of }, size }
  }

  #repeated(atom: Sized): Sized {
    let { expression, size } = atom
    for (let count = 0; ; count++) {
      const at = this.#at
      const bounds = this.#bounds()
      if (bounds === undefined) return { expression, size }
      if (count === QUANTIFIERS_MAX) this.#refuse(at, 'too many of * + ? { } behind each other')
      const [min, max] = bounds
      // As many copies as it takes, and a way around each that may be missing.
      const copies = max === Infinity ? Math.max(1, min) * size + 2 : min * size
      const others = max === Infinity ? 0 : (max - min) * (size + 1)
      size = this.#sized(copies + others, at)
      expression = { kind: 'repeat', of: expression, min, max }
    }
  }

  /** ERE_dupl_symbol; undefined where none stands here. */
  #bounds(): readonly [min: number, max: number] | undefined {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    const at = this.#at
    if (!this.#take('{')) return undefined
    const min = this.#number(at)
    let max = min
    if (this.#take(',')) max = this.#peek() === '}' ? Infinity : this.#number(at)
    if (!this.#take('}')) this.#refuse(at, 'behind { stand {n}, {n,} or {n,m}')
    if (max < min) this.#refuse(at, `{${min},${max}} has the larger number first`)
    return [min, max]
  }

  #number(from: number): number {
    let digits = ''
    for (let next = this.#peek(); next !== undefined && isDigit(next); next = this.#peek()) {
      digits += next
      this.#at++
      if (Number(digits) > REGEX_REPEATS_MAX) {
        this.#refuse(from, `the numbers in { } are ${REGEX_REPEATS_MAX} at most`)
      }
    }
    if (digits === '') this.#refuse(from, 'behind { stand {n}, {n,} or {n,m}')
    return Number(digits)
  }

  #atom(): Sized {
    const at = this.#at
    const character = this.#next()
    switch (character) {
      case '(':
        return this.#group(at)
      case '[':
        return one(this.#bracket(at))
      case '.':
        return one({ kind: 'set', set: anyCharacter })
      case '^':
        return one({ kind: 'lineStart' })
      case '$':
        return one({ kind: 'lineEnd' })
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#refuse(at, `nothing stands before ${character} that could be repeated`)
      case '\\':
        return one(this.#escape(at))
      default:
        return one(this.#literal(character))
    }
  }

  #group(at: number): Sized {
    if (this.#depth === REGEX_NESTING_MAX) {
      this.#refuse(at, `more than ${REGEX_NESTING_MAX} groups in each other`)
    }
    if (this.#groups === REGEX_GROUPS_MAX) this.#refuse(at, `more than ${REGEX_GROUPS_MAX} groups`)
    this.#groups++
    this.#depth++
    const number = this.#groups
    const { expression, size } = this.#choice()
    if (!this.#take(')')) this.#refuse(at, 'this ( has no )')
    this.#depth--
    return { expression: { kind: 'group', of: expression, number }, size: this.#sized(size + 2) }
  }

  /** Behind a backslash: the character itself, if it is one that means something or could. */
  #escape(at: number): Expression {
    const character = this.#peek()
    if (character === undefined) return this.#refuse(at, 'behind a backslash stands a character')
    this.#at++
    const words = character === 'w' || character === 'W'
    if (words || character === 's' || character === 'S') {
      const ranges = words ? underscore : []
      const isNegated = character === 'W' || character === 'S'
      const set = { ranges, classes: [words ? alnum : space], isNegated, folding: this.#folding }
      return { kind: 'set', set: characterSet(set) }
    }
    if (isDigit(character)) this.#refuse(at, `\\${character}: there are no back-references`)
    if (/^[A-Za-z<>`']$/.test(character)) {
      const instead = character === 'd' ? '; write [0-9]' : ''
      this.#refuse(at, `\\${character} means nothing${instead}`)
    }
    return this.#literal(character)
  }

  /** bracket_expression (POSIX.1 §9.3.5). */
  #bracket(at: number): Expression {
    const isNegated = this.#take('^')
    const ranges: [number, number][] = []
    const classes: RegExp[] = []
    for (let isFirst = true; ; isFirst = false) {
      if (this.#peek() === ']' && !isFirst) break
      const named = this.#class(at)
      if (named !== undefined) {
        classes.push(named)
        continue
      }
      const first = this.#endOfRange(at)
      const isRange = this.#peek() === '-' && this.#characters[this.#at + 1] !== ']'
      if (isRange) this.#at++
      const last = isRange ? this.#endOfRange(at) : first
      if (last < first) this.#refuse(at, 'a range in [ ] has its later end first')
      ranges.push([first, last])
    }
    this.#at++
    const folding = this.#folding
    return { kind: 'set', set: characterSet({ ranges, classes, isNegated, folding }) }
  }

  /** character_class = "[:" name ":]"; without regard to case it is no matter which case it asks for. */
  #class(at: number): RegExp | undefined {
    if (this.#peek() !== '[' || this.#characters[this.#at + 1] !== ':') return undefined
    const name = this.#inside(at, ':')
    const found = characterClasses.get(name)
    if (found === undefined) this.#refuse(at, `[:${name}:] is no class of characters`)
    const isCase = name === 'lower' || name === 'upper'
    return isCase && this.#folding !== 'none' ? anyCase : found
  }

  /** A character, "[." it ".]" or "[=" it "=]": each stands for itself here. */
  #endOfRange(at: number): number {
    const kind = this.#peek() === '[' ? this.#characters[this.#at + 1] : undefined
    if (kind !== '.' && kind !== '=') {
      const character = this.#peek()
      if (character === undefined) return this.#refuse(at, 'this [ has no ]')
      this.#at++
      return codeOf(character)
    }
    const [character = '', ...more] = this.#inside(at, kind)
    if (character === '' || more.length > 0) {
      this.#refuse(at, `[${kind} ${kind}] holds one character here`)
    }
    return codeOf(character)
  }

  #inside(at: number, kind: string): string {
    const from = this.#at + 2
    let end = from
    while (this.#characters[end] !== kind || this.#characters[end + 1] !== ']') {
      if (end - from > INSIDE_MAX || end >= this.#characters.length) {
        this.#refuse(at, `[${kind} has no ${kind}]`)
      }
      end++
    }
    this.#at = end + 2
    return this.#characters.slice(from, end).join('')
  }

  #literal(character: string): Expression {
    return { kind: 'character', code: foldCode(codeOf(character), this.#folding) }
  }

  #sized(size: number, at = this.#at): number {
    if (size > REGEX_INSTRUCTIONS_MAX) {
      this.#refuse(Math.min(at, this.#characters.length - 1), 'it is too large up to here')
    }
    return size
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #next(): string {
    const character = this.#characters[this.#at] ?? ''
    this.#at++
    return character
  }

  #take(character: string): boolean {
    const is = this.#peek() === character
    if (is) this.#at++
    return is
  }

  #refuse(at: number, message: string): never {
    throw new RegexSyntaxError(at + 1, message)
  }
}

/** `(a+)*?` and the like; more in a row mean nothing. */
const QUANTIFIERS_MAX = 3
/** Of a name in brackets. */
const INSIDE_MAX = 16

const one = (expression: Expression): Sized => ({ expression, size: 1 })
const codeOf = (character: string) => character.codePointAt(0) ?? 0
const isDigit = (character: string) => character >= '0' && character <= '9'

const anyCase = /[\p{Lowercase}\p{Uppercase}]/u
const alnum = /[\p{Alphabetic}\p{Nd}]/u
const space = /\s/
const underscore = [[0x5f, 0x5f]] as const

/** All but the ends of lines (the draft §3). */
const anyCharacter = characterSet({
  ranges: [
    [0x0a, 0x0a],
    [0x0d, 0x0d],
  ],
  classes: [],
  isNegated: true,
  folding: 'none',
})
