// Keeps a message's header while the message passes, for whoever reads it as a whole: its authors, policy. The indexer reads a
// header field by field and keeps none of its text.

import { asBuffer } from '#shared/runtime/bytes.ts'
import type { ByteString } from './message-index.ts'

const HEADER_END = Buffer.from('\r\n\r\n')
/** Of it that may stand in the piece before. */
const BEGUN_BYTES_MAX = HEADER_END.length - 1
/** What short headers fit into. */
const FIRST_BYTES = 1024

export class HeaderReader {
  readonly #bytesMax: number
  #header = Buffer.allocUnsafe(FIRST_BYTES)
  #bytes = 0
  #ended = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    // As if a line ended before it: a message may begin with the empty line that ends its header.
    this.#append(HEADER_END.subarray(0, 2))
  }

  /** The header is longer than is kept of it. */
  get tooLong(): boolean {
    return this.#bytes > this.#bytesMax
  }

  /** All of it was seen. */
  get ended(): boolean {
    return this.#ended
  }

  /** Its fields as they stand there, `bytesMax` of them at most; the empty line is none of them. */
  get text(): ByteString {
    return this.#header.toString('latin1', 2, Math.min(this.#bytes, this.#bytesMax))
  }

  push(stored: Uint8Array): void {
    if (this.#ended || this.tooLong) return
    const content = stored.subarray(0, this.#bytesMax + 1 - this.#bytes)
    const before = this.#bytes
    const from = Math.max(0, before - BEGUN_BYTES_MAX)
    this.#append(content.subarray(0, BEGUN_BYTES_MAX))
    const begun = this.#header.subarray(from, this.#bytes).indexOf(HEADER_END)
    if (begun !== -1) {
      this.#endAt(from + begun)
      return
    }
    const at = asBuffer(content).indexOf(HEADER_END)
    this.#append(content.subarray(BEGUN_BYTES_MAX, at === -1 ? content.length : at + 2))
    if (at !== -1) this.#endAt(before + at)
  }

  finish(): void {
    this.#ended = true
  }

  /** Of the last line's own end. */
  #endAt(offset: number): void {
    this.#bytes = offset + 2
    this.#ended = true
  }

  #append(content: Uint8Array): void {
    const bytes = this.#bytes + content.length
    if (bytes > this.#header.length) {
      // Never to more than is kept: every session has one.
      const doubled = Math.min(this.#header.length * 2, this.#bytesMax + 1)
      const larger = Buffer.allocUnsafe(Math.max(bytes, doubled))
      this.#header.copy(larger, 0, 0, this.#bytes)
      this.#header = larger
    }
    this.#header.set(content, this.#bytes)
    this.#bytes = bytes
  }
}
