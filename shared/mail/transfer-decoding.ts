// Content transfer encodings of RFC 2045 §6 as push decoders: encoded bytes go in, in pieces of any size, decoded ones come out.
// Tolerant as readers have to be: what is not of the encoding is passed over in base64 and kept as it is in quoted-printable.

import { asBuffer } from '#shared/runtime/bytes.ts'
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

/** All of the bytes at once; undefined for an encoding that is not known. */
export function decodeTransfer(bytes: Uint8Array, encoding: ByteString): Uint8Array | undefined {
  const decoder = transferDecoder(encoding)
  if (decoder === undefined) return undefined
  const decoded = decoder.push(bytes)
  const rest = decoder.finish()
  return rest.length === 0 ? decoded : Buffer.concat([decoded, rest])
}

const noBytes = new Uint8Array(0)

const identity: TransferDecoder = { push: (piece) => piece, finish: () => noBytes }

/** RFC 2045 §6.8. Padding ends a group, not the data: some mailers encode in pieces. */
class Base64Decoder implements TransferDecoder {
  /** Up to three characters of a group of four. */
  #begun = ''

  push(piece: Uint8Array): Uint8Array {
    const characters = asBuffer(piece).toString('latin1').replace(notBase64, '')
    const text = this.#begun + characters
    if (!text.includes('=')) return this.#groups(text)
    const padded = text.split(/=+/)
    const last = padded.pop() ?? ''
    const ended = padded.map((group) => Buffer.from(group, 'base64'))
    return Buffer.concat([...ended, this.#groups(last)])
  }

  finish(): Uint8Array {
    const rest = Buffer.from(this.#begun, 'base64')
    this.#begun = ''
    return rest
  }

  #groups(text: string): Uint8Array {
    const whole = text.length - (text.length % 4)
    this.#begun = text.slice(whole)
    return Buffer.from(whole === text.length ? text : text.slice(0, whole), 'base64')
  }
}

const notBase64 = /[^A-Za-z0-9+/=]+/g

/** Blanks held back because a line end would remove them; a line of the encoding has 76 characters (RFC 2045 §6.7 (5)). */
const BLANKS_MAX = 998

/** RFC 2045 §6.7. A byte loop: native search and copy were slower on text with many escapes. */
class QuotedPrintableDecoder implements TransferDecoder {
  /** After "=": what has come of an escape or a soft line break; '' outside. */
  #escape = ''
  readonly #blanks = new Uint8Array(BLANKS_MAX)
  #blankCount = 0
  /** A CR behind blanks or "=", whose LF is still to come. */
  #cr = false

  push(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(piece.length + this.#blankCount + this.#escape.length + 1)
    let to = 0
    let from = 0
    while (from < piece.length) {
      const byte = piece[from] ?? 0
      if (this.#escape !== '') {
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
        this.#escape = '='
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
    const rest = Buffer.from(this.#escape.length > 1 ? this.#escape : '', 'latin1')
    if (!this.#cr) return rest
    this.#cr = false
    return Buffer.concat([rest, Buffer.from('\r')])
  }

  /** Writes what was held back. */
  #release(out: Uint8Array, at: number): number {
    let to = at
    if (this.#blankCount > 0) {
      out.set(this.#blanks.subarray(0, this.#blankCount), to)
      to += this.#blankCount
      this.#blankCount = 0
    }
    if (this.#cr) {
      out[to++] = CR
      this.#cr = false
    }
    return to
  }

  /** `=XX`, `=` blanks CRLF, or no escape at all, which is kept as it is (§6.7, note on robustness). */
  #inEscape(byte: number, out: Buffer, at: number): number {
    const held = this.#escape
    if (held.length === 1) {
      if (hexValue(byte) >= 0 || byte === CR || isBlank(byte)) {
        this.#escape += String.fromCharCode(byte)
        return at
      }
    } else if (hexValue(held.charCodeAt(1)) >= 0) {
      const low = hexValue(byte)
      if (low >= 0) {
        out[at] = hexValue(held.charCodeAt(1)) * 16 + low
        this.#escape = ''
        return at + 1
      }
    } else if (!held.endsWith('\r') && (byte === CR || isBlank(byte))) {
      if (held.length < BLANKS_MAX) {
        this.#escape += String.fromCharCode(byte)
        return at
      }
    }
    if (byte === LF && hexValue(held.charCodeAt(1)) < 0) {
      this.#escape = ''
      return at
    }
    return this.#notAnEscape(byte, out, at)
  }

  #notAnEscape(byte: number, out: Buffer, at: number): number {
    let to = at + out.write(this.#escape, at, 'latin1')
    this.#escape = ''
    if (byte === EQUALS) this.#escape = '='
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
