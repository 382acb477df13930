// Header fields of a message or part (RFC 5322 §2.2, RFC 2045 §3): splitting a header block and unfolding, on byte strings.
// Tolerant: lines that are no field (an mbox `From ` line, text without a colon) are passed over, and LF alone ends a line.

import { asBuffer } from '#shared/runtime/bytes.ts'
import type { ByteString } from './message-index.ts'

export type HeaderField = {
  /** As sent, without the white space that obsolete syntax allows before the colon (RFC 5322 §4.5). */
  readonly name: ByteString
  /** Unfolded, without white space at both ends. */
  readonly value: ByteString
}

export function headerFields(header: Uint8Array): readonly HeaderField[] {
  const fields: HeaderField[] = []
  const text = asBuffer(header).toString('latin1')
  forEachField(text, (name, body) => fields.push({ name, value: unfold(body) }))
  return fields
}

/** Calls `visit` with each field's name and its body as sent, folds included, up to the empty line. Linear in the header. */
export function forEachField(
  header: ByteString,
  visit: (name: ByteString, body: ByteString) => void,
): void {
  let start = 0
  let colon = -1
  while (start < header.length && emptyLineBytes(header, start) === 0) {
    const next = fieldEnd(header, start)
    if (colon < start) colon = header.indexOf(':', start)
    if (colon < 0) return
    if (colon < next) {
      const name = trimWhiteSpace(header.slice(start, colon))
      if (name !== '' && !notInFieldName.test(name)) visit(name, header.slice(colon + 1, next))
    }
    start = next
  }
}

/** Removes the line ends of folding and the white space at both ends (RFC 5322 §2.2.3). */
export function unfold(body: ByteString): ByteString {
  return trimWhiteSpace(body.includes('\n') ? body.replace(/\r?\n(?=[ \t]|$)/g, '') : body)
}

/** Not String.trim: that takes 0xA0, a byte of UTF-8 characters, for white space. */
export function trimWhiteSpace(text: ByteString): ByteString {
  let start = 0
  let end = text.length
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

// ftext = %d33-57 / %d59-126 (RFC 5322 §2.2); bytes above that are let pass.
const notInFieldName = /[\x00-\x20\x7F]/

/** Where the field that begins at `start` ends: behind the first line end that no white space follows (RFC 5322 §2.2.3). */
export function fieldEnd(header: ByteString, start: number): number {
  let lineFeed = header.indexOf('\n', start)
  while (lineFeed >= 0) {
    const next = header.charCodeAt(lineFeed + 1)
    if (next !== SPACE && next !== TAB) return lineFeed + 1
    lineFeed = header.indexOf('\n', lineFeed + 1)
  }
  return header.length
}

/** Of the empty line at `start`, 0 when there is none. */
export function emptyLineBytes(header: ByteString, start: number): number {
  const first = header.charCodeAt(start)
  if (first === LF) return 1
  return first === CR && header.charCodeAt(start + 1) === LF ? 2 : 0
}

function isWhiteSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF
}

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
