// The tree of parts while a message passes by: the parts that are open at this point, root first, and the rules by which
// headers, delimiters and the end of the message open and close them (RFC 2046 §5). It is told what stands where and sees
// no bytes; the line scanner in ../indexer.ts drives it.

import {
  type ByteString,
  type Envelope,
  type MessageIndex,
  PART_DEPTH_MAX,
  PARTS_MAX,
  type Part,
} from '../message-index.ts'
import { envelopeOf, singleFieldNames } from './envelope.ts'
import { IndexedFields, notedFieldNames, type Trace } from './indexed-fields.ts'
import { type Delimiter, OpenBoundaries } from './open-boundaries.ts'
import { OpenPart, type Position } from './open-part.ts'
import { mimeFieldsOf, OPAQUE_TYPE, type PartHeader, plainTextHeader } from './part-header.ts'
import { TextBudget } from './text-budget.ts'

/** Delivered-To fields kept of one message, topmost first; a message that passed more servers is a loop. */
export const DELIVERED_TO_FIELDS_MAX = 100

type RootFacts = Pick<
  MessageIndex,
  'headerBytes' | 'receivedFields' | 'deliveredTo' | 'has' | 'repeatsFields'
>

const noFacts: RootFacts = {
  headerBytes: 0,
  receivedFields: 0,
  deliveredTo: [],
  has: [],
  repeatsFields: false,
}

export class PartTree {
  readonly boundaries = new OpenBoundaries()
  /** Of the message's own header. */
  trace: Trace = []
  /** Of the message's own `TLS-Required`; null for none. */
  tlsRequired: ByteString | null = null
  readonly #budget = new TextBudget()
  readonly #open: OpenPart[] = [new OpenPart({ offset: 0, lines: 0 }, 'text/plain')]
  /** Parts opened, and the first part of each multipart and message part, which is sure to come. */
  #parts = 1
  #facts = noFacts
  #envelope: Envelope | null = null

  /** The innermost part's header is being read. */
  get inHeader(): boolean {
    return this.#innermost.content === null
  }

  /** Where the header that is being read began. */
  get headerStart(): Position {
    return this.#innermost.start
  }

  /** The header that was being read has ended, and a body begins here. */
  endHeader(header: ByteString, body: Position): void {
    const part = this.#innermost
    const fields = new IndexedFields(header)
    if (this.#open.length === 1) {
      this.#facts = this.#factsOf(fields, body.offset)
      this.trace = fields.trace
      this.tlsRequired = fields.first('tls-required')
    }
    this.#indexEnvelope(fields)
    const mime = mimeFieldsOf(fields, part.defaultType, this.#budget)
    const kind = kindOf(mime.header)
    if (kind === 'leaf' || !this.#mayHaveParts()) {
      const leaf = kind === 'leaf' ? mime.header : { ...mime.header, ...OPAQUE_TYPE }
      part.content = { kind: 'leaf', header: leaf, body }
      return
    }
    part.content = { kind, header: mime.header, body }
    this.#parts++
    if (kind === 'message') {
      this.#open.push(new OpenPart(body, 'text/plain'))
    } else if (mime.boundary !== null) {
      this.boundaries.open(mime.boundary, this.#open.length)
    }
  }

  /** A delimiter line: what it closes ends at `end`, what it opens begins at `next`. */
  delimit({ depth, isClosing }: Delimiter, end: Position, next: Position): void {
    while (this.#open.length > depth) this.#closeInnermost(end)
    const multipart = this.#innermost
    if (isClosing) {
      // What follows is the epilogue, or parts of the multiparts outside.
      multipart.ensurePart(end)
      this.boundaries.closeFrom(depth)
      return
    }
    const isFirst = !multipart.hasParts
    const isDigest = multipart.content?.header.subtype === 'digest'
    this.#open.push(new OpenPart(next, isDigest ? 'message/rfc822' : 'text/plain'))
    if (isFirst) return
    this.#parts++
    if (this.#parts >= PARTS_MAX || this.#budget.isSpent) this.#seal(next)
  }

  /** The end of the message. */
  finish(end: Position): Pick<MessageIndex, 'envelope' | 'structure'> & RootFacts {
    while (this.#open.length > 1) this.#closeInnermost(end)
    const root = this.#innermost
    if (this.#envelope === null) throw new Error('the message header has not been ended')
    return { envelope: this.#envelope, structure: root.close(end), ...this.#facts }
  }

  get #innermost(): OpenPart {
    const part = this.#open.at(-1)
    if (part === undefined) throw new Error('the whole message is always open')
    return part
  }

  /** Keeps the envelope if this header is that of the whole message or of the one in a message part. */
  #indexEnvelope(fields: IndexedFields): void {
    const container = this.#open.at(-2)
    if (container === undefined) this.#envelope = envelopeOf(fields, this.#budget)
    else if (container.content?.kind === 'message') {
      container.envelope = envelopeOf(fields, this.#budget)
    }
  }

  #mayHaveParts(): boolean {
    return (
      this.#open.length < PART_DEPTH_MAX && this.#parts < PARTS_MAX - 1 && !this.#budget.isSpent
    )
  }

  /** Makes the part just opened the last one: opaque, without header, up to the end of the message. */
  #seal(body: Position): void {
    this.boundaries.closeFrom(0)
    const header = { ...plainTextHeader, ...OPAQUE_TYPE, parameters: [] }
    this.#innermost.content = { kind: 'leaf', header, body }
  }

  #closeInnermost(end: Position): void {
    const part = this.#innermost
    this.boundaries.closeFrom(this.#open.length)
    this.#open.pop()
    this.#innermost.closePart(part, end)
  }

  #factsOf(fields: IndexedFields, headerBytes: number): RootFacts {
    return {
      headerBytes,
      receivedFields: fields.count('received'),
      deliveredTo: this.#budget.keepList(
        fields.all('delivered-to').slice(0, DELIVERED_TO_FIELDS_MAX),
      ),
      has: notedFieldNames.filter((name) => fields.has(name)),
      repeatsFields: singleFieldNames.some((name) => fields.count(name) > 1),
    }
  }
}

/** What the header says the part is, limits aside. */
function kindOf({ type, subtype, encoding }: PartHeader): Part['kind'] {
  if (type === 'multipart') return 'multipart'
  return isMessageType(type, subtype) && !encodings.has(encoding) ? 'message' : 'leaf'
}

function isMessageType(type: string, subtype: string): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global')
}

/**
 * A message in one of these has no parts that could be named. RFC 2046 §5.2.1: "No encoding other than 7bit, 8bit, or binary is
 * permitted for the body of a message/rfc822 entity"; message/global may have them (RFC 6532 §3.7).
 */
const encodings: ReadonlySet<string> = new Set(['base64', 'quoted-printable'])
