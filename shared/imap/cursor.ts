// Reads a collected command from left to right. Methods are named after the ABNF of RFC 9051 §9; each consumes what it names or
// throws ImapSyntaxError (LiteralNeeded where only the announcement of a literal is there). Strings come out as byte strings (one character a byte), mailbox names as text.

import type { ByteString } from '#shared/mail/message-index.ts'
import {
  ASTRING_CHAR,
  ATOM_CHAR,
  characterClasses,
  DIGIT,
  KEYWORD_CHAR,
  LIST_CHAR,
  QUOTED_PLAIN,
  SET_CHAR,
  TAG_CHAR,
} from './characters.ts'
import type { Segment } from './command-reader.ts'
import { parseDate, parseDateTime } from './date-time.ts'
import { spelledFlag } from './flag.ts'
import { LIST_MEMBERS_MAX, NESTING_MAX, TAG_CHARACTERS_MAX } from './limits.ts'
import type { LiteralHeader } from './literal-header.ts'
import { decodeListPattern, decodeMailboxName } from './mailbox-name.ts'
import {
  acceptsEightBitAtoms,
  acceptsEightBitQuoted,
  acceptsSeveralSpaces,
  acceptsStraySpaces,
} from './quirks.ts'
import { type MessageSet, NUMBER_MAX, parseSequenceSet, type SequenceSet } from './sequence-set.ts'
import { ImapSyntaxError, LiteralNeeded } from './syntax-error.ts'

export class Cursor {
  /** Mailbox names are UTF-8: UTF8=ACCEPT or IMAP4rev2 has been enabled. */
  readonly utf8: boolean
  readonly #segments: readonly Segment[]
  /** The segment after the text being read. */
  #next = 0
  #text = ''
  #at = 0
  #depth = 0

  constructor(segments: readonly Segment[], options: { readonly utf8?: boolean } = {}) {
    this.utf8 = options.utf8 ?? false
    this.#segments = segments
    this.#nextText()
  }

  // ---------------------------------------------------------------- looking without taking

  /** Whether this character comes next. */
  sees(char: string): boolean {
    return this.#text[this.#at] === char
  }

  seesDigit(): boolean {
    const code = this.#text.charCodeAt(this.#at)
    return code >= 0x30 && code <= 0x39
  }

  /** Whether nothing but the line end comes. */
  atEnd(): boolean {
    return this.#at === this.#text.length && this.#next === this.#segments.length
  }

  /** The same with the spaces that `end` passes over. */
  endsAfterSpaces(): boolean {
    let at = this.#at
    if (acceptsStraySpaces) while (this.#text.charCodeAt(at) === SP) at++
    return at === this.#text.length && this.#next === this.#segments.length
  }

  /** The next keyword in capitals, '' for none. */
  peekKeyword(): string {
    return this.#text.slice(this.#at, this.#run(KEYWORD_CHAR)).toUpperCase()
  }

  /** Whether the "(" that comes next opens a list of keywords rather than of names that begin with "/" or a quote. */
  optionsFollow(): boolean {
    const code = this.#text.charCodeAt(this.#at + 1)
    return ((characterClasses[code] ?? 0) & KEYWORD_CHAR) !== 0
  }

  /** The literal that is announced here and was not read, null for none. */
  announced(): LiteralHeader | null {
    if (this.#at < this.#text.length) return null
    const segment = this.#segments[this.#next]
    return segment?.kind === 'announced' ? segment.literal : null
  }

  // ---------------------------------------------------------------- punctuation

  /** Takes the character if it comes next. */
  takes(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  /** Takes a space, or several, if one comes next. */
  takesSpace(): boolean {
    if (this.#text.charCodeAt(this.#at) !== SP) return false
    this.space()
    return true
  }

  /** The same if `then` comes after it, which stays. */
  takesSpaceBefore(then: string): boolean {
    const after = this.#afterSpaces()
    if (after === this.#at || this.#text[after] !== then) return false
    this.#at = after
    return true
  }

  expect(char: string): void {
    if (!this.takes(char)) this.fail(`missing ${char}`)
  }

  space(): void {
    if (this.#text.charCodeAt(this.#at) !== SP) this.fail('a space was expected')
    this.#at++
    if (acceptsSeveralSpaces) while (this.#text.charCodeAt(this.#at) === SP) this.#at++
  }

  /** The line end. */
  end(): void {
    if (!this.endsAfterSpaces()) this.fail('more follows than the command takes')
  }

  /** Takes the keyword if it comes next (any case). */
  takesKeyword(keyword: string): boolean {
    if (this.peekKeyword() !== keyword) return false
    this.#at += keyword.length
    return true
  }

  /** "(" item *(SP item) ")"; with `emptyAllowed` also "()". */
  list<T>(item: () => T, options: { readonly emptyAllowed?: boolean } = {}): T[] {
    this.expect('(')
    const items: T[] = []
    this.nested(() => {
      if (acceptsStraySpaces) this.takesSpace()
      if (this.takes(')')) {
        if (options.emptyAllowed !== true) this.fail('the list is empty')
        return
      }
      for (;;) {
        if (items.length === LIST_MEMBERS_MAX) this.fail('the list is too long')
        items.push(item())
        if (this.takes(')')) return
        this.space()
        if (acceptsStraySpaces && this.takes(')')) return
      }
    })
    return items
  }

  /** Counts one more level of nesting while `read` runs. */
  nested<T>(read: () => T): T {
    if (this.#depth === NESTING_MAX) this.fail('nested too deep')
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  // ---------------------------------------------------------------- words

  /** tag = 1*<any ASTRING-CHAR except "+"> */
  tag(): string {
    const tag = this.#some(TAG_CHAR, 'a tag')
    if (tag.length > TAG_CHARACTERS_MAX) this.fail('the tag is too long')
    return tag
  }

  atom(): string {
    return this.#some(ATOM_CHAR, 'an atom')
  }

  /** A name made of letters, digits, "." and "-", in capitals: command, attribute, search key, option. */
  keyword(): string {
    return this.#some(KEYWORD_CHAR, 'a keyword').toUpperCase()
  }

  /** number = 1*DIGIT, below 2^32 */
  number(): number {
    const number = Number(this.#some(DIGIT, 'a number'))
    if (number > NUMBER_MAX) this.fail('the number is over 2^32-1')
    return number
  }

  /** nz-number = digit-nz *DIGIT */
  nzNumber(): number {
    if (this.sees('0')) this.fail('a number above zero was expected')
    return this.number()
  }

  /** number64 = 1*DIGIT. Beyond 2^53-1, which nothing here ever reaches, it is that. */
  number64(): number {
    return Math.min(Number(this.#some(DIGIT, 'a number')), Number.MAX_SAFE_INTEGER)
  }

  /** mod-sequence-valzer = "0" / mod-sequence-value (RFC 7162 §7) */
  modSequence(): number {
    return this.number64()
  }

  // ---------------------------------------------------------------- strings

  /** astring = 1*ASTRING-CHAR / string */
  astring(): ByteString {
    const start = this.#at
    const end = this.#runOfName(ASTRING_CHAR)
    if (end === start) return this.string()
    this.#at = end
    return this.#text.slice(start, end)
  }

  /** string = quoted / literal */
  string(): ByteString {
    const code = this.#text.charCodeAt(this.#at)
    if (code === DQUOTE) return this.quoted()
    return this.#literal(false)
  }

  /** nstring = string / nil */
  nstring(): ByteString | null {
    return this.takesKeyword('NIL') ? null : this.string()
  }

  /** string or literal8 (RFC 3516 §4.4, RFC 5464 §5 value) */
  stringOrLiteral8(): ByteString {
    return this.sees('"') ? this.quoted() : this.#literal(true)
  }

  quoted(): ByteString {
    this.expect('"')
    const start = this.#at
    const text = this.#text
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === DQUOTE) {
        this.#at = at + 1
        return text.slice(start, at)
      }
      if (code === BACKSLASH) return this.#quotedWithEscapes(start, at)
      if (!this.#isQuotedPlain(code)) break
    }
    return this.fail('the quoted string is malformed')
  }

  // ---------------------------------------------------------------- composed

  /** mailbox = "INBOX" / astring */
  mailbox(): string {
    return decodeMailboxName(this.astring(), this.utf8)
  }

  /** list-mailbox = 1*list-char / string */
  listMailbox(): string {
    const start = this.#at
    const end = this.#runOfName(LIST_CHAR)
    this.#at = end
    return decodeListPattern(end > start ? this.#text.slice(start, end) : this.string(), this.utf8)
  }

  /** The reference of LIST: a mailbox in the grammar, though it need not be a whole name. */
  listReference(): string {
    return decodeListPattern(this.astring(), this.utf8)
  }

  /** sequence-set = … / "$" */
  sequenceSet(): MessageSet {
    if (this.takes('$')) return { kind: 'saved' }
    return { kind: 'set', ranges: this.numbers() }
  }

  /** A set without "$". */
  numbers(): SequenceSet {
    return parseSequenceSet(this.#some(SET_CHAR, 'a set of message numbers'))
  }

  /** uid-set: numbers without "*" (RFC 4315 §4) */
  uidSet(): SequenceSet {
    const ranges = this.numbers()
    if (ranges.some((range) => range.last > NUMBER_MAX)) this.fail('* cannot stand in a uid set')
    return ranges
  }

  /** flag = "\" atom / atom */
  flag(): string {
    const start = this.#at
    this.takes('\\')
    this.atom()
    return spelledFlag(this.#text.slice(start, this.#at))
  }

  /** flag-list = "(" [flag *(SP flag)] ")" */
  flagList(): string[] {
    return this.list(() => this.flag(), { emptyAllowed: true })
  }

  /** objectid = 1*255(ALPHA / DIGIT / "_" / "-") (RFC 8474 §7) */
  objectId(): string {
    const id = this.astring()
    if (!/^[\w-]{1,255}$/.test(id)) this.fail('an object id was expected')
    return id
  }

  /** date-time: milliseconds since 1970 */
  dateTime(): number {
    if (!this.sees('"')) this.fail('a date-time was expected')
    return parseDateTime(this.quoted()) ?? this.fail('the date-time is malformed')
  }

  /** date: its day's beginning in milliseconds since 1970, as if it were UTC */
  date(): number {
    const text = this.sees('"') ? this.quoted() : this.atom()
    return parseDate(text) ?? this.fail('the date is malformed')
  }

  /** Throws ImapSyntaxError. */
  fail(reason: string): never {
    throw new ImapSyntaxError(reason)
  }

  // ---------------------------------------------------------------- inside

  #run(characterClass: number): number {
    const text = this.#text
    let at = this.#at
    while (
      at < text.length &&
      ((characterClasses[text.charCodeAt(at)] ?? 0) & characterClass) !== 0
    ) {
      at++
    }
    return at
  }

  /** Where names may be UTF-8, they are so without quotes too. */
  #runOfName(characterClass: number): number {
    if (!this.utf8 || !acceptsEightBitAtoms) return this.#run(characterClass)
    const text = this.#text
    let at = this.#at
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code <= 0x7f && ((characterClasses[code] ?? 0) & characterClass) === 0) break
    }
    return at
  }

  /** The place behind the spaces that come next. */
  #afterSpaces(): number {
    const text = this.#text
    let at = this.#at
    if (text.charCodeAt(at) !== SP) return at
    at++
    if (acceptsSeveralSpaces) while (text.charCodeAt(at) === SP) at++
    return at
  }

  #some(characterClass: number, what: string): string {
    const end = this.#run(characterClass)
    if (end === this.#at) this.fail(`${what} was expected`)
    const text = this.#text.slice(this.#at, end)
    this.#at = end
    return text
  }

  #isQuotedPlain(code: number): boolean {
    if (code > 0x7f) return this.utf8 || acceptsEightBitQuoted
    return ((characterClasses[code] ?? 0) & QUOTED_PLAIN) !== 0
  }

  /** QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials */
  #quotedWithEscapes(start: number, firstEscape: number): ByteString {
    const text = this.#text
    let value = text.slice(start, firstEscape)
    for (let at = firstEscape; at < text.length; at++) {
      let code = text.charCodeAt(at)
      if (code === DQUOTE) {
        this.#at = at + 1
        return value
      }
      if (code === BACKSLASH) {
        code = text.charCodeAt(++at)
        if (code !== DQUOTE && code !== BACKSLASH) break
      } else if (!this.#isQuotedPlain(code)) break
      value += text[at]
    }
    return this.fail('the quoted string is malformed')
  }

  #literal(binaryAllowed: boolean): ByteString {
    const segment = this.#at === this.#text.length ? this.#segments[this.#next] : undefined
    if (segment?.kind === 'announced') throw new LiteralNeeded('a literal is missing')
    if (segment?.kind !== 'literal') this.fail('a string was expected')
    if (segment.binary && !binaryAllowed) this.fail('a literal8 cannot stand here')
    const value = segment.bytes.toString('latin1')
    // literal = … *CHAR8, CHAR8 = %x01-ff
    if (!segment.binary && value.includes('\0')) this.fail('NUL in a literal')
    this.#next++
    this.#nextText()
    return value
  }

  #nextText(): void {
    const segment = this.#segments[this.#next]
    this.#text = ''
    this.#at = 0
    if (segment?.kind !== 'text') return
    this.#text = segment.bytes.toString('latin1')
    this.#next++
  }
}

const SP = 0x20
const DQUOTE = 0x22
const BACKSLASH = 0x5c
