// Folds lines that are longer than SMTP carries (RFC 5321 §4.5.3.1.6: 1,000 octets with CRLF), as Postfix does: a line end and a
// space after each `limit` octets, in header and body alike. That is a loss in text, and the least there is: header fields stay
// what they are, HTML and base64 read it as white space, and servers that cut or refuse the line do worse.
//
// Characters of UTF-8 are not cut in two, which Postfix does.

import type { OutboundStep } from './outbound-form.ts'

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

/** A step of what leaves. Of the size it says the most that may come. */
export function foldLines(limit: number): OutboundStep {
  return (form) => {
    return {
      fields: foldFields(form.fields, limit),
      object: (length) => foldObject(form.object(length), limit),
      declaredBytes: form.declaredBytes + foldedBytesMax(form.declaredBytes, limit),
    }
  }
}

/** Fields end with their line: what follows begins a new one. */
function foldFields(fields: string, limit: number): string {
  return Buffer.from(new LineFolding(limit).push(Buffer.from(fields, 'latin1'))).toString('latin1')
}

async function* foldObject(
  object: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array, void> {
  const folding = new LineFolding(limit)
  for await (const chunk of object) yield folding.push(chunk)
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
