// Tokens of a Sieve script (RFC 5228 §8.1) with their places. One pass, a token at a time: nothing is read twice. Lines may end with LF
// alone, as editors on Unix write them; in strings they become CRLF, which is what the language knows.

import { type Position, SieveSyntaxError } from '../finding.ts'
import { NUMBER_MAX, SCRIPT_BYTES_MAX, WORD_CHARACTERS_MAX } from '../limits.ts'

export type Token = { readonly at: Position } & (
  | { readonly kind: 'identifier'; readonly text: string }
  /** Without its colon. */
  | { readonly kind: 'tag'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'punctuation'; readonly text: '[' | ']' | '(' | ')' | '{' | '}' | ',' | ';' }
  | { readonly kind: 'end' }
)

/** The text of a stored script. Throws SieveSyntaxError for bytes that are no UTF-8, with their place. */
export function scriptText(bytes: Uint8Array): string {
  if (bytes.length > SCRIPT_BYTES_MAX) {
    throw new SieveSyntaxError(firstPlace, `a script has ${SCRIPT_BYTES_MAX} bytes at most`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SieveSyntaxError(placeOfBadByte(bytes), 'a script is UTF-8, and this is not')
  }
}

const firstPlace: Position = { line: 1, column: 1 }

/** Behind the longest beginning that is UTF-8. */
function placeOfBadByte(bytes: Uint8Array): Position {
  const good = new TextDecoder('utf-8').decode(bytes).split('\ufffd', 1)[0] ?? ''
  const lines = good.split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

export class Lexer {
  readonly #text: string
  #offset = 0
  #line = 1
  #lineStart = 0
  /** So that a line with thousands of strings is not looked through for its end behind each of them. */
  #nextLineFeed = -1

  constructor(text: string) {
    this.#text = text
  }

  /** Throws SieveSyntaxError. */
  next(): Token {
    this.#skipBlanks()
    const at = this.#place()
    const character = this.#text[this.#offset]
    if (character === undefined) return { kind: 'end', at }
    if (isPunctuation(character)) {
      this.#offset++
      return { kind: 'punctuation', text: character, at }
    }
    if (character === '"') return { kind: 'string', value: this.#quoted(at), at }
    if (isDigit(character)) return { kind: 'number', value: this.#number(at), at }
    const isTag = character === ':'
    if (isTag) this.#offset++
    const word = this.#word(at)
    if (word === '') throw new SieveSyntaxError(at, `${shown(character)} begins nothing here`)
    if (isTag) return { kind: 'tag', text: word.toLowerCase(), at }
    if (word.toLowerCase() === 'text' && this.#text[this.#offset] === ':') {
      this.#offset++
      return { kind: 'string', value: this.#multiLine(at), at }
    }
    return { kind: 'identifier', text: word.toLowerCase(), at }
  }

  #place(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 }
  }

  /** White space and comments (RFC 5228 §2.3). */
  #skipBlanks(): void {
    for (;;) {
      const character = this.#text[this.#offset]
      if (character === '\n') this.#endLine(this.#offset)
      else if (character === '#') this.#offset = this.#lineEnd() - 1
      else if (character === '/' && this.#text[this.#offset + 1] === '*') this.#skipComment()
      else if (character !== ' ' && character !== '\t' && character !== '\r') return
      this.#offset++
    }
  }

  /** Comments of this kind do not nest. Leaves the offset at their last character. */
  #skipComment(): void {
    const at = this.#place()
    const end = this.#text.indexOf('*/', this.#offset + 2)
    if (end < 0) throw new SieveSyntaxError(at, 'this comment has no end, which is */')
    this.#countLines(this.#offset, end)
    this.#offset = end + 1
  }

  #countLines(from: number, to: number): void {
    if (this.#nextLineFeed < from) this.#nextLineFeed = this.#lineFeedFrom(from)
    while (this.#nextLineFeed < to) {
      this.#endLine(this.#nextLineFeed)
      this.#nextLineFeed = this.#lineFeedFrom(this.#nextLineFeed + 1)
    }
  }

  #endLine(lineFeed: number): void {
    this.#line++
    this.#lineStart = lineFeed + 1
  }

  /** Where the line ends. */
  #lineEnd(): number {
    return this.#lineFeedFrom(this.#offset)
  }

  /** The place of the next line feed, or where the text ends. */
  #lineFeedFrom(offset: number): number {
    const lineFeed = this.#text.indexOf('\n', offset)
    return lineFeed < 0 ? this.#text.length : lineFeed
  }

  /** identifier = (ALPHA / "_") *(ALPHA / DIGIT / "_") */
  #word(at: Position): string {
    word.lastIndex = this.#offset
    const text = word.exec(this.#text)?.[0] ?? ''
    if (text.length > WORD_CHARACTERS_MAX) {
      throw new SieveSyntaxError(at, `a word has ${WORD_CHARACTERS_MAX} characters at most`)
    }
    this.#offset += text.length
    return text
  }

  /** number = 1*DIGIT [ "K" / "M" / "G" ] */
  #number(at: Position): number {
    let value = 0
    for (; isDigit(this.#text[this.#offset]); this.#offset++) {
      value = value * 10 + Number(this.#text[this.#offset])
      if (value > NUMBER_MAX) break
    }
    const unit = quantifiers[this.#text[this.#offset]?.toUpperCase() ?? '']
    if (unit !== undefined) {
      value *= unit
      this.#offset++
    }
    if (value > NUMBER_MAX) throw new SieveSyntaxError(at, `a number is ${NUMBER_MAX} at most`)
    word.lastIndex = this.#offset
    const behind = word.exec(this.#text)?.[0] ?? ''
    if (behind !== '') throw new SieveSyntaxError(at, 'behind a number only K, M or G may stand')
    return value
  }

  /** quoted-string: a backslash quotes the next character (RFC 5228 §2.4.2). */
  #quoted(at: Position): string {
    let value = ''
    let from = this.#offset + 1
    for (let offset = from; ; offset++) {
      quotedEnd.lastIndex = offset
      offset = quotedEnd.test(this.#text) ? quotedEnd.lastIndex - 1 : this.#text.length
      if (offset >= this.#text.length) {
        throw new SieveSyntaxError(at, 'this string has no end, which is "')
      }
      value += this.#text.slice(from, offset)
      const isQuoting = this.#text[offset] === '\\'
      from = offset + 1
      if (isQuoting) {
        offset++
        continue
      }
      this.#countLines(this.#offset, offset)
      this.#offset = offset + 1
      return checked(withCrlf(value), at)
    }
  }

  /** multi-line: lines up to one with a dot alone; a dot in front of a dot goes (RFC 5228 §2.4.2). */
  #multiLine(at: Position): string {
    const firstLine = this.#text.slice(this.#offset, this.#lineEnd())
    if (!afterText.test(firstLine)) {
      throw new SieveSyntaxError(at, 'behind text: the line ends, and the text begins on the next')
    }
    const lines: string[] = []
    for (;;) {
      const end = this.#lineEnd()
      if (end >= this.#text.length) {
        throw new SieveSyntaxError(at, 'this text has no end, which is a line with a dot alone')
      }
      this.#endLine(end)
      this.#offset = end + 1
      const line = this.#text.slice(this.#offset, this.#lineEnd()).replace(/\r$/, '')
      if (line === '.') {
        this.#offset = this.#lineEnd()
        return checked(lines.join(''), at)
      }
      lines.push(`${line.startsWith('.') ? line.slice(1) : line}\r\n`)
    }
  }
}

/** Line feeds, with and without the CR before them, as CRLF. */
const withCrlf = (text: string) => (text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text)

function checked(value: string, at: Position): string {
  if (value.includes('\0')) throw new SieveSyntaxError(at, 'a string has no NUL')
  return value
}

function shown(character: string): string {
  return character >= ' ' && character !== '\x7f'
    ? `"${character}"`
    : `the control character ${character.charCodeAt(0)}`
}

function isPunctuation(
  character: string,
): character is Extract<Token, { readonly kind: 'punctuation' }>['text'] {
  return '[](){},;'.includes(character)
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9'
}

const quantifiers: { readonly [unit: string]: number } = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
const word = /(?:[A-Za-z_][A-Za-z0-9_]*)?/y
const quotedEnd = /["\\]/g
/** Blanks and a comment of the line. */
const afterText = /^[ \t]*(?:#.*)?\r?$/
