// A header as it stands, field by field, so that one can be put in or taken out and the others stay as they are, octet by octet.

import {
  emptyLineBytes,
  fieldEnd,
  type HeaderField,
  trimWhiteSpace,
  unfold,
} from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'

/** With the lines that continue it, and its line end. Lines that are no field have the name ''. */
export type HeaderLine = HeaderField & { readonly text: ByteString }

export type HeaderLines = {
  readonly fields: readonly HeaderLine[]
  /** The empty line, and before it what is not looked at because the header is too long; '' of a message that ends with its header. */
  readonly end: ByteString
}

/** `isWhole`: nothing of the header is missing behind it. */
export function headerLines(header: ByteString, isWhole: boolean): HeaderLines {
  const fields: HeaderLine[] = []
  let start = 0
  while (start < header.length && emptyLineBytes(header, start) === 0) {
    const end = fieldEnd(header, start)
    // Half a field is nobody's to delete.
    if (end === header.length && !isWhole) break
    fields.push(headerLine(header.slice(start, end)))
    start = end
  }
  return { fields, end: header.slice(start) }
}

export function headerLine(written: ByteString): HeaderLine {
  const text = written.endsWith('\n') ? written : `${written}\r\n`
  const colon = text.indexOf(':')
  const name = trimWhiteSpace(text.slice(0, Math.max(0, colon)))
  if (notInName.test(name)) return { name: '', value: '', text }
  return { name, value: unfold(text.slice(colon + 1)), text }
}

// As of all headers here (shared/mail/header-field.ts).
const notInName = /[\x00-\x20\x7F]/

export function headerText({ fields, end }: HeaderLines): ByteString {
  return fields.map(({ text }) => text).join('') + (end || '\r\n')
}

/** Before all others, or behind them. A line of an mbox stays the first. */
export function withField(
  { fields, end }: HeaderLines,
  field: HeaderLine,
  place: 'first' | 'last',
): HeaderLines {
  const first = fields.findIndex(({ name }) => name !== '')
  const at = place === 'last' || first < 0 ? fields.length : first
  return { fields: fields.toSpliced(at, 0, field), end }
}
