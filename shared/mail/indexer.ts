// The one-pass indexer: bytes of a message go in, in pieces of any size, and its MessageIndex comes out. It keeps no body
// bytes, takes any bytes and never throws. This file finds lines; what they mean is decided in index/part-tree.ts.
//
// Implementation notes. A line ends with LF; a CR before it belongs to the line end, so that messages with bare LF have
// the same structure; a bare CR is a byte as any other. Where a chunk holds whole lines they are looked at in place. Only
// the first DELIMITER_BYTES_MAX bytes of a line that is split between chunks are copied, and the header that is being read.

import { isAscii } from 'node:buffer'
import { createHash } from 'node:crypto'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { EMPTY, isMailboxLine, lineAt, OPEN, TEXT } from './header-line.ts'
import { deliveredBy } from './index/delivered-by.ts'
import { DASH, DELIMITER_BYTES_MAX } from './index/open-boundaries.ts'
import { later, type Position } from './index/open-part.ts'
import { PartTree } from './index/part-tree.ts'
import { type ByteString, HEADER_INDEXED_BYTES_MAX, type MessageIndex } from './message-index.ts'

export class MessageIndexer {
  readonly #hash = createHash('sha256')
  readonly #tree = new PartTree()
  #eightBit = false
  #containsNul = false
  #lineBytesMax = 0
  /** Bytes in the chunks before this one. */
  #offset = 0
  /** Line ends before the current line. */
  #lines = 0
  /** Where the current line begins. */
  #lineOffset = 0
  /** Bytes of the line end before the current line: 0, 1 or 2. */
  #lineEndBytes = 0
  /** The first bytes of the current line as far as it stands in earlier chunks. */
  readonly #lineStart = Buffer.allocUnsafe(DELIMITER_BYTES_MAX)
  #lineStartBytes = 0
  /** The last byte of the chunk before was a CR. */
  #endedWithCr = false
  /** The header being read as far as it stands in earlier chunks. */
  #header: ByteString = ''
  /** Where the lines of an mbox end that stand before the header. */
  #mailboxEnd = 0

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const bytes = asBuffer(chunk)
    this.#hash.update(bytes)
    this.#eightBit ||= !isAscii(bytes)
    this.#containsNul ||= bytes.includes(0)
    const next = this.#lineOffset < this.#offset ? this.#continueLine(bytes) : 0
    if (next >= 0) this.#wholeLines(bytes, next)
    if (this.#tree.inHeader) this.#header = this.#headerUpTo(bytes, this.#offset + bytes.length)
    this.#endedWithCr = bytes[bytes.length - 1] === CR
    this.#offset += bytes.length
  }

  /** The index of all that was pushed. To be called once. */
  finish(): MessageIndex {
    const unendedBytes = this.#offset - this.#lineOffset
    const end = { offset: this.#offset, lines: this.#lines }
    if (unendedBytes > 0) {
      this.#lineBytesMax = Math.max(this.#lineBytesMax, unendedBytes)
      if (this.#mayMatter(this.#lineStartBytes)) {
        this.#lookAt(noBytes, this.#lineStart, 0, this.#lineStartBytes, end)
      }
    }
    this.#endOpenHeaders(noBytes, end)
    return {
      bytes: this.#offset,
      lines: this.#lines + (unendedBytes > 0 ? 1 : 0),
      sha256: this.#hash.digest('hex'),
      ...this.#tree.finish(end),
      eightBit: this.#eightBit,
      lineBytesMax: this.#lineBytesMax,
      containsNul: this.#containsNul,
    }
  }

  /** Nothing, or CRLF, is the last that was pushed. */
  get endsLine(): boolean {
    return this.#offset === 0 || (this.#lineOffset === this.#offset && this.#lineEndBytes === 2)
  }

  /** After `finish`: to whom a server of this name delivered it before, as the header says. */
  deliveredBy(hostname: string): readonly ByteString[] {
    return deliveredBy(hostname, this.#tree.trace)
  }

  /** After `finish`: its header says `TLS-Required: No` (RFC 8689 §3). */
  get isTlsOptional(): boolean {
    return this.#tree.tlsRequired?.trim().toLowerCase() === 'no'
  }

  /** Looks at every line that ends in this chunk; the current line begins at `from`. */
  #wholeLines(bytes: Buffer, from: number): void {
    const tree = this.#tree
    let at = from
    let length = 0
    let lines = this.#lines
    let lineEndBytes = this.#lineEndBytes
    let lineBytesMax = this.#lineBytesMax
    let inHeader = tree.inHeader
    let delimiterBytesMin = tree.boundaries.lineBytesMin
    for (;;) {
      const lineFeed = findLineFeed(bytes, at, length)
      if (lineFeed < 0) break
      const end = lineFeed > at && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
      length = end - at
      if (length > lineBytesMax) lineBytesMax = length
      const mayMatter =
        (inHeader && endsHeader(bytes, at, end)) ||
        (length >= delimiterBytesMin && bytes[at] === DASH && bytes[at + 1] === DASH)
      if (mayMatter) {
        this.#lines = lines
        this.#lineOffset = this.#offset + at
        this.#lineEndBytes = lineEndBytes
        const next = { offset: this.#offset + lineFeed + 1, lines: lines + 1 }
        this.#lookAt(bytes, bytes, at, Math.min(end, at + DELIMITER_BYTES_MAX), next)
        inHeader = tree.inHeader
        delimiterBytesMin = tree.boundaries.lineBytesMin
      }
      lines++
      lineEndBytes = lineFeed + 1 - end
      at = lineFeed + 1
    }
    this.#lines = lines
    this.#lineOffset = this.#offset + at
    this.#lineEndBytes = lineEndBytes
    this.#lineBytesMax = lineBytesMax
    this.#lineStartBytes = bytes.copy(this.#lineStart, 0, at)
  }

  /** Goes on with a line of an earlier chunk; returns where the next line begins, -1 if this one goes on. */
  #continueLine(bytes: Buffer): number {
    const lineFeed = bytes.indexOf(LF)
    const taken = lineFeed < 0 ? bytes.length : lineFeed
    this.#lineStartBytes += bytes.copy(this.#lineStart, this.#lineStartBytes, 0, taken)
    if (lineFeed < 0) return -1
    const hasCr = lineFeed === 0 ? this.#endedWithCr : bytes[lineFeed - 1] === CR
    const length = this.#offset + lineFeed - (hasCr ? 1 : 0) - this.#lineOffset
    if (length > this.#lineBytesMax) this.#lineBytesMax = length
    const end = Math.min(length, this.#lineStartBytes)
    const next = { offset: this.#offset + lineFeed + 1, lines: this.#lines + 1 }
    if (this.#mayMatter(end)) this.#lookAt(bytes, this.#lineStart, 0, end, next)
    this.#lines++
    this.#lineEndBytes = hasCr ? 2 : 1
    return lineFeed + 1
  }

  /** Of a line that began in an earlier chunk, whose first bytes these are. */
  #mayMatter(bytes: number): boolean {
    const line = this.#lineStart
    return (this.#tree.inHeader && endsHeader(line, 0, bytes)) || startsWithDashes(line, 0, bytes)
  }

  /** Acts on the current line, which may end a header or be a delimiter: `line[start, end)`. */
  #lookAt(chunk: Buffer, line: Buffer, start: number, end: number, next: Position): void {
    if (start === end) {
      this.#endHeader(chunk, next)
      return
    }
    const { boundaries } = this.#tree
    const isText = this.#tree.inHeader && endsHeader(line, start, end)
    if (isText && boundaries.match(line, start, end) === null) {
      const here = { offset: this.#lineOffset, lines: this.#lines }
      // An mbox begins every message with a line of its own, and clients store such messages.
      const begins = here.offset === this.#tree.headerStart.offset
      if ((begins || here.offset === this.#mailboxEnd) && isMailboxLine(line, start)) {
        this.#mailboxEnd = next.offset
        return
      }
      // The empty line before it is missing. A message that begins here has no header.
      while (this.#tree.inHeader) this.#endHeader(chunk, here)
    }
    const delimiter = boundaries.match(line, start, end)
    if (delimiter === null) return
    // RFC 2046 §5.1.1: the CRLF before the delimiter line belongs to the delimiter.
    const before = { offset: this.#lineOffset - this.#lineEndBytes, lines: this.#lines - 1 }
    this.#endOpenHeaders(chunk, before)
    this.#tree.delimit(delimiter, before, next)
  }

  /** Ends headers that have no empty line; an opened message part has the header of its message open again. */
  #endOpenHeaders(chunk: Buffer, end: Position): void {
    while (this.#tree.inHeader) this.#endHeader(chunk, later(end, this.#tree.headerStart))
  }

  #endHeader(chunk: Buffer, end: Position): void {
    const header = this.#headerUpTo(chunk, end.offset)
    const isCut = header.length < end.offset - this.#tree.headerStart.offset
    // Of a header that is too long the last, cut line is left out.
    this.#tree.endHeader(isCut ? header.slice(0, header.lastIndexOf('\n') + 1) : header, end)
    this.#header = ''
  }

  /** The header being read up to an offset in this chunk or before it, at most HEADER_INDEXED_BYTES_MAX of it. */
  #headerUpTo(chunk: Buffer, offset: number): ByteString {
    const start = Math.max(0, this.#tree.headerStart.offset - this.#offset)
    const room = HEADER_INDEXED_BYTES_MAX - this.#header.length
    const end = Math.min(Math.max(start, offset - this.#offset), start + room)
    const header = this.#header + chunk.toString('latin1', start, end)
    return header.slice(0, offset - this.#tree.headerStart.offset)
  }
}

/** Short lines are searched byte by byte, because a call of indexOf costs as much as about 40 bytes. */
function findLineFeed(bytes: Buffer, from: number, lengthBefore: number): number {
  if (lengthBefore > SHORT_LINE_BYTES) return bytes.indexOf(LF, from)
  const end = Math.min(bytes.length, from + SHORT_LINE_BYTES)
  for (let at = from; at < end; at++) if (bytes[at] === LF) return at
  return end === bytes.length ? -1 : bytes.indexOf(LF, end)
}

/** Empty, or neither a field nor what continues one. The line end is not counted. */
function endsHeader(line: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true
  const kind = lineAt(line, start, end)
  return kind === TEXT || kind === OPEN || kind === EMPTY
}

function startsWithDashes(line: Uint8Array, start: number, end: number): boolean {
  return end - start >= 2 && line[start] === DASH && line[start + 1] === DASH
}

const SHORT_LINE_BYTES = 32
const LF = 10
const CR = 13
const noBytes = Buffer.alloc(0)
