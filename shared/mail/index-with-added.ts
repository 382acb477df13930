// The index of a message that header fields were put before.

import { decodeIndex, encodeIndex } from './index-codec.ts'
import { MessageIndexer } from './indexer.ts'
import type { ByteString } from './message-index.ts'

/**
 * An encoded index whose ENVELOPE also has Date, Message-ID and the author from `fields` (each ended by CRLF), where the message
 * has none itself (RFC 6409 §8). All else tells of the message without them. Throws MalformedIndex for other bytes.
 */
export function indexWithAdded(index: Uint8Array, fields: ByteString): Uint8Array {
  const indexer = new MessageIndexer()
  indexer.push(Buffer.from(`${fields}\r\n`, 'latin1'))
  const added = indexer.finish().envelope
  const own = decodeIndex(index)
  const envelope = {
    ...own.envelope,
    date: own.envelope.date ?? added.date,
    messageId: own.envelope.messageId ?? added.messageId,
    from: own.envelope.from ?? added.from,
    sender: own.envelope.sender ?? added.sender,
    replyTo: own.envelope.replyTo ?? added.replyTo,
  }
  return encodeIndex({ ...own, envelope })
}
