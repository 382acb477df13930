// Changes of a message's header, applied while its bytes pass: the header is held, the body streams through. A content filter asks for
// them (contracts/content.ts), the spool stores what comes of it.

import { fieldEnd } from './header-field.ts'
import { HeaderReader } from './header-reader.ts'
import type { ByteString } from './message-index.ts'

/**
 * `field`: one or several whole ones, folded as they shall stand, each ended by CRLF, byte string; names in any case. Positions and
 * occurrences are those of the header when this edit's turn comes.
 */
export type HeaderEdit =
  /** So that so many fields stand before it; behind the last where there are fewer. */
  | { readonly kind: 'insert'; readonly before: number; readonly field: ByteString }
  /** Behind the last one. */
  | { readonly kind: 'append'; readonly field: ByteString }
  /** In place of the so many-th field of this name, from 1; appended where there is none. */
  | {
      readonly kind: 'replace'
      readonly name: string
      readonly occurrence: number
      readonly field: ByteString
    }
  /** The so many-th field of this name: from 1, from the last one with -1, all of them with 0. No error where there is none. */
  | { readonly kind: 'remove'; readonly name: string; readonly occurrence: number }
  /**
   * In place of the field that stood there in the header as it came, from 0; '' removes it. For whoever has seen the whole header, and may
   * have something against thousands of its fields: one of these costs the same wherever it stands.
   */
  | { readonly kind: 'replace-stored'; readonly position: number; readonly field: ByteString }

/** Of a header that is to be edited: all of it is held meanwhile. What is longer cannot be edited. */
export const EDITED_HEADER_BYTES_MAX = 1024 * 1024
/** Of one that is to be edited; each edit looks at all of them. */
export const EDITED_FIELDS_MAX = 10_000
/** Edits of one message whose cost grows with its header (all but `replace-stored`). */
export const HEADER_EDITS_MAX = 500

export class HeaderTooLong extends Error {
  override readonly name = 'HeaderTooLong'
}

type Field = {
  readonly text: ByteString
  /** In lower case; '' of a line that is no field. */
  readonly name: string
}

/** The fields of a header, its empty line not counted. Throws HeaderTooLong. */
export function editHeader(header: ByteString, edits: readonly HeaderEdit[]): ByteString {
  const stored = fieldsOf(header)
  const replaced = new Map<number, ByteString>()
  for (const edit of edits) {
    if (edit.kind === 'replace-stored') replaced.set(edit.position, edit.field)
  }
  // They speak of the header as it came, so they may come first. What they put in one field's place is one field to the others, or none.
  let fields = stored.flatMap((field, position) => {
    const other = replaced.get(position)
    return other === undefined ? [field] : fieldsOf(other)
  })
  for (const edit of edits) fields = applied(fields, edit)
  return fields.map(({ text }) => text).join('')
}

function applied(fields: Field[], edit: HeaderEdit): Field[] {
  switch (edit.kind) {
    case 'insert':
      fields.splice(edit.before, 0, ...fieldsOf(edit.field))
      return fields
    case 'append':
      fields.push(...fieldsOf(edit.field))
      return fields
    case 'replace': {
      const at = positionOf(fields, edit.name, edit.occurrence)
      if (at < 0) fields.push(...fieldsOf(edit.field))
      else fields.splice(at, 1, ...fieldsOf(edit.field))
      return fields
    }
    case 'remove': {
      const name = edit.name.toLowerCase()
      if (edit.occurrence === 0) return fields.filter((field) => field.name !== name)
      const at = positionOf(fields, name, edit.occurrence)
      if (at >= 0) fields.splice(at, 1)
      return fields
    }
    case 'replace-stored':
      return fields
  }
}

/** -1 where there is none. */
function positionOf(fields: readonly Field[], asGiven: string, occurrence: number): number {
  const name = asGiven.toLowerCase()
  let left = Math.abs(occurrence)
  const step = occurrence < 0 ? -1 : 1
  for (let at = occurrence < 0 ? fields.length - 1 : 0; fields[at] !== undefined; at += step) {
    if (fields[at]?.name !== name) continue
    left -= 1
    if (left <= 0) return at
  }
  return -1
}

/** Each with the lines that continue it; a line that is no field stays one by itself. */
function fieldsOf(header: ByteString): Field[] {
  const fields: Field[] = []
  for (let start = 0; start < header.length; ) {
    const end = fieldEnd(header, start)
    const text = header.slice(start, end)
    const colon = text.indexOf(':')
    const name = colon < 0 ? '' : text.slice(0, colon).trim().toLowerCase()
    if (fields.length >= EDITED_FIELDS_MAX) {
      throw new HeaderTooLong(`more than ${EDITED_FIELDS_MAX} header fields`)
    }
    fields.push({ text, name })
    start = end
  }
  return fields
}

/** The message with its header edited and, where there is another, that body in place of its own. */
export async function* edited(
  message: AsyncIterable<Uint8Array>,
  edits: readonly HeaderEdit[],
  body?: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = new HeaderReader(EDITED_HEADER_BYTES_MAX)
  let seen = 0
  let isHeader = true
  for await (const chunk of message) {
    if (!isHeader) {
      yield chunk
      continue
    }
    reader.push(chunk)
    if (reader.tooLong) throw new HeaderTooLong(`more than ${EDITED_HEADER_BYTES_MAX} bytes`)
    if (!reader.ended) {
      seen += chunk.length
      continue
    }
    isHeader = false
    yield Buffer.from(`${editHeader(reader.text, edits)}\r\n`, 'latin1')
    if (body !== undefined) break
    const rest = chunk.subarray(reader.text.length + 2 - seen)
    if (rest.length > 0) yield rest
  }
  // A message that is nothing but a header, as it may come.
  if (isHeader) yield Buffer.from(`${editHeader(whole(reader.text), edits)}\r\n`, 'latin1')
  if (body !== undefined) yield* body
}

/** Its last line may have no end. */
const whole = (header: ByteString) =>
  header === '' || header.endsWith('\n') ? header : `${header}\r\n`
