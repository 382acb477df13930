// Address lists of header fields (RFC 5322 §3.4, obsolete forms §4.4) as the structures of an IMAP ENVELOPE
// (RFC 9051 §7.5.2). Every input gives some answer in linear time: what is no address keeps its text as name or mailbox.

import { trimWhiteSpace } from './header-field.ts'
import { type ByteString, ENVELOPE_ADDRESSES_MAX, type EnvelopeAddress } from './message-index.ts'

/** Parses an unfolded field body. Group starts and ends count as entries; entries beyond `entriesMax` are left out. */
export function parseAddressList(
  value: ByteString,
  entriesMax: number = ENVELOPE_ADDRESSES_MAX,
): readonly EnvelopeAddress[] {
  return new AddressListParser(value, entriesMax).parse()
}

/** A word (atom, unquoted quoted-string, domain-literal) or one special character. */
type Token = {
  readonly kind: 'word' | 'quoted' | 'special'
  readonly text: ByteString
  /** White space or a comment stood before it. */
  readonly spaced: boolean
}

const groupEnd: EnvelopeAddress = { name: null, route: null, mailbox: null, host: null }

class AddressListParser {
  readonly #text: ByteString
  readonly #entriesMax: number
  readonly #entries: EnvelopeAddress[] = []
  #at = 0
  #inGroup = false
  // Once an opening character is found to have no closing one, later ones are text: no second look, so linear time.
  #quotesEnded = false
  #commentsEnded = false
  #literalsEnded = false
  // The mailbox being read: tokens outside angle brackets, inside them, and the last comment.
  #outside: Token[] = []
  #inside: Token[] | null = null
  #inAngle = false
  #inRoute = false
  #route: ByteString | null = null
  #comment: ByteString | null = null

  constructor(text: ByteString, entriesMax: number) {
    this.#text = text
    this.#entriesMax = entriesMax
  }

  parse(): readonly EnvelopeAddress[] {
    while (!this.#isFull()) {
      const token = this.#next()
      if (token === null) {
        this.#endMailbox()
        break
      }
      this.#accept(token)
    }
    this.#endGroup()
    return this.#entries
  }

  /** One entry is kept free for the end of a group. */
  #isFull(): boolean {
    return this.#entries.length >= this.#entriesMax - 1
  }

  #accept(token: Token): void {
    if (token.kind !== 'special') {
      this.#tokens().push(token)
      return
    }
    switch (token.text) {
      case ',':
        // obs-route = obs-domain-list ":", and that list has commas (RFC 5322 §4.4).
        if (this.#inRoute) this.#tokens().push(token)
        else this.#endMailbox()
        return
      case ';':
        // Deliberately: outside a group too, where it stands for a comma (typed so by users of Outlook).
        this.#endMailbox()
        this.#endGroup()
        return
      case ':':
        if (this.#inRoute) this.#endRoute()
        else if (this.#inAngle || this.#inGroup) this.#tokens().push(token)
        else this.#beginGroup()
        return
      case '<':
        this.#beginAngle()
        return
      case '>':
        this.#inAngle = false
        this.#inRoute = false
        return
      default:
        // Only "@" is left; at the beginning of an angle-addr it begins a route.
        if (this.#inAngle && this.#inside?.length === 0 && this.#route === null)
          this.#inRoute = true
        this.#tokens().push(token)
    }
  }

  #endRoute(): void {
    this.#inRoute = false
    this.#route = joinAddress(this.#inside ?? [])
    this.#inside = []
  }

  #tokens(): Token[] {
    return this.#inAngle && this.#inside !== null ? this.#inside : this.#outside
  }

  #beginAngle(): void {
    const before = this.#inside
    if (before !== null) {
      // A second "<": the first was part of the name, or a comma is missing between two addresses.
      if (before.some(isAt)) this.#endMailbox()
      else this.#outside.push({ kind: 'word', text: `<${joinWords(before)}>`, spaced: true })
    }
    this.#inside = []
    this.#inAngle = true
    this.#inRoute = false
    this.#route = null
  }

  /** group = display-name ":" [group-list] ";" */
  #beginGroup(): void {
    const name = joinWords(this.#outside)
    this.#forgetMailbox()
    if (name === '') return
    this.#entries.push({ name: null, route: null, mailbox: name, host: null })
    this.#inGroup = true
  }

  #endGroup(): void {
    if (this.#inGroup) this.#entries.push(groupEnd)
    this.#inGroup = false
  }

  #endMailbox(): void {
    if (this.#inside !== null) {
      // name-addr = [display-name] angle-addr; else the name is the comment, as was the custom before RFC 822.
      const name = joinWords(this.#outside) || this.#comment || null
      this.#entries.push({ name, route: this.#route, ...addrSpec(this.#inside) })
    } else if (this.#outside.length > 0) {
      this.#entries.push(addressWithoutAngle(this.#outside, this.#comment || null))
    }
    this.#forgetMailbox()
  }

  #forgetMailbox(): void {
    this.#outside = []
    this.#inside = null
    this.#inAngle = false
    this.#inRoute = false
    this.#route = null
    this.#comment = null
  }

  #next(): Token | null {
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
      const word = character === '[' ? this.#domainLiteral() : null
      const text = word ?? this.#match(encodedWord) ?? this.#match(atom)
      if (text !== null) return { kind: 'word', text, spaced }
      this.#at++
      // A stray quote or parenthesis carries nothing.
      if (!strayCharacters.includes(character)) return { kind: 'special', text: character, spaced }
    }
  }

  /** domain-literal = [CFWS] "[" *([FWS] dtext) [FWS] "]" [CFWS] */
  #domainLiteral(): ByteString | null {
    const end = this.#literalsEnded ? -1 : this.#text.indexOf(']', this.#at)
    this.#literalsEnded = end < 0
    return end < 0 ? null : this.#take(end + 1 - this.#at)
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
      this.#comment = comment
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

/** addr-spec inside angle brackets; the null address "<>" has empty mailbox and host. */
function addrSpec(tokens: readonly Token[]): { mailbox: ByteString; host: ByteString } {
  const at = tokens.findLastIndex(isAt)
  if (at < 0) return { mailbox: joinAddress(tokens), host: '' }
  return {
    mailbox: joinAddress(tokens.slice(0, at)),
    host: joinAddress(tokens.slice(at + 1, domainEnd(tokens, at + 1))),
  }
}

/** An addr-spec outside angle brackets. Words before it are taken for a name, words without any "@" for one too. */
function addressWithoutAngle(
  tokens: readonly Token[],
  comment: ByteString | null,
): EnvelopeAddress {
  const at = tokens.findLastIndex(isAt)
  if (at < 0) {
    const text = joinWords(tokens)
    return tokens.length === 1
      ? { name: comment, route: null, mailbox: text, host: '' }
      : { name: text, route: null, mailbox: '', host: '' }
  }
  const start = localPartStart(tokens, at)
  return {
    name: joinWords(tokens.slice(0, start)) || comment,
    route: null,
    mailbox: joinAddress(tokens.slice(start, at)),
    host: joinAddress(tokens.slice(at + 1, domainEnd(tokens, at + 1))),
  }
}

/** obs-local-part = word *("." word), with blanks allowed around the dots: goes back from the "@" over what dots join. */
function localPartStart(tokens: readonly Token[], at: number): number {
  let start = Math.max(0, at - 1)
  while (start > 0 && joins(tokens[start - 1], tokens[start])) start--
  return start
}

/** obs-domain = atom *("." atom) */
function domainEnd(tokens: readonly Token[], start: number): number {
  let end = Math.min(tokens.length, start + 1)
  while (end < tokens.length && joins(tokens[end - 1], tokens[end])) end++
  return end
}

/** Whether two neighbours are one name: nothing between them, or a dot. */
function joins(left: Token | undefined, right: Token | undefined): boolean {
  if (left === undefined || right === undefined) return false
  return !right.spaced || dotJoins(left, right)
}

function dotJoins(left: Token, right: Token): boolean {
  return (
    left.kind === 'special' ||
    right.kind === 'special' ||
    (left.kind === 'word' && left.text.endsWith('.')) ||
    (right.kind === 'word' && right.text.startsWith('.'))
  )
}

/** One blank where there was any, as a phrase is read (RFC 5322 §3.2.5). */
function joinWords(tokens: readonly Token[]): ByteString {
  let text = ''
  for (const token of tokens) text += token.spaced && text !== '' ? ` ${token.text}` : token.text
  return text
}

/** The same with no blanks beside "." and "@", where only obsolete syntax has them (RFC 5322 §4.4). */
function joinAddress(tokens: readonly Token[]): ByteString {
  let text = ''
  let before: Token | undefined
  for (const token of tokens) {
    const blank = before !== undefined && token.spaced && !dotJoins(before, token)
    text += blank ? ` ${token.text}` : token.text
    before = token
  }
  return text
}

function isAt(token: Token): boolean {
  return token.kind === 'special' && token.text === '@'
}

function unquotePairs(text: ByteString): ByteString {
  return text.includes('\\') ? text.replace(/\\([\s\S])/g, '$1') : text
}

const whiteSpace = /[ \t\r\n]+/y
/** RFC 2047 §2. Deliberately: with specials in its text, which §5 (3) forbids in a phrase and mailers send. */
const encodedWord = /=\?[^? \t\r\n]+\?[BbQq]\?[^? \t\r\n]*\?=/y
/** Atoms with the dots of dot-atom and obs-phrase; bytes above 127 as RFC 6532 allows, in whatever character set. */
const atom = /(?:[^ \t\r\n()<>:;@,"])+/y
const strayCharacters = '"()'
