// Content transfer encodings of RFC 2045 §6 as push decoders: encoded bytes go in, in pieces of any size, decoded ones come out.
// Tolerant as readers have to be: what is not of the encoding is passed over in base64 and kept as it is in quoted-printable.

import type { ByteString } from './message-index.ts'

export interface TransferDecoder {
  /** Decoded bytes; they may share memory with the piece. */
  push(piece: Uint8Array): Uint8Array
  /** What the end of the input completes. To be called once. */
  finish(): Uint8Array
}

/** Undefined for an encoding that is not known; `encoding` as in a message index, lower-case. */
export function transferDecoder(encoding: ByteString): TransferDecoder | undefined {
  switch (encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
      return identity
    case 'base64':
      return new Base64Decoder()
    case 'quoted-printable':
      return new QuotedPrintableDecoder()
    default:
      return undefined
  }
}

const noBytes = new Uint8Array(0)

const identity: TransferDecoder = { push: (piece) => piece, finish: () => noBytes }

/** RFC 2045 §6.8. Padding ends a group, not the data: some mailers encode in pieces. A byte loop: one pass, whatever comes. */
class Base64Decoder implements TransferDecoder {
  /** Bits of a begun group of four characters, and how many characters have come of it. */
  #bits = 0
  #count = 0

  push(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(((piece.length + this.#count) * 3) / 4 + 3)
    let bits = this.#bits
    let count = this.#count
    let to = 0
    for (let at = 0; at < piece.length; at++) {
      const value = base64Values[piece[at] ?? 0] ?? NOT_BASE64
      if (value < 64) {
        bits = (bits << 6) | value
        if (++count < 4) continue
        out[to++] = bits >> 16
        out[to++] = bits >> 8
        out[to++] = bits
      } else if (value === PADDING) to = endGroup(bits, count, out, to)
      else continue
      bits = 0
      count = 0
    }
    this.#bits = bits
    this.#count = count
    return out.subarray(0, to)
  }

  finish(): Uint8Array {
    const out = Buffer.allocUnsafe(2)
    const length = endGroup(this.#bits, this.#count, out, 0)
    this.#bits = 0
    this.#count = 0
    return out.subarray(0, length)
  }
}

/** Of two characters comes one byte, of three two; one alone is nothing. */
function endGroup(bits: number, count: number, out: Uint8Array, at: number): number {
  let to = at
  if (count === 2) out[to++] = bits >> 4
  if (count === 3) {
    out[to++] = bits >> 10
    out[to++] = bits >> 2
  }
  return to
}

const NOT_BASE64 = 0xff
const PADDING = 0x40
const base64Values = new Uint8Array(256).fill(NOT_BASE64)
for (const [value, char] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=',
].entries()) {
  base64Values[char.charCodeAt(0)] = value
}

/** Blanks held back because a line end would remove them; a line of the encoding has 76 characters (RFC 2045 §6.7 (5)). */
const BLANKS_MAX = 998

/** RFC 2045 §6.7. A byte loop: native search and copy were slower on text with many escapes. */
class QuotedPrintableDecoder implements TransferDecoder {
  /** After "=": how far an escape or a soft line break has come. */
  #escape: 'none' | 'begun' | 'digit' | 'blanks' | 'cr' = 'none'
  /** What has come behind the "=". */
  readonly #escaped = new Uint8Array(BLANKS_MAX)
  #escapedCount = 0
  readonly #blanks = new Uint8Array(BLANKS_MAX)
  #blankCount = 0
  /** A CR behind blanks or "=", whose LF is still to come. */
  #cr = false

  push(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(piece.length + this.#blankCount + this.#escapedCount + 2)
    let to = 0
    let from = 0
    while (from < piece.length) {
      const byte = piece[from] ?? 0
      if (this.#escape !== 'none') {
        to = this.#inEscape(byte, out, to)
        from++
        continue
      }
      if (byte === SPACE || byte === TAB) {
        if (this.#cr) to = this.#release(out, to)
        if (this.#blankCount === BLANKS_MAX) to = this.#release(out, to)
        this.#blanks[this.#blankCount++] = byte
      } else if (byte === EQUALS) {
        to = this.#release(out, to)
        this.#escape = 'begun'
      } else if (byte === CR) {
        if (this.#cr) to = this.#release(out, to)
        this.#cr = true
      } else {
        // §6.7 (3): blanks before a line end were added on the way.
        if (byte === LF) this.#blankCount = 0
        to = this.#release(out, to)
        out[to++] = byte
      }
      from++
    }
    return out.subarray(0, to)
  }

  finish(): Uint8Array {
    // Blanks at the end are those of an unended line; a lone "=" there is a soft line break.
    this.#blankCount = 0
    const isLone = this.#escape === 'none' || this.#escape === 'begun'
    const rest = Buffer.alloc(isLone ? 0 : this.#escapedCount + 1)
    if (!isLone) this.#writeEscape(rest, 0)
    if (!this.#cr) return rest
    this.#cr = false
    return Buffer.concat([rest, Buffer.from('\r')])
  }

  /** Writes what was held back. */
  #release(out: Uint8Array, at: number): number {
    let to = at
    for (let i = 0; i < this.#blankCount; i++) out[to++] = this.#blanks[i] ?? 0
    this.#blankCount = 0
    if (this.#cr) {
      out[to++] = CR
      this.#cr = false
    }
    return to
  }

  /** `=XX`, `=` blanks CRLF, or no escape at all, which is kept as it is (§6.7, note on robustness). */
  #inEscape(byte: number, out: Buffer, at: number): number {
    switch (this.#escape) {
      case 'begun':
        if (hexValue(byte) >= 0) return this.#escapes(byte, 'digit', at)
        break
      case 'digit': {
        const low = hexValue(byte)
        if (low < 0) return this.#notAnEscape(byte, out, at)
        out[at] = hexValue(this.#escaped[0] ?? 0) * 16 + low
        this.#endEscape()
        return at + 1
      }
    }
    if (byte === LF) {
      this.#endEscape()
      return at
    }
    if (this.#escape !== 'cr' && this.#escapedCount < BLANKS_MAX - 1) {
      if (byte === CR) return this.#escapes(byte, 'cr', at)
      if (isBlank(byte)) return this.#escapes(byte, 'blanks', at)
    }
    return this.#notAnEscape(byte, out, at)
  }

  #escapes(byte: number, state: 'digit' | 'blanks' | 'cr', at: number): number {
    this.#escaped[this.#escapedCount++] = byte
    this.#escape = state
    return at
  }

  #endEscape(): void {
    this.#escape = 'none'
    this.#escapedCount = 0
  }

  #writeEscape(out: Uint8Array, at: number): number {
    out[at] = EQUALS
    // Loops: mostly there are one or two bytes.
    for (let i = 0; i < this.#escapedCount; i++) out[at + 1 + i] = this.#escaped[i] ?? 0
    const to = at + 1 + this.#escapedCount
    this.#endEscape()
    return to
  }

  #notAnEscape(byte: number, out: Buffer, at: number): number {
    let to = this.#writeEscape(out, at)
    if (byte === EQUALS) this.#escape = 'begun'
    else if (byte === CR) this.#cr = true
    else if (isBlank(byte)) this.#blanks[this.#blankCount++] = byte
    else out[to++] = byte
    return to
  }
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const upper = code & ~0x20
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const EQUALS = 0x3d
