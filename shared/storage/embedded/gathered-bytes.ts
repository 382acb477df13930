// Bytes that come in pieces and are kept together as one. Pieces are copied, not kept: a sender that sends byte by byte would
// otherwise have us hold some 200 bytes for each of its own.

const FIRST_BYTES = 4 * 1024

export class GatheredBytes {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, length, 2 * this.#length))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** All of them; the next ones begin anew in the same memory, so they must have been used by then. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }
}
