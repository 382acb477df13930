// A stored message, or one in memory, as scripts see it. The header is read once, in one piece; the rest when it is asked for.

import { headerFields } from '#shared/mail/header-field.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { Part, Span } from '#shared/mail/message-index.ts'
import type { StoredMessage } from '#shared/message/stored-message.ts'
import { Header, type SieveMessage } from './message.ts'

/** What is needed of a message that is stored: offsets of the structure count from behind the added fields. */
export type MessageSource = Pick<
  StoredMessage,
  'addedBytes' | 'headerBytes' | 'size' | 'structure' | 'stream'
>

/** Of the header; a longer one is looked at so far. */
const HEADER_BYTES_MAX = 1024 * 1024

export function readMessage(source: MessageSource): SieveMessage {
  let header: Promise<Header> | Header | undefined
  const load = async (offset: number, length: number) => {
    const pieces: Uint8Array[] = []
    const bytes = Math.min(length, HEADER_BYTES_MAX)
    for await (const piece of source.stream(offset, bytes)) pieces.push(piece)
    return new Header(headerFields(Buffer.concat(pieces)))
  }
  return {
    size: source.size,
    header() {
      header ??= load(0, source.headerBytes).then((loaded) => {
        header = loaded
        return loaded
      })
      return header
    },
    structure: () => source.structure(),
    partHeader: ({ header: [offset, length] }) => load(source.addedBytes + offset, length),
    content: (part) => source.stream(...absolute(source, part.body)),
    body: () => source.stream(source.headerBytes, source.size - source.headerBytes),
    changed: undefined,
  }
}

const absolute = ({ addedBytes }: MessageSource, [offset, length]: Span): Span => [
  addedBytes + offset,
  length,
]

/** All of it in memory. */
export function bytesSource(bytes: Uint8Array): MessageSource {
  let index: { readonly headerBytes: number; readonly structure: Part } | undefined
  const indexed = () => {
    if (index === undefined) {
      const indexer = new MessageIndexer()
      indexer.push(bytes)
      index = indexer.finish()
    }
    return index
  }
  return {
    addedBytes: 0,
    size: bytes.length,
    get headerBytes() {
      return indexed().headerBytes
    },
    structure: () => indexed().structure,
    async *stream(offset = 0, length = bytes.length - offset) {
      if (length > 0) yield bytes.subarray(offset, offset + length)
    },
  }
}
