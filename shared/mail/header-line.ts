// What a line is that may belong to a header: told by its first bytes, the same in any chunking. As Postfix tells it. Numbers and no
// objects, since a client may send a message of nothing but very short lines.

/** White space before the colon included. What is longer is no name. */
export const FIELD_NAME_BYTES_MAX = 200

/** More of the line must be seen. */
export const OPEN = -1
/** The empty line. */
export const EMPTY = -2
/** It continues the line before. */
export const FOLDED = -3
/** No line of a header. */
export const TEXT = -4

/**
 * What the line is that begins at `start`: one of these, or a field, and then where its colon is. field-name = 1*ftext, ftext =
 * %d33-57 / %d59-126 (RFC 5322 §2.2); white space before the colon is obsolete syntax (§4.5).
 */
export function lineAt(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (first === SPACE || first === TAB) return FOLDED
  if (first === LF) return EMPTY
  if (first === CR) {
    if (start + 1 === end) return OPEN
    return bytes[start + 1] === LF ? EMPTY : TEXT
  }
  const limit = Math.min(end, start + FIELD_NAME_BYTES_MAX)
  let at = start
  while (at < limit && isNameByte(bytes[at] ?? 0)) at++
  const hasName = at > start
  while (at < limit && isBlank(bytes[at])) at++
  if (at === limit) return limit === end ? OPEN : TEXT
  return bytes[at] === COLON && hasName ? at : TEXT
}

/** Of the field that begins at `start`. */
export function nameEnd(bytes: Uint8Array, start: number, colon: number): number {
  let end = colon
  while (end > start && isBlank(bytes[end - 1])) end--
  return end
}

/** `From ` as an mbox has it, quoted or not. Looks at nothing that `lineAt` has not seen. */
export function isMailboxLine(bytes: Uint8Array, start: number): boolean {
  const last = start + FIELD_NAME_BYTES_MAX - MAILBOX_FROM.length
  let at = start
  while (at < last && bytes[at] === GREATER) at++
  return MAILBOX_FROM.every((byte, i) => bytes[at + i] === byte)
}

const isNameByte = (byte: number) => byte > SPACE && byte < DELETE && byte !== COLON
const isBlank = (byte: number | undefined) => byte === SPACE || byte === TAB

const MAILBOX_FROM = [...Buffer.from('From ')]
const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const COLON = 58
const GREATER = 62
const DELETE = 127
