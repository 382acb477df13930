// Arguments of APPEND and REPLACE, read piece by piece because the messages are streamed: RFC 9051 §6.3.12, MULTIAPPEND RFC 3502,
// CATENATE RFC 4469, UTF8 RFC 9755 §4, REPLACE RFC 8508.
//
//   append         = "APPEND" SP mailbox 1*append-message
//   append-message = append-opts SP append-data           append-opts = [SP flag-list] [SP date-time]
//   append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")" / "CATENATE" SP "(" cat-part *(SP cat-part) ")"
//   cat-part       = "URL" SP astring / "TEXT" SP literal / "UTF8" SP "(" literal8 ")"
//
// Each of these functions is called on the segments of one `literal` event (or of the final `command` event) and stops where
// a literal is announced; after its bytes have been streamed, the next segments are read by the function that fits.

import type { ByteString } from '#shared/mail/message-index.ts'
import type { Cursor } from './cursor.ts'
import type { LiteralHeader } from './literal-header.ts'

export type AppendMessage = {
  readonly flags: readonly string[]
  /** Milliseconds since 1970, null when not given. */
  readonly internalDateMs: number | null
  readonly data: AppendData
}

export type AppendData =
  /** The literal that comes now is the message. With `utf8` a ")" follows it. */
  | { readonly kind: 'literal'; readonly literal: LiteralHeader; readonly utf8: boolean }
  /** URLs up to the first text or the end of the list. */
  | { readonly kind: 'catenate'; readonly parts: CatenateParts }

/** `urls` come first, then the text whose literal is announced; null when the list ends here. With `utf8` a ")" follows it. */
export type CatenateParts = {
  readonly urls: readonly ByteString[]
  readonly text: LiteralHeader | null
  readonly utf8: boolean
}

/** Parts of one CATENATE. */
export const CATENATE_PARTS_MAX = 1_000

/** One message from its leading space up to its data. */
export function parseAppendMessage(cursor: Cursor): AppendMessage {
  cursor.space()
  let flags: readonly string[] = []
  if (cursor.sees('(')) {
    flags = cursor.flagList()
    cursor.space()
  }
  let internalDateMs: number | null = null
  if (cursor.sees('"')) {
    internalDateMs = cursor.dateTime()
    cursor.space()
  }
  return { flags, internalDateMs, data: parseData(cursor) }
}

/** After the text of a CATENATE: what closes it and what follows it in the list. */
export function parseCatenateRest(cursor: Cursor, { utf8 }: CatenateParts): CatenateParts {
  if (utf8) cursor.expect(')')
  if (cursor.takes(')')) return { urls: [], text: null, utf8: false }
  cursor.space()
  return parseCatenate(cursor)
}

/** After a message's literal: takes what closes it. Then either `cursor.end()` holds or another message follows. */
export function parseAppendClose(cursor: Cursor, data: AppendData): void {
  if (data.kind === 'literal' && data.utf8) cursor.expect(')')
}

/** Between messages: whether another one follows (MULTIAPPEND); when not, the end of the command has been checked. */
export function appendContinues(cursor: Cursor): boolean {
  if (cursor.sees(' ') && !cursor.endsAfterSpaces()) return true
  cursor.end()
  return false
}

function parseData(cursor: Cursor): AppendData {
  const literal = cursor.announced()
  if (literal !== null) return { kind: 'literal', literal, utf8: false }
  const name = cursor.keyword()
  if (name === 'CATENATE') {
    cursor.space()
    cursor.expect('(')
    return { kind: 'catenate', parts: parseCatenate(cursor) }
  }
  if (name !== 'UTF8') cursor.fail('a message was expected')
  cursor.space()
  return { kind: 'literal', literal: parseUtf8(cursor), utf8: true }
}

/** RFC 9755 §4: "(" literal8 ")", up to the literal. */
function parseUtf8(cursor: Cursor): LiteralHeader {
  cursor.expect('(')
  const text = cursor.announced()
  if (text === null || !text.binary) cursor.fail('a literal8 was expected')
  return text
}

function parseCatenate(cursor: Cursor): CatenateParts {
  const urls: ByteString[] = []
  for (;;) {
    const name = cursor.keyword()
    cursor.space()
    if (name === 'TEXT') {
      const text = cursor.announced()
      if (text === null) cursor.fail('a literal was expected')
      return { urls, text, utf8: false }
    }
    if (name === 'UTF8') return { urls, text: parseUtf8(cursor), utf8: true }
    if (name !== 'URL') cursor.fail('unknown part of CATENATE')
    if (urls.length === CATENATE_PARTS_MAX) cursor.fail('too many parts')
    urls.push(cursor.astring())
    if (cursor.takes(')')) return { urls, text: null, utf8: false }
    cursor.space()
  }
}
