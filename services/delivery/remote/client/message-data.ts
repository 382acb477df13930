// The bytes of a message as they stand behind DATA or BDAT: line ends are CRLF (RFC 5321 §2.3.8), also where a CR or LF stood alone; behind
// DATA lines that begin with a dot get another one (§4.5.2). Linear, and a chunk that needs no change is passed on as it is.

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e

export class MessageData {
  readonly #stuffsDots: boolean
  #atLineStart = true
  #afterCr = false

  constructor(options: { readonly stuffsDots: boolean }) {
    this.#stuffsDots = options.stuffsDots
  }

  push(chunk: Uint8Array): Uint8Array {
    const stuffsDots = this.#stuffsDots
    const { length } = chunk
    let atLineStart = this.#atLineStart
    let afterCr = this.#afterCr
    let out: Uint8Array | undefined
    let to = 0
    for (let at = 0; at < length; at++) {
      const byte = chunk[at] ?? 0
      if (byte > DOT && !afterCr) {
        atLineStart = false
        if (out !== undefined) out[to++] = byte
        continue
      }
      let insert = 0
      if (afterCr && byte !== LF) {
        // That CR was alone.
        insert = LF
        atLineStart = true
      } else if (!afterCr && byte === LF) insert = CR
      const isStuffed = stuffsDots && byte === DOT && atLineStart
      if (out === undefined && (insert !== 0 || isStuffed)) {
        out = startCopy(chunk, at)
        to = at
      }
      if (out !== undefined) {
        if (insert !== 0) out[to++] = insert
        if (isStuffed) out[to++] = DOT
      }
      if (out !== undefined) out[to++] = byte
      afterCr = byte === CR
      atLineStart = byte === LF
    }
    this.#atLineStart = atLineStart
    this.#afterCr = afterCr
    return out === undefined ? chunk : out.subarray(0, to)
  }

  /** What is missing of the last line end. */
  finish(): string {
    if (this.#afterCr) return '\n'
    return this.#atLineStart ? '' : '\r\n'
  }
}

/** Each byte from there on may become two, and a line feed may be inserted before the first. */
function startCopy(chunk: Uint8Array, from: number): Uint8Array {
  const copy = Buffer.allocUnsafe(from + 3 * (chunk.length - from))
  copy.set(chunk.subarray(0, from))
  return copy
}
