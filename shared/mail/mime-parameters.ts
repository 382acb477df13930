// Values of the structured MIME fields: Content-Type (RFC 2045 §5.1), Content-Disposition (RFC 2183 §2), their parameters
// (with RFC 2231 continuations and character sets) and the token lists of RFC 3282. Tolerant of what mailers really send:
// missing semicolons, unquoted values with blanks, unterminated quotes. Input is unfolded.

import type { ByteString, Parameters } from './message-index.ts'
import { percentDecoded } from './parameter-continuations.ts'

export type ContentType = {
  /** Lower-case. */
  readonly type: ByteString
  readonly subtype: ByteString
  readonly parameters: Parameters
}

/** Type and subtype names are no longer than this (RFC 6838 §4.2); longer ones are no names. */
export const TOKEN_BYTES_MAX = 127

/** content := type "/" subtype *(";" parameter); null when type or subtype is missing. */
export function parseContentType(value: ByteString): ContentType | null {
  const cursor = new Cursor(value)
  const type = cursor.token()
  if (type === null || !cursor.take('/')) return null
  const subtype = cursor.token()
  if (subtype === null) return null
  return { type, subtype, parameters: cursor.parameters() }
}

/** disposition := type *(";" parameter) (RFC 2183 §2). */
export function parseDisposition(
  value: ByteString,
): { readonly type: ByteString; readonly parameters: Parameters } | null {
  const cursor = new Cursor(value)
  const type = cursor.token()
  return type === null ? null : { type, parameters: cursor.parameters() }
}

/**
 * The first token, lower-case, comments passed over: for Content-Transfer-Encoding (RFC 2045 §6.1). Deliberately: one in quotes is
 * taken too, as mailers send `"base64"`.
 */
export function parseToken(value: ByteString): ByteString | null {
  const cursor = new Cursor(value)
  return cursor.token() ?? cursor.quotedToken()
}

/** Language-List = 1#( [CFWS] Language-tag [CFWS] ), tags as sent (RFC 3282 §2). */
export function parseLanguages(value: ByteString): readonly ByteString[] {
  const cursor = new Cursor(value)
  const languages: ByteString[] = []
  while (!cursor.atEnd()) {
    const tag = cursor.word()
    if (tag !== '') languages.push(tag)
    else cursor.skip()
  }
  return languages
}

/** A parameter's value as bytes: plain, or put together as RFC 2231 §3 and §4 say, character set and language left out. */
export function parameterValue(parameters: Parameters, name: string): ByteString | null {
  const sections = new Map<number, ByteString>()
  for (const [attribute, value] of parameters) {
    const lower = attribute.toLowerCase()
    if (!lower.startsWith(name)) continue
    if (lower === name) return value
    const match = /^(?:\*(\d{1,9}))?(\*?)$/.exec(lower.slice(name.length))
    if (match === null) continue
    const number = match[1] === undefined ? 0 : Number(match[1])
    const extended = match[2] === '*'
    if (!sections.has(number))
      sections.set(number, extended ? decodeExtended(value, number) : value)
  }
  let joined: ByteString | null = null
  for (let number = 0; ; number++) {
    const section = sections.get(number)
    if (section === undefined) return joined
    joined = (joined ?? '') + section
  }
}

/** extended-value: the first section begins with charset'language' (RFC 2231 §4). */
function decodeExtended(value: ByteString, section: number): ByteString {
  return percentDecoded(section === 0 ? value.replace(/^[^']*'[^']*'/, '') : value)
}

class Cursor {
  readonly #text: ByteString
  #at = 0

  constructor(text: ByteString) {
    this.#text = text
  }

  /** True at the end, comments and white space (RFC 5322 §3.2.2) passed over. */
  atEnd(): boolean {
    this.#skipCfws()
    return this.#at >= this.#text.length
  }

  skip(): void {
    this.#at++
  }

  take(character: string): boolean {
    if (this.atEnd() || this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** Characters up to a tspecial or blank, '' when there is none here (RFC 2045 §5.1). */
  word(): ByteString {
    this.#skipCfws()
    return this.#match(tokenCharacters)
  }

  token(): ByteString | null {
    const word = this.word()
    return word === '' || word.length > TOKEN_BYTES_MAX ? null : word.toLowerCase()
  }

  quotedToken(): ByteString | null {
    if (this.atEnd() || this.#text[this.#at] !== '"') return null
    return new Cursor(this.#quotedString()).token()
  }

  /** parameter := attribute "=" value; what is neither parameter nor separator is passed over. */
  parameters(): Parameters {
    const parameters: [ByteString, ByteString][] = []
    while (!this.atEnd()) {
      const attribute = this.#match(attributeCharacters)
      if (this.atEnd()) break
      if (this.#text[this.#at] === '=') {
        this.#at++
        const value = this.#value()
        if (attribute !== '') parameters.push([attribute, value])
      } else if (attribute === '') this.#at++
    }
    return parameters
  }

  #value(): ByteString {
    this.#skipCfws()
    if (this.#text[this.#at] === '"') return this.#quotedString()
    const start = this.#at
    let end = start
    // Deliberately: a value may hold tspecials and, unless the next word has a "=" and so is a parameter, blanks: mailers
    // send `boundary=a/b` and `name=my file.pdf`. A "(" begins a comment only after a blank.
    for (;;) {
      this.#match(valueCharacters)
      end = this.#at
      this.#match(whiteSpace)
      const next = this.#text[this.#at]
      if (next === undefined || next === ';' || next === '(' || this.#attributeFollows()) break
    }
    return this.#text.slice(start, end)
  }

  #attributeFollows(): boolean {
    const start = this.#at
    const attribute = this.#match(attributeCharacters)
    const follows = attribute !== '' && this.#text[this.#at] === '='
    this.#at = start
    return follows
  }

  /** quoted-string, quotes and quoting backslashes removed; an unterminated one ends with the field. */
  #quotedString(): ByteString {
    let value = ''
    let from = ++this.#at
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]
      if (character === '"') break
      if (character !== '\\') continue
      value += this.#text.slice(from, this.#at)
      from = ++this.#at
    }
    value += this.#text.slice(from, this.#at++)
    return value
  }

  #skipCfws(): void {
    for (;;) {
      this.#match(whiteSpace)
      if (this.#text[this.#at] !== '(') return
      this.#skipComment()
    }
  }

  #skipComment(): void {
    let depth = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]
      if (character === '\\') this.#at++
      else if (character === '(') depth++
      else if (character === ')' && --depth === 0) {
        this.#at++
        return
      }
    }
  }

  #match(pattern: RegExp): ByteString {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}

const whiteSpace = /[ \t\r\n]*/y
/** token := 1*<any CHAR except SPACE, CTLs, or tspecials>; bytes above 127 are let pass. */
const tokenCharacters = /[^\x00-\x20\x7F()<>@,;:\\"/[\]?=]*/y
const attributeCharacters = /[^ \t\r\n;="(]*/y
const valueCharacters = /[^ \t\r\n;]*/y
