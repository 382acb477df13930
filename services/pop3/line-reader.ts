// Splits what a client sends into lines, in any chunking, holding no more than one line and what was pipelined after it.
// Lenient: a bare LF ends a line too, as people who type into netcat expect; nothing depends on where a command ends.

const LF = 0x0a
const CR = 0x0d
const nothing: Buffer = Buffer.alloc(0)

export type Line =
  | { readonly kind: 'line'; readonly bytes: Buffer; readonly length: number }
  /** Longer than the maximum; its bytes are gone. */
  | { readonly kind: 'too-long' }

export class LineReader {
  readonly #lineBytesMax: number
  #held: Buffer = nothing
  /** Start of the next line in `#held`. */
  #start = 0
  /** Up to here there is no LF. */
  #searched = 0
  /** Inside a line that is too long. */
  #skipping = false

  /** `lineBytesMax` counts the line's end. */
  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** Bytes waiting to be read. */
  get pendingBytes(): number {
    return this.#held.length - this.#start
  }

  push(chunk: Buffer): void {
    this.#held =
      this.pendingBytes === 0 ? chunk : Buffer.concat([this.#held.subarray(this.#start), chunk])
    this.#searched -= this.#start
    this.#start = 0
    if (this.#held === chunk) this.#searched = 0
  }

  /** All bytes not handed out, which the reader forgets. */
  takeRest(): Buffer {
    const rest = this.#held.subarray(this.#start)
    this.#held = nothing
    this.#start = 0
    this.#searched = 0
    this.#skipping = false
    return rest
  }

  /** The next line without its end, undefined while there is no whole one. */
  next(): Line | undefined {
    const end = this.#held.indexOf(LF, this.#searched)
    if (end < 0) {
      if (this.pendingBytes >= this.#lineBytesMax) {
        this.takeRest()
        this.#skipping = true
      }
      this.#searched = this.#held.length
      return undefined
    }
    const start = this.#start
    const length = end + 1 - start
    this.#start = end + 1
    this.#searched = end + 1
    if (this.#skipping || length > this.#lineBytesMax) {
      this.#skipping = false
      return { kind: 'too-long' }
    }
    const textEnd = end > start && this.#held[end - 1] === CR ? end - 1 : end
    return { kind: 'line', bytes: this.#held.subarray(start, textEnd), length }
  }
}
