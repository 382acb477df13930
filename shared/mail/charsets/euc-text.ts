// What the decoders of seven-bit East Asian text write to: every character set that they switch to has a form of eight bits which
// TextDecoder knows, so that a piece of any number of switches between ASCII and one of them is decoded at once.

import { isAscii } from 'node:buffer'
import { REPLACEMENT } from './decoder.ts'

export type EucEncoding = 'euc-jp' | 'euc-kr' | 'gbk'

export class EucText {
  readonly #bytes: Buffer
  #length = 0
  #encoding: EucEncoding | undefined
  #text = ''

  /** For pieces of so many bytes: none makes more than two of one and what was held back. */
  constructor(pieceBytes: number) {
    this.#bytes = Buffer.allocUnsafe(2 * pieceBytes + 8)
  }

  ascii(byte: number): void {
    this.#bytes[this.#length++] = byte
  }

  /** A whole character, the high bits still to be set. */
  character(encoding: EucEncoding, first: number, second: number): void {
    this.#use(encoding)
    this.#bytes[this.#length++] = first | 0x80
    this.#bytes[this.#length++] = second | 0x80
  }

  /** Of JIS X 0212, which EUC-JP has behind a third byte. */
  supplementary(first: number, second: number): void {
    this.#use('euc-jp')
    this.#bytes[this.#length++] = 0x8f
    this.#bytes[this.#length++] = first | 0x80
    this.#bytes[this.#length++] = second | 0x80
  }

  /** Katakana of half width. */
  katakana(byte: number): void {
    this.#use('euc-jp')
    this.#bytes[this.#length++] = 0x8e
    this.#bytes[this.#length++] = byte | 0x80
  }

  text(text: string): void {
    this.#flush()
    this.#text += text
  }

  replacement(): void {
    this.text(REPLACEMENT)
  }

  /** All that was written. */
  take(): string {
    this.#flush()
    const text = this.#text
    this.#text = ''
    return text
  }

  #use(encoding: EucEncoding): void {
    if (this.#encoding === encoding) return
    this.#flush()
    this.#encoding = encoding
  }

  #flush(): void {
    if (this.#length === 0) return
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    this.#text +=
      this.#encoding === undefined || isAscii(bytes)
        ? bytes.toString('latin1')
        : decoderOf(this.#encoding).decode(bytes)
  }
}

function decoderOf(encoding: EucEncoding) {
  let decoder = decoders.get(encoding)
  if (decoder === undefined) decoders.set(encoding, (decoder = new TextDecoder(encoding)))
  return decoder
}

/** Only ever given whole characters, so that nobody's are left in them. */
const decoders = new Map<EucEncoding, InstanceType<typeof TextDecoder>>()
