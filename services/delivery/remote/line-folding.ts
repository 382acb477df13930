// Folds lines that are longer than SMTP carries (RFC 5321 §4.5.3.1.6: 1,000 octets with CRLF), as Postfix does: a line end and a
// space after each `limit` octets, in header and body alike. That is a loss in text, and the least there is: header fields stay
// what they are, HTML and base64 read it as white space, and servers that cut or refuse the line do worse.
//
// Characters of UTF-8 are not cut in two, which Postfix does.

/** A line must be long enough to hold the space and a character, or folding would not come to an end. */
const FOLDED_BYTES_MIN = 8

export class LineFolding {
  readonly #limit: number
  /** Bytes of the line so far, its CRLF not counted. */
  #column = 0

  constructor(limit: number) {
    this.#limit = Math.max(FOLDED_BYTES_MIN, limit)
  }

  /** The chunk, folded; possibly itself. Linear in its length. */
  push(chunk: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = []
    let from = 0
    let column = this.#column
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte === LF || byte === CR) {
        if (byte === LF) column = 0
        continue
      }
      if (column + characterBytes(byte) > this.#limit) {
        pieces.push(chunk.subarray(from, at), FOLD)
        from = at
        column = 1
      }
      column++
    }
    this.#column = column
    if (pieces.length === 0) return chunk
    pieces.push(chunk.subarray(from))
    return Buffer.concat(pieces)
  }
}

/** Bytes that folding adds to a message of this size, at most. */
export function foldedBytesMax(bytes: number, limit: number): number {
  return FOLD.length * Math.ceil(bytes / (Math.max(FOLDED_BYTES_MIN, limit) - CHARACTER_BYTES_MAX))
}

/** From this byte on to the end of its character, as its first byte says; a byte within one is alone. */
function characterBytes(byte: number): number {
  if (byte < 0xc0) return 1
  if (byte < 0xe0) return 2
  return byte < 0xf0 ? 3 : CHARACTER_BYTES_MAX
}

const FOLD = Buffer.from('\r\n ')
const CHARACTER_BYTES_MAX = 4
const LF = 10
const CR = 13
