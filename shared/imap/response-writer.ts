// Writes responses as bytes. Strings become atoms, quoted strings or literals, whichever RFC 9051 §9 allows for what they hold;
// nothing else can come out. One writer serves one session: it collects, and `take` hands over what was collected.
//
// Deliberately: NUL, which no string but literal8 may hold, becomes a space (RFC 9051 §9 CHAR8).

import { isUtf8 } from 'node:buffer'
import type { ByteString } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { ASTRING_CHAR, isMadeOf } from './characters.ts'
import { isFlag } from './flag.ts'
import { encodeMailboxName } from './mailbox-name.ts'
import { formatResponseCode, type ResponseCode } from './response-code.ts'
import { formatSequenceSet, type SequenceSet } from './sequence-set.ts'

export type StatusResponse = {
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'
  readonly code?: ResponseCode
  readonly text: string
}

/** Longer strings go as literals: clients read quoted strings as lines. */
export const QUOTED_BYTES_MAX = 1_000
const FIRST_BYTES = 4 * 1024
/** Bytes of this size and more are handed on as they are instead of being copied. */
const UNCOPIED_BYTES = 16 * 1024
/** Below this a loop is faster than a call into the runtime (measured). */
const LOOPED_CHARACTERS = 24

export class ResponseWriter {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: UTF-8 may stand in quoted strings and mailbox names are UTF-8. */
  utf8 = false
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  /** Where the bytes not yet in `#done` begin and end in the buffer. */
  #start = 0
  #end = 0
  #done: Buffer[] = []
  #doneBytes = 0

  /** Bytes collected. */
  get bytes(): number {
    return this.#doneBytes + this.#end - this.#start
  }

  /** What was collected, in order; the writer is empty then. */
  take(): readonly Buffer[] {
    this.#flush()
    const taken = this.#done
    this.#done = []
    this.#doneBytes = 0
    return taken
  }

  /** The same in one piece. */
  takeBuffer(): Buffer {
    const [only, ...more] = this.take()
    if (only === undefined) return Buffer.alloc(0)
    return more.length === 0 ? only : Buffer.concat([only, ...more])
  }

  // ---------------------------------------------------------------- whole lines

  /** `tag OK [CODE] text`; tag null is untagged. */
  status(tag: string | null, { status, code, text }: StatusResponse): void {
    this.raw(tag ?? '*')
    this.raw(` ${status} `)
    if (code !== undefined) {
      this.raw(`[${formatResponseCode(code)}] `)
    }
    this.raw(respText(text))
    this.endLine()
  }

  /** `+ text`: the client may go on. */
  continuation(text: string): void {
    this.raw(`+ ${respText(text)}`)
    this.endLine()
  }

  endLine(): void {
    this.#reserve(2)
    this.#buffer[this.#end++] = CR
    this.#buffer[this.#end++] = LF
  }

  // ---------------------------------------------------------------- what is in a line

  /** Text of our own that is known to be grammatical: ASCII without line ends. */
  raw(text: string): void {
    const length = text.length
    this.#reserve(length)
    if (length > LOOPED_CHARACTERS) {
      this.#end += this.#buffer.write(text, this.#end, 'latin1')
      return
    }
    const buffer = this.#buffer
    let end = this.#end
    for (let at = 0; at < length; at++) buffer[end++] = text.charCodeAt(at)
    this.#end = end
  }

  number(value: number): void {
    this.raw(`${value}`)
  }

  nil(): void {
    this.raw('NIL')
  }

  sequenceSet(ranges: SequenceSet): void {
    this.raw(formatSequenceSet(ranges))
  }

  /** string = quoted / literal */
  string(text: ByteString): void {
    const length = text.length
    if (length > QUOTED_BYTES_MAX) {
      this.#literalOf(text)
      return
    }
    this.#reserve(2 * length + 2)
    const buffer = this.#buffer
    let end = this.#end
    let eightBit = false
    buffer[end++] = DQUOTE
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code === DQUOTE || code === BACKSLASH) buffer[end++] = BACKSLASH
      else if ((code < 0x20 && code !== TAB) || code >= 0x7f) {
        if (code <= 0x7f || !this.utf8) {
          this.#literalOf(text)
          return
        }
        eightBit = true
      }
      buffer[end++] = code
    }
    buffer[end++] = DQUOTE
    if (eightBit && !isUtf8(buffer.subarray(this.#end, end))) this.#literalOf(text)
    else this.#end = end
  }

  /** The same for bytes of `source` from `start` to `end`. */
  stringOfBytes(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length > QUOTED_BYTES_MAX) {
      this.#literalOf(latin1(source, start, end))
      return
    }
    this.#reserve(2 * length + 2)
    const buffer = this.#buffer
    let to = this.#end
    let eightBit = false
    buffer[to++] = DQUOTE
    for (let at = start; at < end; at++) {
      const code = source[at] ?? 0
      if (code === DQUOTE || code === BACKSLASH) buffer[to++] = BACKSLASH
      else if ((code < 0x20 && code !== TAB) || code >= 0x7f) {
        if (code <= 0x7f || !this.utf8) {
          this.#literalOf(latin1(source, start, end))
          return
        }
        eightBit = true
      }
      buffer[to++] = code
    }
    buffer[to++] = DQUOTE
    if (eightBit && !isUtf8(buffer.subarray(this.#end, to))) {
      this.#literalOf(latin1(source, start, end))
    } else this.#end = to
  }

  /** nstring = string / nil */
  nstring(text: ByteString | null): void {
    if (text === null) this.raw('NIL')
    else this.string(text)
  }

  /** astring: an atom where it can be one. NIL is quoted, because some clients read an atom NIL as nil. */
  astring(text: ByteString): void {
    if (isMadeOf(text, ASTRING_CHAR) && text.toUpperCase() !== 'NIL') this.raw(text)
    else this.string(text)
  }

  mailbox(name: string): void {
    this.astring(encodeMailboxName(name, this.utf8))
  }

  /** "(" [flag *(SP flag)] ")". What no client could read as a flag is left out. */
  flags(flags: readonly string[]): void {
    this.raw('(')
    let first = true
    for (const flag of flags) {
      if (!isFlag(flag) && flag !== '\\*') continue
      if (!first) this.raw(' ')
      this.raw(flag)
      first = false
    }
    this.raw(')')
  }

  // ---------------------------------------------------------------- bytes

  /** A literal whose bytes follow: by `bytes`, or streamed after `take`. `binary` makes it a literal8. */
  literalHeader(length: number, options: { readonly binary?: boolean } = {}): void {
    this.raw(options.binary === true ? `~{${length}}\r\n` : `{${length}}\r\n`)
  }

  /** Bytes as they are: a literal's content, or an item rendered before. Large ones are not copied. */
  verbatim(bytes: Uint8Array): void {
    if (bytes.length >= UNCOPIED_BYTES) {
      this.#flush()
      this.#done.push(asBuffer(bytes))
      this.#doneBytes += bytes.length
      return
    }
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  literal(bytes: Uint8Array, options: { readonly binary?: boolean } = {}): void {
    this.literalHeader(bytes.length, options)
    this.verbatim(bytes)
  }

  // ---------------------------------------------------------------- inside

  #literalOf(text: ByteString): void {
    this.literalHeader(text.length)
    this.raw(text.includes('\0') ? text.replaceAll('\0', ' ') : text)
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return
    this.#grow(bytes)
  }

  /** What is collected stays together while it is small, so that few and large pieces reach the socket. */
  #grow(bytes: number): void {
    const collected = this.#end - this.#start
    if (collected >= UNCOPIED_BYTES) this.#flush()
    const kept = this.#end - this.#start
    const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, 2 * collected, kept + bytes))
    this.#buffer.copy(larger, 0, this.#start, this.#end)
    this.#buffer = larger
    this.#start = 0
    this.#end = kept
  }

  #flush(): void {
    if (this.#end === this.#start) return
    this.#done.push(this.#buffer.subarray(this.#start, this.#end))
    this.#doneBytes += this.#end - this.#start
    this.#start = this.#end
  }
}

function latin1(source: Uint8Array, start: number, end: number): ByteString {
  return asBuffer(source).toString('latin1', start, end)
}

// resp-text = ["[" resp-text-code "]" SP] text, text = 1*TEXT-CHAR
function respText(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]+/g, '?').trim()
  return clean === '' || clean.startsWith('[') ? `(${clean})` : clean
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const DQUOTE = 0x22
const BACKSLASH = 0x5c
