// Looks for texts in the header and the text parts of one message, decoded and folded. Small messages are read at once, of large
// ones only what is needed, part after part, in pieces; what is kept between pieces is as long as the longest text.
//
// BODY looks into the text parts, also those of attached messages; TEXT into all header fields too, those of parts and of attached
// messages included (RFC 9051 §6.4.4). Parts of other types are not looked into.

import { foldCase } from '#shared/mail/casemap.ts'
import { charsetDecoder } from '#shared/mail/charset.ts'
import type { Part, Span } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { foldedHeaderText } from './header-fields.ts'
import type { TextNeedle } from './predicate.ts'

/** Bytes read with one request; what is longer is streamed. */
export const WINDOW_BYTES_MAX = 128 * 1024
/** Bytes of one header that are searched. */
export const HEADER_SEARCHED_BYTES_MAX = 1024 * 1024

export type ScanRequest = {
  readonly objects: ObjectStore
  readonly blob: Blob
  /** Header fields before the object, byte string. */
  readonly added: string
  readonly structure: Part
  readonly needles: readonly TextNeedle[]
}

/** Those of the texts that the message holds. */
export async function scanText(request: ScanRequest): Promise<ReadonlySet<TextNeedle>> {
  const { blob, added, structure, objects } = request
  const search = new Search(request.needles)
  const source = new ObjectWindow(objects, blob)
  let before = Buffer.from(added, 'latin1')
  for (const segment of segments(structure, search.wantsHeaders)) {
    if (search.done) break
    if (segment.kind === 'header') {
      const length = Math.min(segment.span[1], HEADER_SEARCHED_BYTES_MAX)
      const header = await source.read([segment.span[0], length])
      // The first header is the message's own.
      search.header(foldedHeaderText(Buffer.concat([before, header])))
      before = Buffer.alloc(0)
      continue
    }
    const text = new PartText(segment)
    search.beginText()
    if (segment.span[1] <= WINDOW_BYTES_MAX) {
      search.text(text.push(await source.read(segment.span)))
    } else {
      for await (const piece of source.stream(segment.span)) {
        search.text(text.push(piece))
        if (search.done) break
      }
    }
    search.text(text.finish())
  }
  return search.found
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

/** A part's bytes as folded text. An unknown transfer encoding is taken for none. */
class PartText {
  readonly #transfer
  readonly #charset

  constructor({ encoding, charset }: TextSegment) {
    this.#transfer = transferDecoder(encoding)
    this.#charset = charsetDecoder(charset)
  }

  push(piece: Uint8Array): string {
    return foldCase(this.#charset.push(this.#transfer?.push(piece) ?? piece))
  }

  finish(): string {
    const rest = this.#transfer?.finish()
    const text = rest === undefined || rest.length === 0 ? '' : this.#charset.push(rest)
    return foldCase(text + this.#charset.finish())
  }
}

/** Which of the texts have been found so far. */
class Search {
  readonly found = new Set<TextNeedle>()
  readonly wantsHeaders: boolean
  #missing: readonly TextNeedle[]
  readonly #overlap: number
  /** The end of what came before in this part. */
  #tail = ''

  constructor(needles: readonly TextNeedle[]) {
    this.#missing = needles
    this.wantsHeaders = needles.some(({ kind }) => kind === 'text')
    this.#overlap = Math.max(...needles.map(({ folded }) => folded.length)) - 1
  }

  get done(): boolean {
    return this.#missing.length === 0
  }

  header(text: string): void {
    this.#look(text, (needle) => needle.kind === 'text')
  }

  beginText(): void {
    this.#tail = ''
  }

  text(text: string): void {
    if (text === '') return
    const all = this.#tail + text
    this.#look(all, () => true)
    this.#tail = this.#overlap > 0 ? all.slice(-this.#overlap) : ''
  }

  #look(text: string, wants: (needle: TextNeedle) => boolean): void {
    let foundMore = false
    for (const needle of this.#missing) {
      if (!wants(needle) || !text.includes(needle.folded)) continue
      this.found.add(needle)
      foundMore = true
    }
    if (foundMore) this.#missing = this.#missing.filter((needle) => !this.found.has(needle))
  }
}

/** An object's bytes, read in windows, so that parts beside each other share a request. */
class ObjectWindow {
  readonly #objects: ObjectStore
  readonly #blob: Blob
  #offset = 0
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(objects: ObjectStore, blob: Blob) {
    this.#objects = objects
    this.#blob = blob
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
