// What is mended in a message while it comes in, before anything of it is stored or indexed: as Postfix's smtpd and cleanup(8) do.
// Only header lines are looked at, unless characters are to be stripped; the body passes as it came, uncopied.
//
// Implementation notes. Pushed and taken in pieces of any size. Of a line only what may still become a field name is held back,
// FIELD_NAME_BYTES_MAX bytes at most, and of Authentication-Results until it is known whose it is.

import { asBuffer } from '#shared/runtime/bytes.ts'
import { authservIdIn } from './authserv-id.ts'
import { EMPTY, FOLDED, isMailboxLine, lineAt, nameEnd, OPEN, TEXT } from './header-line.ts'

export type CleaningRules = {
  /** Lower-case names of fields that are left out, with the lines that continue them. */
  readonly dropHeaders: readonly string[]
  /** By byte value: 1 for those that are left out of the whole message; undefined for none. */
  readonly strippedBytes: Uint8Array | undefined
  /**
   * Whose Authentication-Results fields are left out, in small letters: ours, which nobody outside may write (RFC 8601 §5). None: all
   * are kept.
   */
  readonly droppedAuthservIds?: readonly string[]
}

/** As Postfix calls lines of an mbox before the header. */
const MAILBOX_LINE = Buffer.from('X-Mailbox-Line: ')
const EMPTY_LINE = Buffer.from('\r\n')

/** Inside a line it says what becomes of it; `line` is before one. */
type State = 'line' | 'kept' | 'dropped' | 'body'

export class MessageCleaning {
  readonly #rules: CleaningRules
  #state: State = 'line'
  /** What became of the field before; undefined while there was none. */
  #before: 'kept' | 'dropped' | undefined
  /** So far all lines were of an mbox. */
  #atBegin = true
  /** The beginning of a line of which it is not known what it is. */
  #held: Buffer | undefined
  #isSigned = false

  constructor(rules: CleaningRules) {
    this.#rules = rules
  }

  /** The header has a signature over it and the body (RFC 6376 §3.5). */
  get isSigned(): boolean {
    return this.#isSigned
  }

  /** What can go on now, possibly nothing. */
  push(chunk: Uint8Array): Uint8Array {
    const { strippedBytes } = this.#rules
    const bytes = strippedBytes === undefined ? asBuffer(chunk) : without(strippedBytes, chunk)
    return this.#state === 'body' ? bytes : this.#pushHeader(bytes)
  }

  /** What is left at the end, possibly nothing. */
  finish(): Uint8Array {
    const held = this.#held ?? nothing
    this.#held = undefined
    const line = held.length > 0 ? lineAt(held, 0, held.length) : OPEN
    if (line >= 0) return this.#isForged(held, 0, line, true) ? nothing : held
    // A line without end that became no field is text.
    return held.length === 0 || held[0] === CR ? held : Buffer.concat([EMPTY_LINE, held])
  }

  #pushHeader(chunk: Buffer): Uint8Array {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = undefined
    const out = new Kept(bytes)
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'line') {
        const line = lineAt(bytes, at, bytes.length)
        if (line === OPEN || this.#isOpen(bytes, at, line)) {
          this.#held = Buffer.from(bytes.subarray(at))
          return out.finish(at)
        }
        this.#state = this.#begin(line, bytes, at, out)
        if (this.#state === 'body') break
      }
      const start = at
      const next = lineEnd(bytes, start)
      at = next < 0 ? bytes.length : next
      if (this.#state === 'dropped') out.leaveOut(start, at)
      if (next >= 0) this.#state = 'line'
    }
    return out.finish(bytes.length)
  }

  /** What becomes of the line at `at`. */
  #begin(line: number, bytes: Buffer, at: number, out: Kept): State {
    const atBegin = this.#atBegin
    this.#atBegin = false
    if (line === EMPTY) return 'body'
    if (line === FOLDED && this.#before !== undefined) return this.#before
    if (line === TEXT && atBegin && isMailboxLine(bytes, at)) {
      out.insert(MAILBOX_LINE, at)
      this.#atBegin = true
      return 'kept'
    }
    // White space at the very beginning would continue a field of ours.
    if (line === TEXT || line === FOLDED) {
      out.insert(EMPTY_LINE, at)
      return 'body'
    }
    this.#before = this.#fieldAt(at, line, bytes, out)
    return this.#before
  }

  /** It says what was found of the message, and more of it must be seen to know who says so. */
  #isOpen(bytes: Buffer, start: number, colon: number): boolean {
    if (!this.#isOfResults(bytes, start, colon)) return false
    return authservIdIn(bytes.subarray(colon + 1), false) === 'open'
  }

  #isForged(bytes: Buffer, start: number, colon: number, isWhole: boolean): boolean {
    if (!this.#isOfResults(bytes, start, colon)) return false
    const id = authservIdIn(bytes.subarray(colon + 1), isWhole)
    // Of nobody: no reader is to guess whose it is.
    return id === undefined || (this.#rules.droppedAuthservIds ?? []).includes(id)
  }

  #isOfResults(bytes: Buffer, start: number, colon: number): boolean {
    const { droppedAuthservIds = [] } = this.#rules
    if (droppedAuthservIds.length === 0 || colon < 0) return false
    return isName(RESULTS, bytes, start, nameEnd(bytes, start, colon))
  }

  #fieldAt(start: number, colon: number, bytes: Buffer, out: Kept): 'kept' | 'dropped' {
    const end = nameEnd(bytes, start, colon)
    for (const name of this.#rules.dropHeaders) {
      if (isName(name, bytes, start, end)) return 'dropped'
    }
    if (this.#isForged(bytes, start, colon, false)) return 'dropped'
    this.#isSigned ||= isName(SIGNATURE, bytes, start, end)
    // Not every reader knows the obsolete syntax (RFC 5322 §4.5).
    if (end < colon) out.leaveOut(end, colon)
    return 'kept'
  }
}

/** What is kept of a piece of the header: the piece itself until something of it is changed. */
class Kept {
  readonly #bytes: Buffer
  /** What stands before it has been copied or left out. */
  #from = 0
  #copy: Buffer | undefined
  #length = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** All that is kept before `end`; nothing can be done afterwards. */
  finish(end: number): Uint8Array {
    if (this.#copy === undefined) return this.#bytes.subarray(0, end)
    this.leaveOut(end, end)
    return this.#copy.subarray(0, this.#length)
  }

  insert(piece: Buffer, at: number): void {
    this.leaveOut(at, at)
    this.#append(piece, 0, piece.length)
  }

  leaveOut(start: number, end: number): void {
    if (start > this.#from) this.#append(this.#bytes, this.#from, start)
    this.#copy ??= Buffer.allocUnsafe(this.#bytes.length)
    this.#from = end
  }

  #append(source: Buffer, start: number, end: number): void {
    const length = this.#length + end - start
    let copy = this.#copy
    if (copy === undefined || length > copy.length) {
      copy = Buffer.allocUnsafe(Math.max(this.#bytes.length, 2 * length))
      this.#copy?.copy(copy, 0, 0, this.#length)
      this.#copy = copy
    }
    if (end - start > SHORT_BYTES) source.copy(copy, this.#length, start, end)
    else for (let at = start, to = this.#length; at < end; ) copy[to++] = source[at++] ?? 0
    this.#length = length
  }
}

/** Behind the line end; -1 when it is not there. Short lines are searched byte by byte, as a call costs more. */
function lineEnd(bytes: Buffer, start: number): number {
  const end = Math.min(bytes.length, start + SHORT_BYTES)
  for (let at = start; at < end; at++) if (bytes[at] === LF) return at + 1
  const lineFeed = end === bytes.length ? -1 : bytes.indexOf(LF, end)
  return lineFeed < 0 ? -1 : lineFeed + 1
}

/** The pieces of a source, cleaned; none of them is empty. */
export async function* cleaned(
  source: AsyncIterable<Uint8Array>,
  cleaning: MessageCleaning,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const bytes = cleaning.push(chunk)
    if (bytes.length > 0) yield bytes
  }
  const rest = cleaning.finish()
  if (rest.length > 0) yield rest
}

/** Without making a string of it: a client may send millions. `name` is in lower case. */
function isName(name: string, bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i] ?? 0
    const lower = byte >= UPPER_A && byte <= UPPER_Z ? byte + TO_LOWER : byte
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}

function without(stripped: Uint8Array, chunk: Uint8Array): Buffer {
  const kept = Buffer.allocUnsafe(chunk.length)
  let length = 0
  for (const byte of chunk) if (stripped[byte] !== 1) kept[length++] = byte
  return kept.subarray(0, length)
}

/** Below this a loop is faster than a call into the runtime. */
const SHORT_BYTES = 32
const nothing = Buffer.alloc(0)
const SIGNATURE = 'dkim-signature'
const RESULTS = 'authentication-results'
const LF = 10
const CR = 13
const UPPER_A = 65
const UPPER_Z = 90
const TO_LOWER = 32
