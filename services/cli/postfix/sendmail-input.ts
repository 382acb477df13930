// What `sendmail` reads: the header, in which recipients may stand, and the body behind it, to the end or to a line with a dot alone.

import { forEachField } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'

/** A header that is longer is let pass as it is, and nobody is found in it. */
export const HEADER_BYTES_MAX = 1024 ** 2

const LF = 0x0a

export type SendmailInput = {
  /** Field by field as they stand there; what ends it is the body's. */
  readonly header: ByteString
  /** Once. */
  readonly body: AsyncIterable<Uint8Array>
}

/** `isDotText`: a line with a dot alone is text like any other. */
export async function readInput(
  source: AsyncIterable<Uint8Array>,
  { isDotText }: { readonly isDotText: boolean },
): Promise<SendmailInput> {
  const lines = linesOf(source)
  const more = isDotText ? lines : untilDot(lines)
  let header = ''
  let isBegun = false
  for (;;) {
    const { value: line, done } = await more.next()
    if (done || line === undefined) return { header, body: none() }
    const text = line.toString('latin1')
    // Of mbox(5): who wrote it there is not who it is from.
    if (!isBegun && /^>?From /.test(text)) continue
    isBegun = true
    if (!isOfHeader(text, header) || header.length > HEADER_BYTES_MAX) {
      const isEmpty = text === '\n' || text === '\r\n'
      const separator = isEmpty ? [] : [Buffer.from('\n')]
      return { header, body: joined([...separator, line], more) }
    }
    header += text.endsWith('\n') ? text : `${text}\n`
  }
}

/** A field, or the line of one that goes on. */
const isOfHeader = (line: string, before: string) =>
  /^[!-9;-~]+[ \t]*:/.test(line) || (before !== '' && /^[ \t]+[^\s]/.test(line))

/** Lines with their ends; a very long one in pieces. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0)
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? asBuffer(chunk) : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, from)) {
      yield bytes.subarray(from, at + 1)
      from = at + 1
    }
    rest = Buffer.from(bytes.subarray(from))
    if (rest.length > PIECE_BYTES_MAX) {
      yield rest
      rest = Buffer.alloc(0)
    }
  }
  if (rest.length > 0) yield rest
}

const PIECE_BYTES_MAX = 64 * 1024

async function* untilDot(lines: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  let isLineStart = true
  for await (const line of lines) {
    if (isLineStart && (line.equals(DOT_LF) || line.equals(DOT_CRLF) || line.equals(DOT))) return
    isLineStart = line.at(-1) === LF
    yield line
  }
}

const DOT = Buffer.from('.')
const DOT_LF = Buffer.from('.\n')
const DOT_CRLF = Buffer.from('.\r\n')

async function* joined(
  first: readonly Buffer[],
  more: AsyncGenerator<Buffer, void>,
): AsyncGenerator<Uint8Array> {
  let pieces = [...first]
  let bytes = 0
  for await (const line of more) {
    // It is another's buffer by the time it is written.
    pieces.push(line)
    bytes += line.length
    if (bytes < PIECE_BYTES_MAX) continue
    yield Buffer.concat(pieces)
    pieces = []
    bytes = 0
  }
  if (pieces.length > 0) yield Buffer.concat(pieces)
}

async function* none(): AsyncGenerator<Uint8Array> {}

export function hasField(header: ByteString, wanted: string): boolean {
  let found = false
  forEachField(header, (name) => {
    found ||= name.toLowerCase() === wanted
  })
  return found
}

/** The header without fields of these names. */
export function withoutFields(header: ByteString, names: readonly string[]): ByteString {
  const lines = header.split(/(?<=\n)/)
  let isDropped = false
  return lines
    .filter((line) => {
      if (!/^[ \t]/.test(line)) {
        const name = line.slice(0, line.indexOf(':')).trim().toLowerCase()
        isDropped = names.includes(name)
      }
      return !isDropped
    })
    .join('')
}
