// The lines of a message as header_checks(5) looks at them: fields of headers with their folded lines in one, lines of the body, each with
// where it stands. Headers of parts are found by the index that was made of the message while it came in.

import { fieldEnd } from '#shared/mail/header-field.ts'
import type { ByteString, MessageIndex, Part } from '#shared/mail/message-index.ts'

/** Which of the tables is for it. */
export type LineKind = 'header' | 'mime' | 'nested' | 'body'

export type CheckedLine = {
  readonly kind: LineKind
  /** Without its line end; LF within a folded field. */
  readonly text: ByteString
  /** Of the message's own header, all of it. */
  readonly field?: ByteString
  /** Of the message's own header, its place among the fields; of the body, the number of its first line, both from 0. */
  readonly place: number
  /** Lines of the body that it takes. */
  readonly lines: number
}

/** Of one line patterns see no more than this. */
export const LINE_CHECKED_BYTES_MAX = 8_192

/** As Postfix has it: these are for the checks of MIME headers wherever they stand. */
const MIME_FIELD = /^(?:mime-version|content-[^\s:]*)[ \t]*:/i

/** Of the message's own header, as it is stored. */
export function* headerLines(header: ByteString): Generator<CheckedLine, void> {
  let start = 0
  for (let place = 0; start < header.length; place++) {
    const next = fieldEnd(header, start)
    const whole = header.slice(start, next)
    const text = lineText(whole.slice(0, LINE_CHECKED_BYTES_MAX))
    if (text !== '') yield { kind: fieldKind(text, 'header'), text, field: whole, place, lines: 0 }
    start = next
  }
}

function fieldKind(text: ByteString, otherwise: 'header' | 'nested' | 'mime'): LineKind {
  return MIME_FIELD.test(text) ? 'mime' : otherwise
}

function lineText(text: ByteString): ByteString {
  return text.replaceAll('\r\n', '\n').replace(/\n$/, '')
}

type HeaderSpan = { readonly start: number; readonly end: number; readonly kind: 'mime' | 'nested' }

/** Of the headers within the body, in order; none within another. */
function headerSpans(structure: Part): readonly HeaderSpan[] {
  const spans: HeaderSpan[] = []
  const add = ({ header: [start, length] }: Part, kind: HeaderSpan['kind']) => {
    spans.push({ start, end: start + length, kind })
  }
  const visit = (part: Part): void => {
    if (part.kind === 'multipart') {
      for (const each of part.parts) {
        add(each, 'mime')
        visit(each)
      }
    }
    if (part.kind === 'message') {
      add(part.message, 'nested')
      visit(part.message)
    }
  }
  visit(structure)
  return spans.sort((one, other) => one.start - other.start)
}

export async function* bodyLines(
  body: AsyncIterable<Buffer>,
  index: MessageIndex,
  { segmentBytesMax }: { readonly segmentBytesMax: number },
): AsyncGenerator<CheckedLine, void> {
  const spans = headerSpans(index.structure)
  let span = 0
  /** Where bytes of the body that belong together began: behind the last header. */
  let segment = index.headerBytes
  let field: { text: ByteString; place: number; lines: number; kind: LineKind } | undefined
  for await (const { text, start, end, place } of physicalLines(body, index.headerBytes)) {
    while ((spans[span]?.end ?? Number.POSITIVE_INFINITY) <= start) span += 1
    const at = spans[span]
    const isInHeader = at !== undefined && at.start <= start
    if (field !== undefined && !(isInHeader && /^[ \t]/.test(text))) {
      yield { ...field, kind: fieldKind(field.text, field.kind === 'nested' ? 'nested' : 'mime') }
      field = undefined
    }
    if (isInHeader) {
      segment = end
      if (field === undefined) {
        if (text !== '') field = { text, place, lines: 1, kind: at.kind }
        continue
      }
      field.lines += 1
      if (field.text.length < LINE_CHECKED_BYTES_MAX) field.text += `\n${text}`
    } else if (start - segment < segmentBytesMax) {
      yield { kind: 'body', text, place, lines: 1 }
    }
  }
  if (field !== undefined)
    yield { ...field, kind: fieldKind(field.text, field.kind === 'nested' ? 'nested' : 'mime') }
}

type PhysicalLine = {
  /** Without its end; its beginning where it is long. */
  readonly text: ByteString
  /** In the message. */
  readonly start: number
  readonly end: number
  /** From 0, of the body. */
  readonly place: number
}

const LF = 0x0a

async function* physicalLines(
  body: AsyncIterable<Buffer>,
  offset: number,
): AsyncGenerator<PhysicalLine, void> {
  let text = ''
  let start = offset
  let at = offset
  let place = 0
  const take = (piece: Buffer) => {
    const room = LINE_CHECKED_BYTES_MAX - text.length
    if (room > 0) text += piece.toString('latin1', 0, room)
    at += piece.length
  }
  for await (const piece of body) {
    let from = 0
    for (let lf = piece.indexOf(LF); lf >= 0; lf = piece.indexOf(LF, from)) {
      take(piece.subarray(from, lf + 1))
      yield { text: text.replace(/\r?\n$/, ''), start, end: at, place }
      text = ''
      start = at
      place += 1
      from = lf + 1
    }
    take(piece.subarray(from))
  }
  if (at > start) yield { text, start, end: at, place }
}
