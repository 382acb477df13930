// ENVELOPE, BODY and BODYSTRUCTURE straight from the bytes of an encoded index (shared/mail/index-codec.ts, version 1), without
// decoding it: FETCH of a whole folder renders thousands of them, and decoding costs twice what rendering does (measured).
// It writes byte for byte what envelope.ts and body-structure.ts write; a test holds both together on every message there is.

import { MalformedIndex } from '#shared/mail/index/byte-codec.ts'
import { PART_DEPTH_MAX } from '#shared/mail/message-index.ts'
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

  writeBodyStructure(to: ResponseWriter): void {
    this.#goToStructure()
    this.#part(to, true, 1)
  }

  writeBody(to: ResponseWriter): void {
    this.#goToStructure()
    this.#part(to, false, 1)
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

  #part(to: ResponseWriter, extended: boolean, depth: number): void {
    if (depth > PART_DEPTH_MAX) throw new MalformedIndex('nested too deep')
    const kind = this.#number()
    this.#number() // header offset
    this.#number() // header length
    this.#number() // body offset
    const octets = this.#number()
    to.raw('(')
    if (kind === MULTIPART) this.#multipart(to, extended, depth)
    else this.#onePart(to, { kind, octets, extended, depth })
    to.raw(')')
  }

  #onePart(
    to: ResponseWriter,
    part: {
      readonly kind: number
      readonly octets: number
      readonly extended: boolean
      readonly depth: number
    },
  ): void {
    const isText = this.#isText()
    this.#string(to) // type
    to.raw(' ')
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
      to.raw(' ')
      this.#envelope(to)
      to.raw(' ')
      this.#part(to, part.extended, part.depth + 1)
      end = this.#at
    }
    if (isText || part.kind === MESSAGE) {
      to.raw(' ')
      to.number(lines)
    }
    this.#at = extensionAt
    if (part.extended) {
      to.raw(' ')
      this.#nstring(to) // md5
      this.#extension(to)
    } else if (end < 0) this.#skipExtension()
    if (end >= 0) this.#at = end
  }

  #multipart(to: ResponseWriter, extended: boolean, depth: number): void {
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
    for (let left = parts; left > 0; left--) this.#part(to, extended, depth + 1)
    const end = this.#at
    to.raw(' ')
    this.#at = subtypeAt
    this.#string(to)
    if (extended) {
      to.raw(' ')
      this.#at = parametersAt
      this.#parameters(to)
      this.#at = extensionAt
      this.#skipOptional(1) // md5
      this.#extension(to)
    }
    this.#at = end
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
    const count = this.#number()
    if (count === 0) {
      to.nil()
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

  /** Whether the text that comes next is `text`. */
  #isText(): boolean {
    const { length } = TEXT
    if (this.#bytes[this.#at] !== length) return false
    for (let i = 0; i < length; i++) {
      if (this.#bytes[this.#at + 1 + i] !== TEXT.charCodeAt(i)) return false
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
const SCALE_MAX = 128 ** 7
