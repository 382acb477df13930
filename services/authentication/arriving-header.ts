// Divides a message into header and body while the client sends it, where readers will divide it too (shared/mail/message-cleaning.ts):
// lines of an mbox before the header are none of its fields, and what is no field ends it.

import { FOLDED, isMailboxLine, lineAt, TEXT } from '#shared/mail/header-line.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'

/** As mailauth has it: `line` is the field without its last line end, folds as they came. */
export type HeaderField = { readonly key: string; readonly casedKey: string; readonly line: Buffer }

export type ArrivedHeader =
  | { readonly kind: 'fields'; readonly fields: readonly HeaderField[] }
  /** Nothing of it is judged: it may say more than was looked at. */
  | { readonly kind: 'not judged'; readonly reason: string }

/** Every session may hold so much of a header. */
export const HEADER_JUDGED_BYTES_MAX = 64 * 1024
/** A signature names fields, and each of them is looked for. */
export const HEADER_FIELDS_MAX = 2_000
/** In a row, where parsers take their time. */
export const HEADER_BLANKS_MAX = 1_000

const HEADER_END = Buffer.from('\r\n\r\n')
const FIRST_BYTES = 2_048

export class ArrivingHeader {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0
  #isOver = false

  /** The header, once its end is there, and what of the body came with it; undefined before that. */
  push(
    chunk: Uint8Array,
  ): { readonly header: ArrivedHeader; readonly body: Uint8Array } | undefined {
    const room = HEADER_JUDGED_BYTES_MAX - this.#length
    const taken = chunk.subarray(0, room)
    const from = Math.max(0, this.#length - HEADER_END.length + 1)
    this.#append(taken)
    const bytes = this.#bytes.subarray(0, this.#length)
    const isBare = bytes[0] === CR && bytes[1] === LF
    const end = isBare ? -2 : bytes.indexOf(HEADER_END, from)
    if (end === -1 && taken.length === chunk.length) return undefined
    if (end === -1) {
      const reason = `header longer than ${HEADER_JUDGED_BYTES_MAX} bytes`
      return this.#over({ kind: 'not judged', reason }, new Uint8Array())
    }
    const bodyAt = end + HEADER_END.length
    const { header, endsAt } = parseHeader(bytes.subarray(0, end + 2))
    const body = bytes.subarray(endsAt ?? bodyAt)
    const rest = chunk.subarray(taken.length)
    return this.#over(header, rest.length === 0 ? body : Buffer.concat([body, rest]))
  }

  /** A message that ends in its header. */
  finish(): { readonly header: ArrivedHeader; readonly body: Uint8Array } | undefined {
    if (this.#isOver) return undefined
    const bytes = this.#bytes.subarray(0, this.#length)
    const { header, endsAt } = parseHeader(bytes)
    return this.#over(header, endsAt === undefined ? new Uint8Array() : bytes.subarray(endsAt))
  }

  #over(header: ArrivedHeader, body: Uint8Array) {
    this.#isOver = true
    // What is handed on still refers to it.
    this.#bytes = Buffer.alloc(0)
    return { header, body }
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    asBuffer(chunk).copy(this.#bytes, this.#length)
    this.#length = length
  }
}

/** `endsAt`: where a line that is no field begins the body. */
function parseHeader(bytes: Buffer): { header: ArrivedHeader; endsAt?: number } {
  const fields: HeaderField[] = []
  let start = -1
  let colon = 0
  let atBegin = true
  let blanks = 0
  const close = (end: number) => {
    if (start < 0) return
    const line = bytes.subarray(start, end)
    const casedKey = bytes.toString('latin1', start, colon).trimEnd()
    fields.push({ key: casedKey.toLowerCase(), casedKey, line })
    start = -1
  }
  for (const byte of bytes) {
    blanks = isBlank(byte) ? blanks + 1 : 0
    if (blanks > HEADER_BLANKS_MAX)
      return { header: notJudged('too much white space in the header') }
  }
  let endsAt: number | undefined
  let at = 0
  while (at < bytes.length) {
    const line = lineAt(bytes, at, bytes.length)
    const lineEnd = bytes.indexOf(LF, at)
    const next = lineEnd === -1 ? bytes.length : lineEnd + 1
    if (line === TEXT && atBegin && isMailboxLine(bytes, at)) {
      at = next
      continue
    }
    if (line === FOLDED && start >= 0) {
      at = next
      continue
    }
    close(lineEndBefore(bytes, at))
    if (line < 0) {
      endsAt = at
      break
    }
    atBegin = false
    start = at
    colon = line
    at = next
    if (fields.length >= HEADER_FIELDS_MAX) return { header: notJudged('too many header fields') }
  }
  close(lineEndBefore(bytes, endsAt ?? bytes.length))
  const header: ArrivedHeader = { kind: 'fields', fields }
  return endsAt === undefined || endsAt === bytes.length ? { header } : { header, endsAt }
}

/** Line ends too: a fold is white space. */
export const isBlank = (byte: number) =>
  byte === SPACE || byte === TAB || byte === CR || byte === LF

const notJudged = (reason: string): ArrivedHeader => ({ kind: 'not judged', reason })

function lineEndBefore(bytes: Buffer, at: number): number {
  if (bytes[at - 1] !== LF) return at
  return bytes[at - 2] === CR ? at - 2 : at - 1
}

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
