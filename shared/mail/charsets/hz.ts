// HZ-GB-2312 (RFC 1843): GB 2312 in seven bits between "~{" and "~}".

import type { CharsetDecoder } from './decoder.ts'
import { EucText } from './euc-text.ts'

export class HzDecoder implements CharsetDecoder {
  #isChinese = false
  #tilde = false
  /** The first byte of a character of two; 0 for none. */
  #first = 0

  push(bytes: Uint8Array): string {
    const to = new EucText(bytes.length)
    for (let at = 0; at < bytes.length; at++) this.#take(bytes[at] ?? 0, to)
    return to.take()
  }

  finish(): string {
    const to = new EucText(1)
    if (this.#tilde) to.ascii(TILDE)
    this.#endCharacter(to)
    return to.take()
  }

  #take(byte: number, to: EucText): void {
    if (this.#tilde) this.#takeBehindTilde(byte, to)
    else if (byte === TILDE && this.#first === 0) this.#tilde = true
    else if (byte <= 0x20 || byte > TILDE) {
      this.#endCharacter(to)
      // RFC 1843 §1: a line ends in ASCII.
      if (byte === LF) this.#isChinese = false
      if (byte <= DELETE) to.ascii(byte)
      else to.replacement()
    } else if (!this.#isChinese) to.ascii(byte)
    else if (this.#first === 0) this.#first = byte
    else {
      to.character('gbk', this.#first, byte)
      this.#first = 0
    }
  }

  #takeBehindTilde(byte: number, to: EucText): void {
    this.#tilde = false
    if (byte === OPENING) this.#isChinese = true
    else if (byte === CLOSING) this.#isChinese = false
    else if (byte === TILDE) to.ascii(TILDE)
    // "~" and a line end continue the line.
    else if (byte !== LF) {
      to.ascii(TILDE)
      this.#take(byte, to)
    }
  }

  #endCharacter(to: EucText): void {
    if (this.#first === 0) return
    this.#first = 0
    to.replacement()
  }
}

const LF = 0x0a
const OPENING = 0x7b
const CLOSING = 0x7d
const TILDE = 0x7e
const DELETE = 0x7f
