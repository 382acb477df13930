// How a FETCH or a URL names bytes of a message: section and partial of RFC 9051 §6.4.5 and §9, binary parts of RFC 3516.
//
//   section      = "[" [section-spec] "]"
//   section-spec = section-msgtext / (section-part ["." section-text])
//   section-text = section-msgtext / "MIME"
//   section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
//   partial      = "<" number64 "." nz-number64 ">"

import type { ByteString } from '#shared/mail/message-index.ts'
import type { PartPath, Section } from '#shared/mail/section.ts'
import { ASTRING_CHAR, isMadeOf } from './characters.ts'
import type { Cursor } from './cursor.ts'

export type Partial = { readonly offset: number; readonly length: number }

/** Parts inside each other; no message is indexed deeper. */
export const PART_PATH_MAX = 100

export function parseSection(cursor: Cursor): Section {
  cursor.expect('[')
  const part = parsePartPath(cursor)
  const section = sectionText(cursor, part)
  cursor.expect(']')
  return section
}

/** section-binary = "[" [section-part] "]" (RFC 9051 §9) */
export function parseBinarySection(cursor: Cursor): PartPath {
  cursor.expect('[')
  const part = parsePartPath(cursor)
  cursor.expect(']')
  return part
}

export function parsePartial(cursor: Cursor): Partial | null {
  if (!cursor.takes('<')) return null
  const offset = cursor.number64()
  cursor.expect('.')
  const length = cursor.number64()
  if (length === 0) cursor.fail('a partial of no bytes')
  cursor.expect('>')
  return { offset, length }
}

/** As it stands in an answer: `[1.HEADER.FIELDS (DATE FROM)]`. */
export function formatSection(section: Section): ByteString {
  const part = section.part.join('.')
  const text = formatText(section)
  return part !== '' && text !== '' ? `[${part}.${text}]` : `[${part}${text}]`
}

// section-part = nz-number *("." nz-number), with the "." before a section-text taken too
function parsePartPath(cursor: Cursor): PartPath {
  const part: number[] = []
  while (cursor.seesDigit()) {
    if (part.length === PART_PATH_MAX) cursor.fail('too many part numbers')
    part.push(cursor.nzNumber())
    if (!cursor.takes('.')) break
    if (cursor.sees(']')) cursor.fail('a part number was expected')
  }
  return part
}

function sectionText(cursor: Cursor, part: PartPath): Section {
  if (cursor.sees(']')) return { kind: 'all', part }
  const name = cursor.keyword()
  switch (name) {
    case 'HEADER':
      return { kind: 'header', part }
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      cursor.space()
      const names = cursor.list(() => cursor.astring())
      return { kind: 'header-fields', part, not: name === 'HEADER.FIELDS.NOT', names }
    }
    case 'TEXT':
      return { kind: 'text', part }
    case 'MIME':
      if (part.length === 0) cursor.fail('MIME needs a part number')
      return { kind: 'mime', part }
    default:
      return cursor.fail('unknown section')
  }
}

function formatText(section: Section): ByteString {
  switch (section.kind) {
    case 'all':
      return ''
    case 'header':
      return 'HEADER'
    case 'text':
      return 'TEXT'
    case 'mime':
      return 'MIME'
    case 'header-fields':
      return `HEADER.FIELDS${section.not ? '.NOT' : ''} (${section.names.map(fieldName).join(' ')})`
  }
}

/** header-fld-name = astring. What fits neither atom nor quoted string is no field name and was never matched. */
function fieldName(name: ByteString): ByteString {
  if (isMadeOf(name, ASTRING_CHAR)) return name
  return `"${name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
