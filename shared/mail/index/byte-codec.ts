// Numbers, strings and lists as bytes, for ../index-codec.ts.

import { asBuffer } from '#shared/runtime/bytes.ts'
import type { ByteString } from '../message-index.ts'

/** Stored bytes are not an index of a known version. */
export class MalformedIndex extends Error {
  override readonly name = 'MalformedIndex'
}

const FIRST_BYTES = 1024
const VARINT_BYTES_MAX = 8 // 56 bits hold every safe integer

export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  number(value: number): void {
    this.#reserve(VARINT_BYTES_MAX)
    let rest = value
    while (rest > 127) {
      this.#buffer[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#length++] = rest
  }

  text(text: ByteString): void {
    this.number(text.length)
    this.#reserve(text.length)
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }

  /** 0 for null, else the length plus 1. */
  optionalText(text: ByteString | null): void {
    if (text === null) {
      this.number(0)
      return
    }
    this.number(text.length + 1)
    this.#reserve(text.length)
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }

  hex(digits: string, bytes: number): void {
    this.#reserve(bytes)
    const written = this.#buffer.write(digits, this.#length, 'hex')
    if (written !== bytes) throw new Error(`not ${bytes} bytes of hex digits`)
    this.#length += written
  }

  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.number(values.length)
    for (const value of values) write(value)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** Every method throws MalformedIndex when the bytes do not hold what it is asked for. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes)
  }

  number(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new MalformedIndex('cut off')
      value += (byte & 127) * scale
      if (byte < 128) {
        // One number has one encoding, and is exact.
        if ((byte === 0 && count > 0) || !Number.isSafeInteger(value)) break
        return value
      }
      scale *= 128
    }
    throw new MalformedIndex('not a number')
  }

  text(): ByteString {
    return this.#take(this.number(), 'latin1')
  }

  optionalText(): ByteString | null {
    const code = this.number()
    return code === 0 ? null : this.#take(code - 1, 'latin1')
  }

  hex(bytes: number): string {
    return this.#take(bytes, 'hex')
  }

  list<T>(read: () => T): T[] {
    return this.times(this.number(), read)
  }

  times<T>(count: number, read: () => T): T[] {
    // Every element has a byte at least: a wrong count costs nothing.
    if (count > this.#bytes.length - this.#at) throw new MalformedIndex('cut off')
    const values: T[] = []
    for (let i = 0; i < count; i++) values.push(read())
    return values
  }

  oneOf<const T extends string>(table: readonly T[]): T {
    const value = table[this.number()]
    if (value === undefined) throw new MalformedIndex('not in the table')
    return value
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedIndex('bytes after the end')
  }

  #take(length: number, encoding: 'latin1' | 'hex'): string {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new MalformedIndex('cut off')
    const text = this.#bytes.toString(encoding, this.#at, end)
    this.#at = end
    return text
  }
}
