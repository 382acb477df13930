// HEADER.FIELDS and HEADER.FIELDS.NOT: some fields of a header as they were sent, folds included. RFC 9051 §6.4.5.1.

import type { ByteString } from '#shared/mail/message-index.ts'

export type FieldSelection = {
  /** Lower case. */
  readonly names: ReadonlySet<ByteString>
  /** All but these. */
  readonly not: boolean
}

export function selectFields(names: readonly ByteString[], not: boolean): FieldSelection {
  return { names: new Set(names.map((name) => name.toLowerCase())), not }
}

/** The empty line at the end belongs to every subset, where the header has one. */
export function headerSubset(header: ByteString, { names, not }: FieldSelection): ByteString {
  let subset = ''
  let start = 0
  while (start < header.length) {
    const empty = emptyLineAt(header, start)
    if (empty > 0) return subset + header.slice(start, start + empty)
    const end = fieldEnd(header, start)
    // What is no field (an mbox `From ` line) has no name that could be asked for.
    const colon = header.indexOf(':', start)
    const name = colon < 0 || colon >= end ? '' : header.slice(start, colon).trimEnd().toLowerCase()
    if (names.has(name) !== not) subset += header.slice(start, end)
    start = end
  }
  return subset
}

/** Where the field that begins at `start` ends: behind the first line end that no white space follows (RFC 5322 §2.2.3). */
function fieldEnd(header: ByteString, start: number): number {
  let lineFeed = header.indexOf('\n', start)
  while (lineFeed >= 0) {
    const next = header.charCodeAt(lineFeed + 1)
    if (next !== SPACE && next !== TAB) return lineFeed + 1
    lineFeed = header.indexOf('\n', lineFeed + 1)
  }
  return header.length
}

/** Bytes of the empty line at `start`, 0 when there is none. */
function emptyLineAt(header: ByteString, start: number): number {
  const code = header.charCodeAt(start)
  if (code === LF) return 1
  return code === CR && header.charCodeAt(start + 1) === LF ? 2 : 0
}

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
