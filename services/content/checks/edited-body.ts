// The body with what its checks want of single lines.

import type { ByteString } from '#shared/mail/message-index.ts'

/** In place of so many lines, from a place on: fields or lines, each ended by CRLF, or nothing. */
export type LineEdit = {
  readonly lines: number
  readonly before: ByteString
  readonly instead: ByteString | undefined
}

const LF = 0x0a

/** `edits` by the number of the first line that they are about, from 0. */
export async function* editedBody(
  body: AsyncIterable<Buffer>,
  edits: ReadonlyMap<number, LineEdit>,
): AsyncGenerator<Uint8Array, void> {
  let place = 0
  /** Lines are left out up to this one. */
  let dropUntil = 0
  let isAtStart = true
  for await (const piece of body) {
    let from = 0
    while (from < piece.length) {
      if (isAtStart) {
        const edit = edits.get(place)
        if (edit !== undefined) {
          const text = edit.before + (edit.instead ?? '')
          if (text !== '') yield Buffer.from(text, 'latin1')
          if (edit.instead !== undefined) dropUntil = place + edit.lines
        }
        isAtStart = false
      }
      const lf = piece.indexOf(LF, from)
      const end = lf === -1 ? piece.length : lf + 1
      if (place >= dropUntil) yield Buffer.from(piece.subarray(from, end))
      from = end
      if (lf === -1) continue
      place += 1
      isAtStart = true
    }
  }
}
