// Puts the dot-stuffing of RFC 1939 §3 on a message as it is read, in any chunking, and its end.
//
// Deliberately a dot is doubled after every LF, not only after CRLF: many clients end lines at LF, and to them a message
// with LF "." CRLF would be over there, its rest taken for our next replies. What SMTP accepted has no bare LF.
//
// `indexOf` finds chunks without such lines, nearly all; bytes are looked at one by one only from the first to the last
// dotted line of a chunk. (An `indexOf` for each line costs 20 times as much when a sender makes every line a dot.)

import { asBuffer } from '#shared/runtime/bytes.ts'

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e

const terminator = Buffer.from('.\r\n')
const lineEndAndTerminator = Buffer.from('\r\n.\r\n')

export class DotStuffing {
  /** Before the first byte as after a line's end. */
  #last = LF
  #lastButOne = CR

  push(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length === 0) return bytes
    const startsWithDot = this.#last === LF && bytes[0] === DOT
    this.#lastButOne = (length > 1 ? bytes[length - 2] : this.#last) ?? 0
    this.#last = bytes[length - 1] ?? 0
    const chunk = Buffer.isBuffer(bytes) ? bytes : asBuffer(bytes)
    const first = chunk.indexOf('\n.')
    if (first < 0) return startsWithDot ? Buffer.concat([DOT_BYTES, chunk]) : chunk
    return stuff(chunk, startsWithDot, first)
  }

  /** RFC 1939 §3: a line of one dot; a message that does not end a line gets its CRLF first. */
  finish(): Buffer {
    const endsLine = this.#last === LF && this.#lastButOne === CR
    return endsLine ? terminator : lineEndAndTerminator
  }
}

const DOT_BYTES = Buffer.from('.')

/** `first` is where LF "." first stands. */
function stuff(chunk: Buffer, startsWithDot: boolean, first: number): Buffer {
  const last = chunk.lastIndexOf('\n.')
  const room = chunk.length + 2 + Math.ceil((last - first) / 2)
  const stuffed = Buffer.allocUnsafe(room)
  let length = 0
  if (startsWithDot) stuffed[length++] = DOT
  length += chunk.copy(stuffed, length, 0, first)
  for (let at = first; at <= last; at++) {
    const byte = chunk[at] ?? 0
    stuffed[length++] = byte
    if (byte === LF && chunk[at + 1] === DOT) stuffed[length++] = DOT
  }
  length += chunk.copy(stuffed, length, last + 1)
  return stuffed.subarray(0, length)
}
