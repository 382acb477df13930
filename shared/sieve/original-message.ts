// The message as it came, which is below all that scripts make of it. The header is read once, in one piece; the rest when it is asked for.

import { headerFields } from '#shared/mail/header-field.ts'
import { HEADER_INDEXED_BYTES_MAX, type Part, type Span } from '#shared/mail/message-index.ts'
import type { StoredMessage } from '#shared/message/stored-message.ts'
import { type HeaderLines, headerLines } from './header-lines.ts'
import { Header } from './message.ts'

/** What is needed of a message that is stored: offsets of the structure count from behind the added fields. */
export type MessageSource = Pick<
  StoredMessage,
  'addedBytes' | 'headerBytes' | 'size' | 'structure' | 'stream'
>

/** Of the header; a longer one is looked at so far. */
const HEADER_BYTES_MAX = 1024 * 1024
/** A message up to this size is read once, when one of its parts is asked for: a part is a read of its own elsewhere. */
const HELD_BYTES_MAX = 1024 * 1024

export class Original {
  readonly #source: MessageSource
  #text: Promise<Buffer> | undefined
  #header: Promise<Header> | Header | undefined
  #lines: HeaderLines | undefined
  #held: Promise<Buffer> | undefined

  constructor(source: MessageSource) {
    this.#source = source
  }

  get size(): number {
    return this.#source.size
  }

  structure(): Part {
    return this.#source.structure()
  }

  header(): Promise<Header> | Header {
    this.#header ??= this.#headerBytes().then((bytes) => {
      const loaded = new Header(headerFields(bytes))
      this.#header = loaded
      return loaded
    })
    return this.#header
  }

  /** What is too long to be edited is `restOfHeader`. */
  async lines(): Promise<HeaderLines> {
    if (this.#lines === undefined) {
      const text = (await this.#headerBytes()).toString('latin1')
      this.#lines = headerLines(text, this.#source.headerBytes <= HEADER_BYTES_MAX)
    }
    return this.#lines
  }

  restOfHeader(): AsyncIterable<Uint8Array> {
    const from = Math.min(this.#source.headerBytes, HEADER_BYTES_MAX)
    return this.#source.stream(from, this.#source.headerBytes - from)
  }

  rawHeader(): AsyncIterable<Uint8Array> {
    return this.#source.stream(0, this.#source.headerBytes)
  }

  body(): AsyncIterable<Uint8Array> {
    const { headerBytes, size } = this.#source
    return this.#source.stream(headerBytes, size - headerBytes)
  }

  async partHeader({ header: [offset, length] }: Part): Promise<Header> {
    const span: Span = [offset, Math.min(length, HEADER_INDEXED_BYTES_MAX)]
    return new Header(headerFields(await read(this.span(span))))
  }

  /** As the structure counts. */
  async *span([offset, length]: Span): AsyncGenerator<Uint8Array> {
    if (length === 0) return
    const { addedBytes, size } = this.#source
    const from = addedBytes + offset
    if (size > HELD_BYTES_MAX) {
      yield* this.#source.stream(from, length)
      return
    }
    this.#held ??= read(this.#source.stream(0, size))
    yield (await this.#held).subarray(from, from + length)
  }

  #headerBytes(): Promise<Buffer> {
    const bytes = Math.min(this.#source.headerBytes, HEADER_BYTES_MAX)
    this.#text ??= read(this.#source.stream(0, bytes))
    return this.#text
  }
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
