// The words of an address list (RFC 5322 §3.2), comments set aside; for ../address-list.ts. Linear in the text.

import { trimWhiteSpace } from '../header-field.ts'
import type { ByteString } from '../message-index.ts'

/** A word (atom, unquoted quoted-string, domain-literal) or one special character. */
export type Token = {
  readonly kind: 'word' | 'quoted' | 'special'
  readonly text: ByteString
  /** White space or a comment stood before it. */
  readonly spaced: boolean
}

export class AddressTokens {
  readonly #text: ByteString
  #at = 0
  // Once an opening character is found to have no closing one, later ones are text: no second look, so linear time.
  #quotesEnded = false
  #commentsEnded = false
  /** The last comment passed; whoever uses it sets it back. */
  comment: ByteString | null = null

  constructor(text: ByteString) {
    this.#text = text
  }

  /** Leaves out all that follows. */
  stop(): void {
    this.#at = this.#text.length
  }

  /** The next token, null at the end. */
  next(): Token | null {
    let spaced = false
    for (;;) {
      const start = this.#at
      this.#skipCfws()
      spaced ||= this.#at > start
      const character = this.#text[this.#at]
      if (character === undefined) return null
      if (character === '"') {
        const text = this.#quotedString()
        if (text !== null) return { kind: 'quoted', text, spaced }
      }
      const text = this.#match(domainLiteral) ?? this.#match(encodedWord) ?? this.#match(atom)
      if (text !== null) return { kind: 'word', text, spaced }
      this.#at++
      // A stray quote or parenthesis carries nothing.
      if (!strayCharacters.includes(character)) return { kind: 'special', text: character, spaced }
    }
  }

  #match(pattern: RegExp): ByteString | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    return found === undefined ? null : this.#take(found.length)
  }

  #take(length: number): ByteString {
    const text = this.#text.slice(this.#at, this.#at + length)
    this.#at += length
    return text
  }

  #skipCfws(): void {
    for (;;) {
      this.#match(whiteSpace)
      if (this.#text[this.#at] !== '(' || this.#commentsEnded) return
      const comment = this.#readComment()
      if (comment === null) {
        this.#commentsEnded = true
        return
      }
      this.comment = comment
    }
  }

  /** comment = "(" *([FWS] ccontent) [FWS] ")", nested; the text of the outermost, null when unterminated. */
  #readComment(): ByteString | null {
    let depth = 0
    for (let at = this.#at; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === '\\') at++
      else if (character === '(') depth++
      else if (character === ')' && --depth === 0) {
        const text = this.#text.slice(this.#at + 1, at)
        this.#at = at + 1
        return trimWhiteSpace(unquotePairs(text))
      }
    }
    return null
  }

  #quotedString(): ByteString | null {
    if (this.#quotesEnded) return null
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === '\\') at++
      else if (character === '"') {
        const text = this.#text.slice(this.#at + 1, at)
        this.#at = at + 1
        return unquotePairs(text)
      }
    }
    this.#quotesEnded = true
    return null
  }
}

function unquotePairs(text: ByteString): ByteString {
  return text.includes('\\') ? text.replace(/\\([\s\S])/g, '$1') : text
}

const whiteSpace = /[ \t\r\n]+/y
/** domain-literal = [CFWS] "[" *([FWS] dtext) [FWS] "]" [CFWS]; narrower, so that one in a name does not swallow addresses. */
const domainLiteral = /\[[^[\]<>@,]*\]/y
/** RFC 2047 §2. Deliberately: with specials in its text, which §5 (3) forbids in a phrase and mailers send. */
const encodedWord = /=\?[^? \t\r\n]+\?[BbQq]\?[^? \t\r\n]*\?=/y
/** Atoms with the dots of dot-atom and obs-phrase; bytes above 127 as RFC 6532 allows, in whatever character set. */
const atom = /(?:[^ \t\r\n()<>:;@,"])+/y
const strayCharacters = '"()'
