// Looks for texts in the header and the text parts of one message, decoded and folded. Small messages are read at once, of large
// ones only what is needed, part after part, in pieces. Nothing is kept between pieces but how much of each text is matched.
//
// BODY looks into the text parts, also those of attached messages; TEXT into all header fields too, those of parts and of attached
// messages included (RFC 9051 §6.4.4). Parts of other types are not looked into.

import { charsetDecoder } from '#shared/mail/charset.ts'
import { HEADER_INDEXED_BYTES_MAX, type Part, type Span } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { headerLines } from './header-fields.ts'
import { NeedleScan, type TextNeedle } from './needle.ts'
import type { Pace } from './pace.ts'
import type { Reading } from './reading.ts'
import { scanPieces, scanText } from './scan-pieces.ts'

/** Bytes read with one request; what is longer is streamed. */
export const WINDOW_BYTES_MAX = 128 * 1024
/** Bytes of one header that are searched: as many as the indexer looks at. */
export const HEADER_SEARCHED_BYTES_MAX = HEADER_INDEXED_BYTES_MAX
/** Bytes decoded at once. */
const DECODED_BYTES = 16 * 1024

export type ScanRequest = {
  readonly source: ObjectWindow
  /** Header fields before the object, byte string. */
  readonly added: string
  readonly structure: Part
  readonly needles: readonly TextNeedle[]
  readonly pace: Pace
}

/** Those of the texts that the message holds. */
export async function textsIn(request: ScanRequest): Promise<ReadonlySet<TextNeedle>> {
  const { source, structure, needles, pace } = request
  const found = new Set<TextNeedle>()
  const inHeaders = needles.filter(({ kind }) => kind === 'text')
  let { added } = request
  for (const segment of segments(structure, inHeaders.length > 0)) {
    if (found.size === needles.length) break
    if (segment.kind === 'header') {
      const length = Math.min(segment.span[1], HEADER_SEARCHED_BYTES_MAX)
      const header = asBuffer(await source.read([segment.span[0], length])).toString('latin1')
      // The first header is the message's own.
      const scan = new NeedleScan(inHeaders, found)
      const wait = scan.done ? undefined : scanPieces(headerLines(added + header), scan, pace)
      if (wait) await wait
      added = ''
      continue
    }
    const scan = new NeedleScan(needles, found)
    const text = new PartText(segment)
    if (segment.span[1] <= WINDOW_BYTES_MAX) {
      await text.scan(await source.read(segment.span), scan, pace)
    } else {
      for await (const piece of source.stream(segment.span)) {
        await text.scan(piece, scan, pace)
        if (scan.done) break
      }
    }
    const wait = scanText(text.finish(), scan, pace)
    if (wait) await wait
  }
  return found
}

type TextSegment = {
  readonly kind: 'text'
  readonly span: Span
  readonly encoding: string
  readonly charset: string | null
}
type Segment = { readonly kind: 'header'; readonly span: Span } | TextSegment

/** What is looked into, in the order of the bytes. */
function* segments(part: Part, headers: boolean): Generator<Segment> {
  if (headers) yield { kind: 'header', span: part.header }
  switch (part.kind) {
    case 'multipart':
      for (const child of part.parts) yield* segments(child, headers)
      return
    case 'message':
      yield* segments(part.message, headers)
      return
    case 'leaf':
      // RFC 9051 §6.4.4: text parts, and message parts that have no structure of their own (delivery status, encoded ones).
      if (part.type !== 'text' && part.type !== 'message') return
      yield {
        kind: 'text',
        span: part.body,
        encoding: part.encoding,
        charset: parameterValue(part.parameters, 'charset'),
      }
  }
}

/** A part's bytes as text. An unknown transfer encoding is taken for none. */
class PartText {
  readonly #transfer
  readonly #charset

  constructor({ encoding, charset }: TextSegment) {
    this.#transfer = transferDecoder(encoding)
    this.#charset = charsetDecoder(charset)
  }

  async scan(piece: Uint8Array, scan: NeedleScan<TextNeedle>, pace: Pace): Promise<void> {
    for (let at = 0; at < piece.length && !scan.done; at += DECODED_BYTES) {
      const bytes = piece.subarray(at, at + DECODED_BYTES)
      const text = this.#charset.push(this.#transfer?.push(bytes) ?? bytes)
      const wait = scanText(text, scan, pace) ?? pace.spent(bytes.length)
      if (wait) await wait
    }
  }

  finish(): string {
    const rest = this.#transfer?.finish()
    const text = rest === undefined || rest.length === 0 ? '' : this.#charset.push(rest)
    return text + this.#charset.finish()
  }
}

/** An object's bytes, read in windows, so that parts beside each other share a request. */
export class ObjectWindow {
  readonly #objects: Reading['objects']
  readonly #blob: Blob
  #offset = 0
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(objects: Reading['objects'], blob: Blob) {
    this.#objects = objects
    this.#blob = blob
  }

  get firstBytes(): number {
    return Math.min(this.#blob.object.length, WINDOW_BYTES_MAX)
  }

  /** Reads the beginning, which for most messages is all. */
  async begin(): Promise<void> {
    await this.read([0, this.firstBytes])
  }

  async read([offset, length]: Span): Promise<Uint8Array> {
    const from = offset - this.#offset
    if (from >= 0 && from + length <= this.#bytes.length) {
      return this.#bytes.subarray(from, from + length)
    }
    const { object } = this.#blob
    const rest = object.length - offset
    const window = Math.min(rest, Math.max(length, WINDOW_BYTES_MAX))
    const range = { offset: object.offset + offset, length: window }
    // What is not there holds no text.
    this.#bytes = (await this.#objects.read(object.key, range)) ?? new Uint8Array(0)
    this.#offset = offset
    return this.#bytes.subarray(0, length)
  }

  async *stream([offset, length]: Span): AsyncGenerator<Uint8Array> {
    const { object } = this.#blob
    const range = { offset: object.offset + offset, length }
    yield* (await this.#objects.stream(object.key, range)) ?? []
  }
}
