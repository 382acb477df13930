// A stored message, or one in memory, as scripts see it.

import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { asItCame, EditedMessage } from './edited-message.ts'
import type { SieveMessage } from './message.ts'
import { type MessageSource, Original } from './original-message.ts'

export function readMessage(source: MessageSource): SieveMessage {
  return new EditedMessage(new Original(source), asItCame)
}

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
