// Header fields with addresses in them (RFC 5322 §3.4), rewritten: which addresses stand there, and the field with others in their place.
// Comments, names, encoded words, groups and routes stay. A field in which nothing changes stays byte for byte; one that does change is
// written as Postfix writes it: single blanks between words, as many addresses in a line as 70 characters hold.
//
// Implementation notes: one pass over the field into tokens, one over those into places of addresses. What is not understood is left as it
// is. Not address-list.ts, which says what was meant, whatever stood there, and forgets where.

import { type Address, formatAddress, parseAddress } from './address.ts'
import type { Domain } from './domain.ts'
import type { ByteString } from './message-index.ts'

/** Of one field; one with more is left as it is (Postfix's header_address_token_limit, which cuts it off). */
export const FIELD_TOKENS_MAX = 10_240
/** Different ones in one message that are looked up; what comes behind them stays as it is. Each may be a read of a table. */
export const REWRITTEN_ADDRESSES_MAX = 5_000
/** Postfix's: a line is ended before it would be longer. */
const LINE_CHARACTERS = 70

/** Whose address a field has (Postfix's header_opts(3)). */
export type AddressRole = 'sender' | 'recipient'

const roles = new Map<string, AddressRole>([
  ['apparently-to', 'recipient'],
  ['bcc', 'recipient'],
  ['cc', 'recipient'],
  ['disposition-notification-to', 'sender'],
  ['errors-to', 'sender'],
  ['from', 'sender'],
  ['mail-followup-to', 'sender'],
  ['reply-to', 'sender'],
  ['resent-bcc', 'recipient'],
  ['resent-cc', 'recipient'],
  ['resent-from', 'sender'],
  ['resent-reply-to', 'recipient'],
  ['resent-sender', 'sender'],
  ['resent-to', 'recipient'],
  ['return-path', 'sender'],
  ['return-receipt-to', 'sender'],
  ['sender', 'sender'],
  ['to', 'recipient'],
])

export const roleOfField = (name: string): AddressRole | undefined => roles.get(name.toLowerCase())

export interface AddressField {
  /** Each once, as it stands there. */
  readonly addresses: readonly ByteString[]
  /** The whole field, its line end too, with what these have become; undefined: nothing has changed. */
  withAddresses(become: (address: ByteString) => ByteString): ByteString | undefined
}

/** `field`: whole, with its name and its line end, folded as it stands. Undefined: it is nothing to rewrite. */
export function parseAddressField(field: ByteString): AddressField | undefined {
  const colon = field.indexOf(':')
  const tokens = colon < 0 ? undefined : tokensOf(field.slice(colon + 1))
  if (tokens === undefined) return undefined
  const places = addressPlaces(tokens)
  const texts = places.map(({ start, end }) => textOf(tokens.slice(start, end)))
  const name = field.slice(0, colon)
  return {
    addresses: [...new Set(texts)],
    withAddresses(become) {
      const changed = places.flatMap((place, i) => {
        const before = texts[i] ?? ''
        const text = become(before)
        return text === before ? [] : [{ ...place, text }]
      })
      return changed.length === 0 ? undefined : folded(`${name}: ${joined(tokens, changed)}`)
    },
  }
}

/** An address of a header field, where it is one that can be looked up: `bob` and `bob@host` are completed first. */
export function parseFieldAddress(
  text: ByteString,
  origin: Domain | undefined,
): Address | undefined {
  return parseAddress(Buffer.from(text, 'latin1').toString('utf8'), origin)
}

export const formatFieldAddress = (address: Address): ByteString =>
  Buffer.from(formatAddress(address), 'utf8').toString('latin1')

type Token = {
  /** `word`: atom, quoted string or domain literal. A special is one character. */
  readonly kind: 'word' | 'comment' | 'special'
  readonly text: ByteString
  /** A blank stands before it. */
  readonly isSpaced: boolean
}

const SPECIALS = '<>,;:@.|%!'
const BLANKS = ' \t\r\n'

/** Undefined: more than FIELD_TOKENS_MAX, or something that has no end. */
function tokensOf(body: ByteString): readonly Token[] | undefined {
  const tokens: Token[] = []
  let at = 0
  let isSpaced = false
  while (at < body.length) {
    const character = body.charAt(at)
    if (BLANKS.includes(character)) {
      at++
      isSpaced = true
      continue
    }
    if (tokens.length >= FIELD_TOKENS_MAX) return undefined
    const end = tokenEnd(body, at, character)
    if (end === undefined) return undefined
    const kind = character === '(' ? 'comment' : SPECIALS.includes(character) ? 'special' : 'word'
    tokens.push({ kind, text: body.slice(at, end).replace(/\r?\n/g, ''), isSpaced })
    at = end
    isSpaced = false
  }
  return tokens
}

function tokenEnd(body: ByteString, start: number, first: string): number | undefined {
  if (SPECIALS.includes(first)) return start + 1
  switch (first) {
    case '(':
      return commentEnd(body, start)
    case '"':
      return quotedEnd(body, start, '"')
    case '[':
      return quotedEnd(body, start, ']')
    case ')':
    case ']':
      return undefined
    default: {
      let at = start
      while (at < body.length && !`${BLANKS}${SPECIALS}()"[]`.includes(body.charAt(at))) {
        at += body.charAt(at) === '\\' ? 2 : 1
      }
      return Math.min(at, body.length)
    }
  }
}

function quotedEnd(body: ByteString, start: number, close: string): number | undefined {
  for (let at = start + 1; at < body.length; at++) {
    if (body.charAt(at) === '\\') at++
    else if (body.charAt(at) === close) return at + 1
  }
  return undefined
}

/** They nest; counted, not recursed. */
function commentEnd(body: ByteString, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < body.length; at++) {
    const character = body.charAt(at)
    if (character === '\\') at++
    else if (character === '(') depth++
    else if (character === ')' && --depth === 0) return at + 1
  }
  return undefined
}

/** Tokens of an addr-spec, `end` behind them. */
type Place = { readonly start: number; readonly end: number }

function addressPlaces(tokens: readonly Token[]): readonly Place[] {
  const places: Place[] = []
  for (let at = 0; at < tokens.length; ) {
    const end = elementEnd(tokens, at)
    const place = addressPlace(tokens, at, end)
    if (place !== undefined) places.push(place)
    at = end + 1
  }
  return places
}

const isSpecial = (token: Token | undefined, text: string) =>
  token?.kind === 'special' && token.text === text

/** Of what stands between commas, in a group or not. A route within angle brackets has commas and a colon of its own. */
function elementEnd(tokens: readonly Token[], start: number): number {
  let isInside = false
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at]
    if (isSpecial(token, '<')) isInside = true
    else if (isSpecial(token, '>')) isInside = false
    else if (!isInside && [',', ';', ':'].some((text) => isSpecial(token, text))) return at
  }
  return tokens.length
}

/** Undefined: a name of a group, the null address, or nothing that is clearly one address. */
function addressPlace(tokens: readonly Token[], start: number, end: number): Place | undefined {
  if (isSpecial(tokens[end], ':')) return undefined
  const element = tokens.slice(start, end)
  const open = element.findIndex((token) => isSpecial(token, '<'))
  if (open < 0) return within(tokens, start, end)
  const close = element.findLastIndex((token) => isSpecial(token, '>'))
  if (close < open || element.slice(open + 1, close).some((token) => /^[<>]$/.test(token.text))) {
    return undefined
  }
  // obs-route: `<@a,@b:user@c>` (RFC 5322 §4.4).
  const colon = element.findLastIndex((token, i) => i > open && i < close && isSpecial(token, ':'))
  return within(tokens, start + (colon < 0 ? open : colon) + 1, start + close)
}

/** The addr-spec is all there is besides comments around it: word *("." word) ["@" domain]. */
function within(tokens: readonly Token[], from: number, to: number): Place | undefined {
  let start = from
  let end = to
  while (start < end && tokens[start]?.kind === 'comment') start++
  while (end > start && tokens[end - 1]?.kind === 'comment') end--
  const parts = tokens.slice(start, end)
  const isSound = parts.every((token, i) => {
    if (token.kind === 'comment') return false
    // Two words with nothing between them are two things.
    return token.kind === 'special' || parts[i - 1]?.kind !== 'word'
  })
  return parts.length > 0 && isSound ? { start, end } : undefined
}

const textOf = (tokens: readonly Token[]): ByteString => tokens.map(({ text }) => text).join('')

/** A line for each address, as it may become one. */
function joined(
  tokens: readonly Token[],
  changed: readonly (Place & { readonly text: ByteString })[],
): ByteString {
  const at = new Map(changed.map((place) => [place.start, place]))
  let text = ''
  let before: Token | undefined
  let isInside = false
  for (let i = 0; i < tokens.length; ) {
    const place = at.get(i)
    const token: Token | undefined =
      place === undefined ? tokens[i] : { kind: 'word', text: place.text, isSpaced: false }
    if (token === undefined) break
    if (before !== undefined) text += between(before, token, isInside)
    text += token.text
    if (isSpecial(token, '<') || isSpecial(token, '>')) isInside = token.text === '<'
    before = token
    i = place === undefined ? i + 1 : place.end
  }
  return text
}

function between(before: Token, next: Token, isInside: boolean): string {
  if (isInside) return isWord(before) && isWord(next) ? ' ' : ''
  if (isSpecial(before, ',')) return '\n'
  if (isSpecial(before, ':') || isSpecial(next, '<')) return ' '
  // Deliberately: Postfix takes the blank out of `John B. Goode`.
  const isDot = isSpecial(before, '.') || isSpecial(next, '.')
  if (isDot) return next.isSpaced ? ' ' : ''
  return isWord(before) && isWord(next) ? ' ' : ''
}

const isWord = ({ kind }: Token) => kind !== 'special'

/** Lines are joined as long as they stay below LINE_CHARACTERS; each that is not is a fold. */
function folded(field: ByteString): ByteString {
  const lines: string[] = []
  for (const line of field.split('\n')) {
    const last = lines.at(-1)
    const together = last === undefined ? line : `${last} ${line}`
    if (last !== undefined && together.length < LINE_CHARACTERS) lines[lines.length - 1] = together
    else lines.push(line)
  }
  return `${lines.join('\r\n\t')}\r\n`
}
