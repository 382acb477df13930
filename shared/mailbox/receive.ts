// Messages that come from a client rather than through the queue (APPEND, REPLACE): the bytes stream into the object store
// through the indexer. Object and message are made durable together by whoever appends it.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { ReceivedMessage } from './port.ts'

/** With bounded memory. A source that throws leaves nothing behind and its error is passed on. */
export async function receive(
  { objects, clock }: { readonly objects: ObjectStore; readonly clock: Clock },
  source: AsyncIterable<Uint8Array>,
): Promise<ReceivedMessage> {
  // Like the queue's, so that the orphan search of the collector knows the object's age.
  const id = newQueueId(clock.now())
  const key = `mail/${id}`
  const indexer = new MessageIndexer()
  const staged = await objects.stage(key, passThrough(source, indexer))
  const index = indexer.finish()
  const { bytes, containsNul } = index
  return {
    blob: {
      id: id as string as BlobId,
      object: { key, offset: 0, length: index.bytes },
      prepend: '',
      index: encodeIndex(index),
      headerBytes: index.headerBytes,
    },
    index: { bytes, containsNul },
    endsLine: indexer.endsLine,
    stored: staged.stored,
    commit: () => staged.commit(),
    discard: () => staged.discard().catch(() => undefined),
  }
}

async function* passThrough(source: AsyncIterable<Uint8Array>, indexer: MessageIndexer) {
  for await (const chunk of source) {
    indexer.push(chunk)
    yield chunk
  }
}
