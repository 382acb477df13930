// A cursor on one command written as text: literals as they go over the wire, the last line end added.

import { CommandReader, type Segment } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'

export function cursorOf(text: string, options: { readonly utf8?: boolean } = {}): Cursor {
  return new Cursor(segmentsOf(text), options)
}

/** The whole command with its literals buffered, or up to a literal that is announced at the very end. */
export function segmentsOf(text: string): readonly Segment[] {
  if (text === '') return [{ kind: 'text', bytes: Buffer.alloc(0) }]
  const reader = new CommandReader()
  reader.push(Buffer.from(`${text}\r\n`, 'latin1'))
  for (;;) {
    const event = reader.next()
    if (event?.kind === 'command') return event.segments
    if (event?.kind !== 'literal') throw new Error(`no command: ${text}`)
    if (reader.pendingBytes === 0) return event.segments
    reader.buffer()
  }
}

/** Bytes of UTF-8 text as a byte string. */
export function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** What `parse` makes of the arguments, which must be read to their end. */
export function parsed<T>(
  text: string,
  parse: (cursor: Cursor) => T,
  options?: { readonly utf8?: boolean },
): T {
  const cursor = cursorOf(text, options)
  const result = parse(cursor)
  cursor.end()
  return result
}
