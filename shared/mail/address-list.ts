// Address lists of header fields (RFC 5322 §3.4, obsolete forms §4.4) as the structures of an IMAP ENVELOPE
// (RFC 9051 §7.5.2). Every input gives some answer in linear time: what is no address keeps its text as name or mailbox.

import { AddressTokens, type Token } from './index/address-tokens.ts'
import { type ByteString, ENVELOPE_ADDRESSES_MAX, type EnvelopeAddress } from './message-index.ts'

/** Parses an unfolded field body. Group starts and ends count as entries; entries beyond `entriesMax` are left out. */
export function parseAddressList(
  value: ByteString,
  entriesMax: number = ENVELOPE_ADDRESSES_MAX,
): readonly EnvelopeAddress[] {
  return new AddressListParser(value, entriesMax).parse()
}

/**
 * Every address outside quotes and comments, also one in the name of another, as some readers show it and others do not: between
 * two special characters, around each "@". Undefined for a list with more than anybody writes.
 */
export function addressesAnywhere(value: ByteString): readonly EnvelopeAddress[] | undefined {
  const source = new AddressTokens(value)
  const found: EnvelopeAddress[] = []
  let left: Token[] | null = null
  let words: Token[] = []
  const endWords = () => {
    if (left !== null) found.push(addressWithoutAngle([...left, ...words], null))
  }
  for (let tokens = 0; ; tokens++) {
    if (tokens > TOKENS_MAX || found.length >= ENVELOPE_ADDRESSES_MAX) return undefined
    const token = source.next()
    if (token?.kind === 'word' && token.text.includes('@')) {
      // An encoded word, which to many is none where it has special characters.
      found.push(...(addressesAnywhere(token.text.split('?')[3] ?? '') ?? []))
    }
    if (token !== null && token.kind !== 'special') {
      words.push(token)
      continue
    }
    endWords()
    if (token === null) return found
    left = isAt(token) ? [...words, token] : null
    words = []
  }
}

/** Words and special characters looked at for each entry there may be; a list with more is no list of addresses. */
const TOKENS_PER_ENTRY_MAX = 20
const TOKENS_MAX = TOKENS_PER_ENTRY_MAX * ENVELOPE_ADDRESSES_MAX

const groupEnd: EnvelopeAddress = { name: null, route: null, mailbox: null, host: null }

class AddressListParser {
  readonly #source: AddressTokens
  readonly #entriesMax: number
  readonly #entries: EnvelopeAddress[] = []
  #inGroup = false
  // The mailbox being read: tokens outside angle brackets and inside them.
  #outside: Token[] = []
  #inside: Token[] | null = null
  #inAngle = false
  #inRoute = false
  #route: ByteString | null = null

  constructor(text: ByteString, entriesMax: number) {
    this.#source = new AddressTokens(text)
    this.#entriesMax = entriesMax
  }

  parse(): readonly EnvelopeAddress[] {
    for (let left = TOKENS_PER_ENTRY_MAX * this.#entriesMax; !this.#isFull(); left--) {
      const token = this.#source.next()
      if (token === null) {
        this.#endMailbox()
        break
      }
      if (left === 0) {
        // The address that is being read would become another one.
        this.#forgetMailbox()
        break
      }
      this.#accept(token)
    }
    this.#endGroup()
    return this.#entries
  }

  /** In a group one entry is kept free for its end. */
  #isFull(): boolean {
    return this.#entries.length >= this.#entriesMax - (this.#inGroup ? 1 : 0)
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
    if (this.#entries.length + 2 > this.#entriesMax) {
      // No room for start and end: the rest is left out.
      this.#source.stop()
      return
    }
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
      const name = joinWords(this.#outside) || this.#source.comment || null
      this.#entries.push({ name, route: this.#route, ...addrSpec(this.#inside) })
    } else if (this.#outside.length > 0) {
      this.#entries.push(addressWithoutAngle(this.#outside, this.#source.comment || null))
    }
    this.#forgetMailbox()
  }

  #forgetMailbox(): void {
    this.#outside = []
    this.#inside = null
    this.#inAngle = false
    this.#inRoute = false
    this.#route = null
    this.#source.comment = null
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
