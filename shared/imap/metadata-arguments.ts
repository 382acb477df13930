// Arguments of GETMETADATA and SETMETADATA: RFC 5464 §4 and §5.

import type { ByteString } from '#shared/mail/message-index.ts'
import type { Cursor } from './cursor.ts'

export type MetadataOptions = {
  /** Larger values are only counted; null for no limit. */
  readonly maxSize: number | null
  /** `infinity` is Number.POSITIVE_INFINITY. */
  readonly depth: 0 | 1 | typeof Number.POSITIVE_INFINITY
}
export type GetMetadataArguments = {
  readonly options: MetadataOptions
  /** '' is the server itself. */
  readonly mailbox: string
  readonly entries: readonly string[]
}
export type SetMetadataArguments = {
  readonly mailbox: string
  /** A null value removes the entry. */
  readonly entries: readonly { readonly name: string; readonly value: ByteString | null }[]
}

export const ENTRY_NAME_CHARACTERS_MAX = 1_000
export const ENTRIES_MAX = 200

const noOptions: MetadataOptions = { maxSize: null, depth: 0 }

// getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries, from after "GETMETADATA" SP.
// The examples of RFC 5464 §4.2.1 and some clients have the options after the mailbox.
export function parseGetMetadataArguments(cursor: Cursor): GetMetadataArguments {
  const before = cursor.sees('(')
  const options = before ? parseMetadataOptions(cursor) : noOptions
  const mailbox = cursor.mailbox()
  cursor.space()
  return {
    options: before ? options : parseMetadataOptions(cursor),
    mailbox,
    entries: parseEntries(cursor),
  }
}

// setmetadata = "SETMETADATA" SP mailbox SP entry-values, entry-values = "(" entry-value *(SP entry-value) ")"
export function parseSetMetadataArguments(cursor: Cursor): SetMetadataArguments {
  const mailbox = cursor.mailbox()
  cursor.space()
  const entries = cursor.list(() => {
    const name = parseEntry(cursor)
    cursor.space()
    // value = nstring / literal8
    return { name, value: cursor.takesKeyword('NIL') ? null : cursor.stringOrLiteral8() }
  })
  if (entries.length > ENTRIES_MAX) cursor.fail('too many entries')
  return { mailbox, entries }
}

/** getmetadata-options and the space after them, or nothing. */
export function parseMetadataOptions(cursor: Cursor): MetadataOptions {
  if (!cursor.sees('(') || !cursor.optionsFollow()) return noOptions
  let { maxSize, depth } = noOptions
  cursor.list(() => {
    const name = cursor.keyword()
    cursor.space()
    if (name === 'MAXSIZE') maxSize = cursor.number()
    else if (name === 'DEPTH') depth = parseDepth(cursor)
    else cursor.fail('unknown metadata option')
  })
  cursor.space()
  return { maxSize, depth }
}

// entries = entry / "(" entry *(SP entry) ")"
export function parseEntries(cursor: Cursor): readonly string[] {
  const entries = cursor.sees('(') ? cursor.list(() => parseEntry(cursor)) : [parseEntry(cursor)]
  if (entries.length > ENTRIES_MAX) cursor.fail('too many entries')
  return entries
}

// scope-option = "DEPTH" SP ("0" / "1" / "infinity")
function parseDepth(cursor: Cursor): MetadataOptions['depth'] {
  switch (cursor.keyword()) {
    case '0':
      return 0
    case '1':
      return 1
    case 'INFINITY':
      return Number.POSITIVE_INFINITY
    default:
      return cursor.fail('DEPTH is 0, 1 or infinity')
  }
}

// entry = astring, slash-separated, without "*", "%" or what is not ASCII; compared without case (RFC 5464 §3.2), so lower case here.
function parseEntry(cursor: Cursor): string {
  const name = cursor.astring().toLowerCase()
  if (name.length > ENTRY_NAME_CHARACTERS_MAX) cursor.fail('the entry name is too long')
  if (!/^(?:\/[^\x00-\x1f*%/\x7f-\xff]+)+$/.test(name)) cursor.fail('the entry name is malformed')
  return name
}
