// Looks for a CR or LF that is not part of CRLF, in any chunking. Used where the length of the bytes is known otherwise
// (BDAT), so that what is stored has no line end but CRLF.

import type { LineEndFault } from './dot-stuffing.ts'

const CR = 0x0d
const LF = 0x0a

export class LineEndCheck {
  /** The first wrong line end. */
  fault: LineEndFault | undefined
  #afterCr = false
  #last = LF

  /** Nothing, or a line end, is the last that came. */
  get endsLine(): boolean {
    return this.#last === LF
  }

  push(chunk: Uint8Array): void {
    let afterCr = this.#afterCr
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte > CR && !afterCr) continue
      if (byte === LF && !afterCr) this.fault ??= 'bare-lf'
      else if (byte !== LF && afterCr) this.fault ??= 'bare-cr'
      afterCr = byte === CR
    }
    this.#afterCr = afterCr
    this.#last = chunk.at(-1) ?? this.#last
  }

  /** No more bytes: a CR at the very end is one by itself. */
  finish(): void {
    if (this.#afterCr) this.fault ??= 'bare-cr'
  }
}
