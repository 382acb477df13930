// The boundaries of the multiparts that are open at a line (RFC 2046 §5.1.1), and which of them the line delimits.

import type { ByteString } from '../message-index.ts'

/** A longer boundary cannot stand in a line that SMTP carries (RFC 5321 §4.5.3.1.6: 998 bytes); RFC 2046 allows 70. */
export const BOUNDARY_BYTES_MAX = 990

/** Bytes at the beginning of a line that decide: two dashes, boundary, two dashes. */
export const DELIMITER_BYTES_MAX = 2 + BOUNDARY_BYTES_MAX + 2

export type Delimiter = {
  /** Depth of the multipart it belongs to, as given to `open`. */
  readonly depth: number
  /** It is the closing one: no more parts of that multipart follow. */
  readonly isClosing: boolean
}

export class OpenBoundaries {
  readonly #open: { readonly bytes: Buffer; readonly depth: number }[] = []
  /** A line with fewer bytes delimits nothing; Infinity when no boundary is open. */
  lineBytesMin = Number.POSITIVE_INFINITY

  open(boundary: ByteString, depth: number): void {
    this.#open.push({ bytes: Buffer.from(boundary, 'latin1'), depth })
    this.#measure()
  }

  /** Forgets the boundaries of multiparts at this depth and deeper. */
  closeFrom(depth: number): void {
    let last = this.#open.at(-1)
    if (last === undefined || last.depth < depth) return
    for (; last !== undefined && last.depth >= depth; last = this.#open.at(-1)) this.#open.pop()
    this.#measure()
  }

  /**
   * "It is sufficient that the boundary appear in its entirety following the CRLF": what follows it in the line does not
   * matter. So of boundaries that begin one another the longest counts, of equal ones the innermost.
   */
  match(bytes: Buffer, start: number, end: number): Delimiter | null {
    let best: { readonly bytes: Buffer; readonly depth: number } | null = null
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const candidate = this.#open[i]
      if (candidate === undefined || candidate.bytes.length > end - start - 2) continue
      if (best !== null && candidate.bytes.length <= best.bytes.length) continue
      if (standsAt(bytes, start + 2, candidate.bytes)) best = candidate
    }
    if (best === null) return null
    const after = start + 2 + best.bytes.length
    const isClosing = after + 2 <= end && bytes[after] === DASH && bytes[after + 1] === DASH
    return { depth: best.depth, isClosing }
  }

  #measure(): void {
    this.lineBytesMin = Math.min(...this.#open.map(({ bytes }) => bytes.length)) + 2
  }
}

function standsAt(bytes: Buffer, start: number, expected: Buffer): boolean {
  if (expected.length > LOOPED_BYTES) {
    return expected.compare(bytes, start, start + expected.length) === 0
  }
  // From the end: boundaries of one program begin alike.
  for (let i = expected.length - 1; i >= 0; i--) {
    if (bytes[start + i] !== expected[i]) return false
  }
  return true
}

/** Below this a loop is faster than a call into the runtime. */
const LOOPED_BYTES = 40

export const DASH = 45
