// A stored message as its reader sees it: header fields for this recipient, header fields the service added, then the object. Nothing was
// rewritten, so offsets are sums; all of them count from the first added field.
//
// What is known of it without reading is where its header ends, and by its index where its parts are. What is needed of its bytes is
// read in one piece where it is small, and streamed where it is large.

import type { BlobId, OpenMessage } from '#shared/contracts/mailbox.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import type { MessageIndex, Part, Span } from '#shared/mail/message-index.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { ByteRange, ObjectStore } from '#shared/storage/ports.ts'

/** The object behind a message is not there: a bug or an operator's doing. */
export class MessageLost extends Error {
  override readonly name = 'MessageLost'
}

export type ObjectReader = Pick<ObjectStore, 'read' | 'stream' | 'size'>

/** Up to this size one read is cheaper than a stream. */
export const READ_WHOLE_BYTES_MAX = 64 * 1024

type Held = {
  readonly offset: number
  readonly end: number
  readonly pieces: readonly Uint8Array[]
}

/** Opening one reads nothing. Whatever reads fails with MessageLost when the object is gone or cut, and as the store does. */
export class StoredMessage implements OpenMessage {
  readonly blobId: BlobId
  /** Bytes of the header fields before the object. */
  readonly addedBytes: number
  /** The whole header, added fields and the ending empty line included. */
  readonly headerBytes: number
  readonly size: number
  readonly #objects: ObjectReader
  readonly #blob: Blob
  readonly #added: Buffer
  #held: Held | undefined
  #checked: Promise<void> | undefined
  #index: MessageIndex | undefined

  /** `prepend`: header fields for this recipient alone, byte string. */
  constructor(objects: ObjectReader, blob: Blob, prepend: string) {
    this.#objects = objects
    this.#blob = blob
    this.#added = Buffer.from(prepend + blob.prepend, 'latin1')
    this.blobId = blob.id
    this.addedBytes = this.#added.length
    this.headerBytes = this.addedBytes + blob.headerBytes
    this.size = this.addedBytes + blob.object.length
  }

  /** What the indexer found, decoded when it is first asked for. Its offsets count from the object. */
  index(): MessageIndex {
    this.#index ??= decodeIndex(this.#blob.index)
    return this.#index
  }

  /** The structure of the object. */
  structure(): Part {
    return this.index().structure
  }

  /** Reads a range into memory; `pieces` within it need no further read. */
  async hold(span: Span): Promise<void> {
    const [offset, length] = span
    this.#held = { offset, end: offset + length, pieces: await this.#read(span) }
  }

  /** The bytes of a range, uncopied. */
  pieces(span: Span): Promise<readonly Uint8Array[]> | readonly Uint8Array[] {
    const held = this.#held
    const [offset, length] = span
    if (held === undefined || offset < held.offset || offset + length > held.end) {
      return this.#read(span)
    }
    return slicePieces(held.pieces, [offset - held.offset, length])
  }

  /** Whether a stream can be promised: fails with MessageLost if the object is not there. */
  check(): Promise<void> {
    this.#checked ??= this.#check()
    return this.#checked
  }

  async #check(): Promise<void> {
    const { key, offset, length } = this.#blob.object
    const size = await this.#objects.size(key)
    if (size === undefined || size < offset + length) throw this.#lost()
  }

  /** All of it, or a range, with bounded memory. */
  async *stream(offset = 0, length = this.size - offset): AsyncGenerator<Uint8Array> {
    const added = this.#addedPart([offset, length])
    if (added.length > 0) yield added
    const range = this.#objectRange([offset, length])
    if (range.length === 0) return
    if (range.length <= READ_WHOLE_BYTES_MAX) {
      yield await this.#readObject(range)
      return
    }
    const stream = await this.#objects.stream(this.#blob.object.key, range)
    if (stream === undefined) throw this.#lost()
    let bytes = 0
    for await (const piece of stream) {
      bytes += piece.length
      yield piece
    }
    if (bytes !== range.length) throw this.#lost()
  }

  async #read(span: Span): Promise<readonly Uint8Array[]> {
    const added = this.#addedPart(span)
    const range = this.#objectRange(span)
    if (range.length === 0) return added.length > 0 ? [added] : []
    const bytes = await this.#readObject(range)
    return added.length > 0 ? [added, bytes] : [bytes]
  }

  async #readObject(range: ByteRange): Promise<Uint8Array> {
    const bytes = await this.#objects.read(this.#blob.object.key, range)
    if (bytes?.length !== range.length) throw this.#lost()
    return bytes
  }

  #addedPart([offset, length]: Span): Buffer {
    return this.#added.subarray(offset, offset + length)
  }

  #objectRange([offset, length]: Span): ByteRange {
    const { addedBytes } = this
    const from = Math.max(0, offset - addedBytes)
    const to = Math.max(from, Math.min(offset + length, this.size) - addedBytes)
    return { offset: this.#blob.object.offset + from, length: to - from }
  }

  #lost(): MessageLost {
    return new MessageLost(`object ${this.#blob.object.key} is missing or cut`)
  }
}

/** A range of what the pieces hold together. */
export function slicePieces(pieces: readonly Uint8Array[], [offset, length]: Span): Uint8Array[] {
  const slice: Uint8Array[] = []
  let skip = offset
  let left = length
  for (const piece of pieces) {
    if (left === 0) break
    if (skip >= piece.length) {
      skip -= piece.length
      continue
    }
    const part = piece.subarray(skip, skip + left)
    slice.push(part)
    left -= part.length
    skip = 0
  }
  return slice
}
