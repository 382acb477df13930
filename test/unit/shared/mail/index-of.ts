import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'

/** The index of a message pushed whole, or in pieces of these sizes, used again and again. */
export function indexOf(message: Uint8Array | string, sizes?: readonly number[]): MessageIndex {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
  const indexer = new MessageIndexer()
  let offset = 0
  for (let i = 0; offset < bytes.length; i++) {
    const size = sizes?.[i % sizes.length] ?? bytes.length
    indexer.push(bytes.subarray(offset, offset + size))
    offset += size
  }
  return indexer.finish()
}
