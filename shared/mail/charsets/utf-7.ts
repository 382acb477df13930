// UTF-7 (RFC 2152): UTF-16 in base64 between "+" and the first character that is none of it, a "-" being part of it.

import { type CharsetDecoder, REPLACEMENT } from './decoder.ts'
import { utf16Text } from './single-byte.ts'

export class Utf7Decoder implements CharsetDecoder {
  #inBase64 = false
  /** Nothing has come behind the "+" yet. */
  #isFresh = false
  /** Bits of a begun unit, and their number. */
  #bits = 0
  #bitCount = 0
  /** A high surrogate whose other half is still to come; 0 for none. */
  #high = 0

  push(bytes: Uint8Array): string {
    const units = new Uint16Array(bytes.length + 1)
    let to = 0
    // A cut pair goes on where it was left.
    if (this.#high !== 0) units[to++] = this.#high
    this.#high = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      const value = this.#inBase64 ? (base64Values[byte] ?? NOT_BASE64) : NOT_BASE64
      if (value !== NOT_BASE64) {
        this.#isFresh = false
        this.#bits = (this.#bits << 6) | value
        this.#bitCount += 6
        if (this.#bitCount < 16) continue
        this.#bitCount -= 16
        units[to++] = this.#bits >> this.#bitCount
        this.#bits &= (1 << this.#bitCount) - 1
      } else if (this.#inBase64) {
        this.#inBase64 = false
        if (byte === MINUS) {
          // "+-" is a plus sign.
          if (this.#isFresh) units[to++] = PLUS
        } else units[to++] = direct(byte)
      } else if (byte === PLUS) {
        this.#inBase64 = true
        this.#isFresh = true
        this.#bits = 0
        this.#bitCount = 0
      } else units[to++] = direct(byte)
    }
    const last = units[to - 1] ?? 0
    if (this.#inBase64 && last >= 0xd800 && last <= 0xdbff) {
      this.#high = last
      to--
    }
    return utf16Text(units.subarray(0, to)).toWellFormed()
  }

  finish(): string {
    if (this.#high !== 0) return REPLACEMENT
    return this.#inBase64 && this.#isFresh ? '+' : ''
  }
}

/** Eight-bit bytes are none of UTF-7's. */
const direct = (byte: number) => (byte < 0x80 ? byte : REPLACEMENT.charCodeAt(0))

const PLUS = 0x2b
const MINUS = 0x2d
const NOT_BASE64 = 0xff
const base64Values = new Uint8Array(256).fill(NOT_BASE64)
for (const [value, char] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  base64Values[char.charCodeAt(0)] = value
}
