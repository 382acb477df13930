// Bytes as they arrived, taken out as lines or by number. What lies within one chunk is handed out without copying.

const LF = 0x0a
/** Smaller chunks that find others waiting are collected in blocks: a peer that sends byte by byte costs no Buffer a byte. */
const SMALL_BYTES = 512
const BLOCK_BYTES = 4096
const nothing = Buffer.alloc(0)

export class ByteQueue {
  #chunks: Buffer[] = []
  /** Offset of the first byte in the first chunk. */
  #at = 0
  #length = 0
  /** Bytes from the front known to hold no LF. */
  #scanned = 0
  /** The last chunk, when it is a piece of a block with room left behind it. */
  #block: { readonly bytes: Buffer; end: number } | undefined

  get length(): number {
    return this.#length
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#length += chunk.length
    if (chunk.length < SMALL_BYTES && this.#chunks.length > 0) this.#collect(chunk)
    else {
      this.#chunks.push(chunk)
      this.#block = undefined
    }
  }

  /** Offset of the next LF from the front, -1 for none. Bytes looked at once are not looked at again. */
  indexOfLf(): number {
    let base = -this.#at
    for (const chunk of this.#chunks) {
      const from = Math.max(0, this.#scanned - base)
      if (from < chunk.length) {
        const found = chunk.indexOf(LF, from)
        if (found >= 0) {
          this.#scanned = base + found
          return base + found
        }
      }
      base += chunk.length
    }
    this.#scanned = this.#length
    return -1
  }

  /** The first bytes, which must be there. */
  take(bytes: number): Buffer {
    const taken = this.peek(bytes)
    this.skip(bytes)
    return taken
  }

  peek(bytes: number): Buffer {
    const first = this.#chunks[0]
    if (first === undefined || bytes === 0) return nothing
    if (this.#at + bytes <= first.length) return first.subarray(this.#at, this.#at + bytes)
    return this.#join(bytes)
  }

  /** As many of the first bytes as lie in one piece, at most `bytesMax`. */
  takeSome(bytesMax: number): Buffer {
    const first = this.#chunks[0]
    if (first === undefined) return nothing
    return this.take(Math.min(bytesMax, first.length - this.#at))
  }

  skip(bytes: number): void {
    this.#length -= bytes
    this.#scanned = Math.max(0, this.#scanned - bytes)
    let at = this.#at + bytes
    let gone = 0
    for (const chunk of this.#chunks) {
      if (at < chunk.length) break
      at -= chunk.length
      gone++
    }
    if (gone === this.#chunks.length) {
      this.#chunks.length = 0
      this.#block = undefined
    } else if (gone > 0) this.#chunks.splice(0, gone)
    this.#at = at
  }

  #collect(chunk: Buffer): void {
    let block = this.#block
    if (block === undefined || block.end + chunk.length > BLOCK_BYTES) {
      block = { bytes: Buffer.allocUnsafe(BLOCK_BYTES), end: 0 }
      this.#block = block
      this.#chunks.push(nothing)
    }
    // What was handed out of this block lies before its end and is never written again.
    block.bytes.set(chunk, block.end)
    block.end += chunk.length
    this.#chunks[this.#chunks.length - 1] = block.bytes.subarray(0, block.end)
  }

  #join(bytes: number): Buffer {
    const joined = Buffer.allocUnsafe(bytes)
    let to = 0
    let from = this.#at
    for (const chunk of this.#chunks) {
      to += chunk.copy(joined, to, from)
      if (to >= bytes) break
      from = 0
    }
    return joined
  }
}
