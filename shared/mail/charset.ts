// Bytes in any character set as Unicode text: whole, or in pieces as they arrive. What mailers call their character sets is
// mapped to the labels that TextDecoder knows (WHATWG Encoding Standard) and to the sets of charsets/own.ts that it does not; what
// nobody knows is read as UTF-8 where it is well-formed UTF-8 and as windows-1252 where it is not, so that some text always comes out.

import { isAscii, isUtf8 } from 'node:buffer'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { type CharsetDecoder, REPLACEMENT } from './charsets/decoder.ts'
import { charsetLabels } from './charsets/labels.ts'
import { isOwnLabel, isStateful, ownAliases, ownDecoder } from './charsets/own.ts'

export type { CharsetDecoder }

/** A decoder that never fails; null for text that names no character set. */
export function charsetDecoder(charset: string | null): CharsetDecoder {
  const label = charset === null ? undefined : knownLabel(charset)
  return label === undefined || declaredForNothing.has(label)
    ? new GuessingDecoder()
    : (ownDecoder(label) ?? new LabelledDecoder(label))
}

/** All of the bytes at once. */
export function decodeText(bytes: Uint8Array, charset: string | null): string {
  const decoder = charsetDecoder(charset)
  return decoder instanceof LabelledDecoder
    ? decoder.whole(bytes)
    : decoder.push(bytes) + decoder.finish()
}

/**
 * Bytes in pieces that each should be a text of its own (RFC 2047 §5 (3)), and in a stateful character set are; in others characters
 * may be cut between them, as some mailers do.
 */
export function decodePieces(pieces: readonly Uint8Array[], charset: string): string {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return decodeText(only, charset)
  const label = knownLabel(charset)
  return label !== undefined && isStateful(label)
    ? pieces.map((piece) => decodeText(piece, charset)).join('')
    : decodeText(Buffer.concat(pieces), charset)
}

/** Whether text in this character set can be decoded; US-ASCII and UTF-8 always can. */
export function isKnownCharset(charset: string): boolean {
  return knownLabel(charset) !== undefined
}

/** Names outside the WHATWG list that mail carries; code pages by number are mapped below. */
const aliases: ReadonlyMap<string, string> = new Map([
  ...ownAliases,
  ['646', 'us-ascii'],
  ['ansi', 'windows-1252'],
  ['big5hkscs', 'big5-hkscs'],
  ['cp932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['cp950', 'big5'],
  ['cp10000', 'macintosh'],
  ['cp10007', 'x-mac-cyrillic'],
  ['cp20866', 'koi8-r'],
  ['cp21866', 'koi8-u'],
  ['cp51932', 'euc-jp'],
  ['cp51949', 'euc-kr'],
  ['cp54936', 'gb18030'],
  ['cp65001', 'utf-8'],
  ['euc-cn', 'gbk'],
  ['euccn', 'gbk'],
  ['euckr', 'euc-kr'],
  ['eucjp', 'euc-jp'],
  ['gb-2312', 'gbk'],
  ['iso-10646-ucs-2', 'utf-16be'],
  ['koi8', 'koi8-r'],
  ['koi8r', 'koi8-r'],
  ['koi8u', 'koi8-u'],
  ['latin-1', 'iso-8859-1'],
  ['macroman', 'macintosh'],
  ['mac-cyrillic', 'x-mac-cyrillic'],
  ['mac-roman', 'macintosh'],
  ['ms936', 'gbk'],
  ['ms949', 'euc-kr'],
  ['ms950', 'big5'],
  ['shift-jisx0213', 'shift_jis'],
  ['ucs-2', 'utf-16be'],
  // RFC 2781 §4.3: big-endian where no byte order mark says otherwise; TextDecoder takes the other one.
  ['utf-16', 'utf-16be'],
  ['utf8mb4', 'utf-8'],
  ['x-mac-chinesesimp', 'gbk'],
  ['x-mac-chinesetrad', 'big5'],
  ['x-mac-japanese', 'shift_jis'],
  ['x-mac-korean', 'euc-kr'],
])

/**
 * Labels under which mailers send everything: US-ASCII is the default of MIME (RFC 2045 §5.2), so its text is looked at first.
 */
const declaredForNothing: ReadonlySet<string> = new Set(['us-ascii', 'ascii'])

/** A label for TextDecoder or of our own, undefined when there is none. */
function knownLabel(charset: string): string | undefined {
  // White space around it that a quoted parameter may have, and no more than that.
  if (charset.length > 2 * NAME_CHARACTERS_MAX) return undefined
  const name = charset.trim().toLowerCase()
  if (name.length > NAME_CHARACTERS_MAX) return undefined
  const respelled = name
    .replaceAll('_', '-')
    .replace(/^x-(?=utf|iso|windows|gb|cp|ibm|euc|unicode)/, '')
    .replace(/^(?:cp|win|windows|ms)-?(125\d|874)$/, 'windows-$1')
    .replace(/^(?:cp|ibm|dos|oem|ccsid)?-?0{0,2}(\d{3,5})$/, 'cp$1')
    .replace(/^(?:iso-?)?8859-?(\d{1,2})$/, 'iso-8859-$1')
    .replace(/^utf(7|8|16)/, 'utf-$1')
  // An alias is stronger than what TextDecoder makes of the same name.
  const candidates = [aliases.get(name), aliases.get(respelled), name, respelled]
  return candidates.find(
    (label) => label !== undefined && (isOwnLabel(label) || charsetLabels.has(label)),
  )
}

/** Longer names belong to no character set. */
const NAME_CHARACTERS_MAX = 60

type Decoder = InstanceType<typeof TextDecoder>

/** Character sets in which ASCII bytes can mean something else (Node's Shift_JIS swaps three control characters). */
const notAsciiCompatible = /^(?:utf-16|shift_jis)/

/** A decoder that is never used for pieces: making one takes longer than decoding a word. */
function wholeDecoder(label: string): Decoder {
  let decoder = wholeDecoders.get(label)
  if (decoder === undefined) wholeDecoders.set(label, (decoder = new TextDecoder(label)))
  return decoder
}

/** By label, of which there are as many as the table has. */
const wholeDecoders = new Map<string, Decoder>()

class LabelledDecoder implements CharsetDecoder {
  readonly #label: string
  readonly #isAsciiCompatible: boolean
  /** Made for the first bytes that need it: most text is ASCII, and then nothing is cut. */
  #decoder: Decoder | undefined

  constructor(label: string) {
    this.#label = label
    // Labels have many spellings, encodings one name.
    this.#isAsciiCompatible = !notAsciiCompatible.test(wholeDecoder(label).encoding)
  }

  /** In place of `push` and `finish`. */
  whole(bytes: Uint8Array): string {
    if (this.#isAsciiCompatible && isAscii(bytes)) return asBuffer(bytes).toString('latin1')
    try {
      return wholeDecoder(this.#label).decode(bytes)
    } catch {
      return this.push(bytes) + this.finish()
    }
  }

  push(bytes: Uint8Array): string {
    if (this.#decoder === undefined) {
      if (this.#isAsciiCompatible && isAscii(bytes)) return asBuffer(bytes).toString('latin1')
      this.#decoder = new TextDecoder(this.#label)
    }
    try {
      return this.#decoder.decode(bytes, { stream: true })
    } catch {
      // Node's decoder fails where a malformed character that was cut becomes more text than the piece behind it has bytes
      // (GBK, GB18030, EUC-JP). What it held is lost as one replacement character; the piece is read anew.
      this.#decoder = new TextDecoder(this.#label)
      return REPLACEMENT + this.#decoder.decode(bytes, { stream: true })
    }
  }

  finish(): string {
    try {
      return this.#decoder?.decode() ?? ''
    } catch {
      return REPLACEMENT
    }
  }
}

/** One byte is one character: pieces need no memory of each other. */
const fallback = new TextDecoder('windows-1252')

/** UTF-8 as long as it is well-formed, windows-1252 from there on. */
class GuessingDecoder implements CharsetDecoder {
  #isFallen = false
  /** A character of UTF-8 that is cut. */
  #cut: Uint8Array = nothing

  push(bytes: Uint8Array): string {
    if (this.#isFallen) return fallback.decode(bytes)
    if (this.#cut.length === 0 && isAscii(bytes)) return asBuffer(bytes).toString('latin1')
    const all = this.#cut.length === 0 ? bytes : Buffer.concat([this.#cut, bytes])
    const end = wholeCharacters(all)
    const whole = all.subarray(0, end)
    if (!isUtf8(whole)) {
      this.#isFallen = true
      return fallback.decode(all)
    }
    // Copied: the caller may use its buffer again.
    this.#cut = Uint8Array.from(all.subarray(end))
    return asBuffer(whole).toString('utf8')
  }

  finish(): string {
    return this.#cut.length === 0 || this.#isFallen ? '' : fallback.decode(this.#cut)
  }
}

const nothing = new Uint8Array(0)

/** Where a cut character of UTF-8 begins at the end; the length when none is cut. */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0
    if (byte < 0x80) return length
    // A first byte says how many follow.
    if (byte >= 0xc0)
      return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length - back : length
  }
  return length
}
