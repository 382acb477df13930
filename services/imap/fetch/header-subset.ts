// HEADER.FIELDS and HEADER.FIELDS.NOT: some fields of a header as they were sent, folds included. RFC 9051 §6.4.5.1.

import { emptyLineBytes, fieldEnd } from '#shared/mail/header-field.ts'
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
    const empty = emptyLineBytes(header, start)
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
