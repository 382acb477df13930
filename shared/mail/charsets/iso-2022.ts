// ISO-2022-JP with its extensions (RFC 1468, RFC 1554, RFC 2237), ISO-2022-KR (RFC 1557) and the simplified half of ISO-2022-CN (RFC
// 1922): seven-bit text in which escape sequences and shifts switch between character sets. TextDecoder has the first alone, and
// makes U+FFFD of switches that follow on each other, as they do wherever mailers put pieces together.

import type { CharsetDecoder } from './decoder.ts'
import { EucText } from './euc-text.ts'

/** What bytes mean: one byte a character in the first four, two in the others; `unknown` has two too. */
type CharacterSet =
  | 'ascii'
  | 'jis-roman'
  | 'katakana'
  | 'jis-x-0208'
  | 'jis-x-0212'
  | 'ks-x-1001'
  | 'gb-2312'
  | 'unknown'

/** What stands behind ESC, for the set that bytes have now (G0). JIS X 0213 begins as JIS X 0208 does. */
const designations: ReadonlyMap<string, CharacterSet> = new Map([
  ['(B', 'ascii'],
  ['(H', 'ascii'],
  ['(J', 'jis-roman'],
  ['(I', 'katakana'],
  ['$@', 'jis-x-0208'],
  ['$B', 'jis-x-0208'],
  ['$(@', 'jis-x-0208'],
  ['$(B', 'jis-x-0208'],
  ['$(O', 'jis-x-0208'],
  ['$(Q', 'jis-x-0208'],
  ['$(D', 'jis-x-0212'],
  ['$(C', 'ks-x-1001'],
  ['$A', 'gb-2312'],
  ['$(A', 'gb-2312'],
])

/** … and for the set that they have after SO (G1). */
const shiftedDesignations: ReadonlyMap<string, CharacterSet> = new Map([
  [')I', 'katakana'],
  ['$)C', 'ks-x-1001'],
  ['$)A', 'gb-2312'],
  ['$)G', 'unknown'],
  ['$)E', 'unknown'],
])

/** Announces a newer edition of JIS X 0208 and changes nothing. */
const ANNOUNCEMENT = '&@'

export class Iso2022Decoder implements CharsetDecoder {
  #set: CharacterSet = 'ascii'
  #shiftedSet: CharacterSet
  #isShifted = false
  /** What has come behind an ESC; undefined when none is open. */
  #escape: string | undefined
  /** The first byte of a character of two; 0 for none. */
  #first = 0

  /** After SO, as long as no escape sequence has said otherwise. */
  constructor(shiftedSet: 'katakana' | 'ks-x-1001' | 'gb-2312') {
    this.#shiftedSet = shiftedSet
  }

  push(bytes: Uint8Array): string {
    const to = new EucText(bytes.length)
    for (let at = 0; at < bytes.length; at++) this.#take(bytes[at] ?? 0, to)
    return to.take()
  }

  finish(): string {
    const to = new EucText(ESCAPE_CHARACTERS_MAX)
    this.#endCharacter(to)
    if (this.#escape !== undefined) this.#noEscape(to, this.#escape)
    return to.take()
  }

  #take(byte: number, to: EucText): void {
    if (this.#escape !== undefined) this.#takeEscape(byte, to)
    else if (byte === ESC) {
      this.#endCharacter(to)
      this.#escape = ''
    } else if (byte === SHIFT_OUT || byte === SHIFT_IN) {
      this.#endCharacter(to)
      this.#isShifted = byte === SHIFT_OUT
    } else if (byte <= 0x20 || byte === DELETE) {
      this.#endCharacter(to)
      to.ascii(byte)
    } else this.#takeGraphic(byte, to)
  }

  #takeGraphic(byte: number, to: EucText): void {
    const set = this.#isShifted ? this.#shiftedSet : this.#set
    if (byte > DELETE) {
      this.#endCharacter(to)
      // Eight-bit katakana among seven-bit text, as some mailers send it.
      if (this.#shiftedSet === 'katakana' && isKatakana(byte - 0x80)) to.katakana(byte)
      else to.replacement()
    } else if (set === 'ascii') to.ascii(byte)
    else if (set === 'jis-roman') {
      const other = romanDifferences.get(byte)
      if (other === undefined) to.ascii(byte)
      else to.text(other)
    } else if (set === 'katakana') {
      if (isKatakana(byte)) to.katakana(byte)
      else to.replacement()
    } else if (this.#first === 0) this.#first = byte
    else {
      const first = this.#first
      this.#first = 0
      writePair(to, set, first, byte)
    }
  }

  /** A character that is cut by something else is none. */
  #endCharacter(to: EucText): void {
    if (this.#first === 0) return
    this.#first = 0
    to.replacement()
  }

  #takeEscape(byte: number, to: EucText): void {
    const sequence = this.#escape + String.fromCharCode(byte)
    const set = designations.get(sequence)
    const shifted = shiftedDesignations.get(sequence)
    if (set !== undefined) this.#set = set
    else if (shifted !== undefined) this.#shiftedSet = shifted
    else if (beginnings.has(sequence)) {
      this.#escape = sequence
      return
    } else if (sequence !== ANNOUNCEMENT) {
      this.#noEscape(to, sequence)
      return
    }
    this.#escape = undefined
    // What names its set means it: nobody goes back by SI first.
    if (set !== undefined) this.#isShifted = false
  }

  /** An ESC that began nothing; the bytes behind it are read as others are, of which the last may be an ESC. */
  #noEscape(to: EucText, sequence: string): void {
    this.#escape = undefined
    to.replacement()
    for (let at = 0; at < sequence.length; at++) this.#take(sequence.charCodeAt(at), to)
  }
}

function writePair(to: EucText, set: CharacterSet, first: number, second: number): void {
  if (set === 'jis-x-0208') to.character('euc-jp', first, second)
  else if (set === 'jis-x-0212') to.supplementary(first, second)
  else if (set === 'ks-x-1001') to.character('euc-kr', first, second)
  else if (set === 'gb-2312') to.character('gbk', first, second)
  else to.replacement()
}

const isKatakana = (byte: number) => byte > 0x20 && byte < 0x60

/** JIS X 0201 has these in place of "\" and "~". */
const romanDifferences: ReadonlyMap<number, string> = new Map([
  [0x5c, '¥'],
  [0x7e, '‾'],
])

/** Of sequences that go on. */
const beginnings: ReadonlySet<string> = new Set(
  [...designations.keys(), ...shiftedDesignations.keys(), ANNOUNCEMENT].flatMap((sequence) =>
    [1, 2].filter((length) => length < sequence.length).map((length) => sequence.slice(0, length)),
  ),
)

const ESCAPE_CHARACTERS_MAX = 3
const SHIFT_OUT = 0x0e
const SHIFT_IN = 0x0f
const ESC = 0x1b
const DELETE = 0x7f
