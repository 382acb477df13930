// ENVELOPE, BODY and BODYSTRUCTURE straight from the bytes of an encoded index (shared/mail/index-codec.ts, version 1), without
// decoding it: FETCH of a whole folder renders thousands of them, and decoding costs twice what rendering does (measured).
// It writes byte for byte what test/support writes from the decoded index; a test holds both together on every message there is.

import { MalformedIndex } from '#shared/mail/index/byte-codec.ts'
import { PART_DEPTH_MAX } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { ENCODED_MESSAGE, ENCODED_MESSAGE_EXTENSION, type MessageForm } from './message-form.ts'
import { writeParameters } from './parameters.ts'
import type { ResponseWriter } from './response-writer.ts'

const VERSION = 1
const SHA256_BYTES = 32
// Positions of kinds in the codec's table.
const MULTIPART = 1
const MESSAGE = 2
// Code of an address list: 0 for none, else
const SAME_AS_FROM = 1
/** … or the length plus this. */
const LISTED = 2

type Style = { readonly extended: boolean; readonly form: MessageForm }

/** Every method throws MalformedIndex for bytes that `encodeIndex` did not make. */
export class EncodedIndex {
  readonly #bytes: Uint8Array
  #at = 0
  readonly #envelopeAt: number
  /** Set once the envelope has been passed. */
  #structureAt = -1

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    if (this.#number() !== VERSION) throw new MalformedIndex('another version')
    this.#number() // bytes
    this.#number() // lines
    this.#at += SHA256_BYTES
    this.#number() // headerBytes
    this.#envelopeAt = this.#at
  }

  writeEnvelope(to: ResponseWriter): void {
    this.#at = this.#envelopeAt
    this.#envelope(to)
    this.#structureAt = this.#at
  }

  writeBodyStructure(to: ResponseWriter, form: MessageForm): void {
    this.#goToStructure()
    this.#part(to, { extended: true, form }, 1)
  }

  writeBody(to: ResponseWriter, form: MessageForm): void {
    this.#goToStructure()
    this.#part(to, { extended: false, form }, 1)
  }

  #goToStructure(): void {
    if (this.#structureAt < 0) {
      this.#at = this.#envelopeAt
      this.#skipEnvelope()
      this.#structureAt = this.#at
    }
    this.#at = this.#structureAt
  }

  // ---------------------------------------------------------------- envelope

  #envelope(to: ResponseWriter): void {
    to.raw('(')
    this.#nstring(to) // date
    to.raw(' ')
    this.#nstring(to) // subject
    to.raw(' ')
    const from = this.#at
    this.#addresses(to, from)
    to.raw(' ')
    this.#addresses(to, from) // sender
    to.raw(' ')
    this.#addresses(to, from) // reply-to
    to.raw(' ')
    this.#addresses(to, from) // to
    to.raw(' ')
    this.#addresses(to, from) // cc
    to.raw(' ')
    this.#addresses(to, from) // bcc
    to.raw(' ')
    this.#nstring(to) // in-reply-to
    to.raw(' ')
    this.#nstring(to) // message-id
    to.raw(')')
  }

  /** `from` is where the list of From stands, which the next ones may be the same as. */
  #addresses(to: ResponseWriter, from: number): void {
    const start = this.#at
    const code = this.#number()
    if (code === SAME_AS_FROM) {
      if (start === from) throw new MalformedIndex('no list to be the same as')
      const next = this.#at
      this.#at = from
      this.#addresses(to, from)
      this.#at = next
      return
    }
    if (code <= LISTED) {
      to.nil()
      return
    }
    to.raw('(')
    for (let left = code - LISTED; left > 0; left--) {
      to.raw('(')
      this.#nstring(to)
      to.raw(' ')
      this.#nstring(to)
      to.raw(' ')
      this.#nstring(to)
      to.raw(' ')
      this.#nstring(to)
      to.raw(')')
    }
    to.raw(')')
  }

  #skipEnvelope(): void {
    this.#skipOptional(2)
    for (let list = 0; list < 6; list++) {
      const code = this.#number()
      for (let left = code - LISTED; left > 0; left--) this.#skipOptional(4)
    }
    this.#skipOptional(2)
  }

  // ---------------------------------------------------------------- structure

  #part(to: ResponseWriter, style: Style, depth: number): void {
    if (depth > PART_DEPTH_MAX) throw new MalformedIndex('nested too deep')
    const kind = this.#number()
    this.#number() // header offset
    this.#number() // header length
    this.#number() // body offset
    const octets = this.#number()
    to.raw('(')
    if (kind === MULTIPART) this.#multipart(to, style, depth)
    else this.#onePart(to, { kind, octets, depth }, style)
    to.raw(')')
  }

  #onePart(
    to: ResponseWriter,
    part: { readonly kind: number; readonly octets: number; readonly depth: number },
    style: Style,
  ): void {
    const isText = this.#isNext(TEXT)
    const mayBeMessage = this.#isNext(MESSAGE_TYPE)
    this.#string(to) // type
    to.raw(' ')
    const isGlobal = this.#isNext(GLOBAL)
    const isMessage =
      isGlobal && style.form === 'rfc822'
        ? false
        : part.kind === MESSAGE || (mayBeMessage && (isGlobal || this.#isNext(RFC822)))
    this.#string(to) // subtype
    to.raw(' ')
    this.#parameters(to)
    to.raw(' ')
    this.#nstring(to) // id
    to.raw(' ')
    this.#nstring(to) // description
    to.raw(' ')
    this.#string(to) // encoding
    to.raw(' ')
    to.number(part.octets)
    const lines = this.#number()
    const extensionAt = this.#at
    let end = -1
    if (part.kind === MESSAGE) {
      this.#skipExtension()
      if (isMessage) {
        to.raw(' ')
        this.#envelope(to)
        to.raw(' ')
        this.#part(to, style, part.depth + 1)
      } else {
        this.#skipEnvelope()
        this.#skipPart(part.depth + 1)
      }
      end = this.#at
    } else if (isMessage) {
      to.raw(`${ENCODED_MESSAGE}${style.extended ? ENCODED_MESSAGE_EXTENSION : ''})`)
    }
    if (isText || isMessage) {
      to.raw(' ')
      to.number(lines)
    }
    this.#at = extensionAt
    if (style.extended) {
      to.raw(' ')
      this.#nstring(to) // md5
      this.#extension(to)
    } else if (end < 0) this.#skipExtension()
    if (end >= 0) this.#at = end
  }

  #multipart(to: ResponseWriter, style: Style, depth: number): void {
    this.#skipText() // type
    const subtypeAt = this.#at
    this.#skipText()
    const parametersAt = this.#at
    this.#skipParameters()
    this.#skipOptional(2) // id, description
    this.#skipText() // encoding
    this.#number() // lines
    const extensionAt = this.#at
    this.#skipExtension()
    const parts = this.#number()
    if (parts === 0) throw new MalformedIndex('multipart without parts')
    for (let left = parts; left > 0; left--) this.#part(to, style, depth + 1)
    const end = this.#at
    to.raw(' ')
    this.#at = subtypeAt
    this.#string(to)
    if (style.extended) {
      to.raw(' ')
      this.#at = parametersAt
      this.#parameters(to)
      this.#at = extensionAt
      this.#skipOptional(1) // md5
      this.#extension(to)
    }
    this.#at = end
  }

  #skipPart(depth: number): void {
    if (depth > PART_DEPTH_MAX) throw new MalformedIndex('nested too deep')
    const kind = this.#number()
    for (let left = 4; left > 0; left--) this.#number() // spans
    this.#skipText() // type
    this.#skipText() // subtype
    this.#skipParameters()
    this.#skipOptional(2) // id, description
    this.#skipText() // encoding
    this.#number() // lines
    this.#skipExtension()
    if (kind === MULTIPART) {
      for (let left = this.#number(); left > 0; left--) this.#skipPart(depth + 1)
    }
    if (kind === MESSAGE) {
      this.#skipEnvelope()
      this.#skipPart(depth + 1)
    }
  }

  /** Disposition, language and location, each with a space before. */
  #extension(to: ResponseWriter): void {
    const disposition = this.#number()
    if (disposition === 0) to.raw(' NIL ')
    else {
      to.raw(' (')
      this.#take(to, disposition - 1)
      to.raw(' ')
      this.#parameters(to)
      to.raw(') ')
    }
    const languages = this.#number()
    if (languages === 0) to.nil()
    else {
      to.raw('(')
      for (let left = languages; left > 0; left--) {
        this.#string(to)
        if (left > 1) to.raw(' ')
      }
      to.raw(')')
    }
    to.raw(' ')
    this.#nstring(to) // location
  }

  #skipExtension(): void {
    this.#skipOptional(1) // md5
    const disposition = this.#number()
    if (disposition > 0) {
      this.#at += disposition - 1
      this.#skipParameters()
    }
    for (let left = this.#number(); left > 0; left--) this.#skipText()
    this.#skipOptional(1) // location
  }

  #parameters(to: ResponseWriter): void {
    const start = this.#at
    const count = this.#number()
    if (count === 0) {
      to.nil()
      return
    }
    if (this.#hasSections(count)) {
      this.#at = start
      this.#joinedParameters(to)
      return
    }
    to.raw('(')
    for (let left = count; left > 0; left--) {
      this.#string(to)
      to.raw(' ')
      this.#string(to)
      if (left > 1) to.raw(' ')
    }
    to.raw(')')
  }

  /** Whether a name of the parameters that begin here has a "*" (RFC 2231 §3); stays here. */
  #hasSections(count: number): boolean {
    const start = this.#at
    let found = false
    for (let left = count; left > 0 && !found; left--) {
      const length = this.#number()
      const end = this.#at + length
      for (let at = this.#at; at < end && !found; at++) found = this.#bytes[at] === ASTERISK
      this.#at = end
      this.#skipText()
    }
    this.#at = start
    return found
  }

  /** The rare ones, decoded and joined. */
  #joinedParameters(to: ResponseWriter): void {
    const count = this.#number()
    const parameters: [string, string][] = []
    for (let left = count; left > 0; left--) parameters.push([this.#text(), this.#text()])
    writeParameters(to, parameters)
  }

  #skipParameters(): void {
    for (let left = 2 * this.#number(); left > 0; left--) this.#skipText()
  }

  // ---------------------------------------------------------------- bytes

  #string(to: ResponseWriter): void {
    this.#take(to, this.#number())
  }

  #nstring(to: ResponseWriter): void {
    const code = this.#number()
    if (code === 0) to.nil()
    else this.#take(to, code - 1)
  }

  #take(to: ResponseWriter, length: number): void {
    const start = this.#at
    this.#at = start + length
    if (this.#at > this.#bytes.length) throw new MalformedIndex('cut off')
    to.stringOfBytes(this.#bytes, start, this.#at)
  }

  #text(): string {
    const length = this.#number()
    const start = this.#at
    this.#at = start + length
    if (this.#at > this.#bytes.length) throw new MalformedIndex('cut off')
    return asBuffer(this.#bytes.subarray(start, this.#at)).toString('latin1')
  }

  #skipText(): void {
    // Not `+=` on the call: it would add to the place before the number.
    const length = this.#number()
    this.#at += length
  }

  #skipOptional(count: number): void {
    for (let left = count; left > 0; left--) {
      const code = this.#number()
      if (code > 0) this.#at += code - 1
    }
  }

  /** Whether this is the text that comes next. */
  #isNext(text: string): boolean {
    const { length } = text
    if (this.#bytes[this.#at] !== length) return false
    for (let i = 0; i < length; i++) {
      if (this.#bytes[this.#at + 1 + i] !== text.charCodeAt(i)) return false
    }
    return true
  }

  /** Low 7 bits first; see shared/mail/index/byte-codec.ts. */
  #number(): number {
    let byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new MalformedIndex('cut off')
    if (byte < 128) return byte
    let value = byte & 127
    for (let scale = 128; scale <= SCALE_MAX; scale *= 128) {
      byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new MalformedIndex('cut off')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new MalformedIndex('not a number')
  }
}

const TEXT = 'text'
const MESSAGE_TYPE = 'message'
const RFC822 = 'rfc822'
const GLOBAL = 'global'
const ASTERISK = 0x2a
const SCALE_MAX = 128 ** 7
