// A message that follows from a delivery: redirected mail, a reply. Its bytes are stored first, under a name of their own; the queue writes
// its item in the transaction of the recipient it belongs to. What a crash leaves between the two is an orphan, which the collector finds.

import type { Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { objectKey } from './blob.ts'
import { type QueuedMessage, untouched } from './records.ts'

export type CreatedMessage = {
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  /** All header fields before the content, byte string: nothing is completed later. */
  readonly prepend: string
  /** Addresses here that it was delivered to before, this recipient's among them: what keeps it from going in circles. */
  readonly deliveredTo: readonly string[]
  readonly content:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    /** Bytes that are not to be in memory all at once. */
    | { readonly kind: 'stream'; readonly open: () => AsyncIterable<Uint8Array> }
    /** Those of the message that is delivered. */
    | { readonly kind: 'same' }
}

/** Makes the bytes durable; the message as the queue is to write it. Each call makes another one. */
export type StageMessage = (of: QueuedMessage, message: CreatedMessage) => Promise<QueuedMessage>

export function createStageMessage(deps: {
  readonly objects: ObjectStore
  readonly clock: Clock
}): StageMessage {
  const { objects, clock } = deps

  return async function stageMessage(of, { content, ...message }) {
    const arrivedMs = clock.now()
    const queueId = newQueueId(arrivedMs)
    const key = objectKey(queueId)
    const facts = await put(key, of, content)
    return {
      ...untouched,
      ...message,
      queueId,
      object: { key, length: facts.length, storedFirst: true },
      index: facts.index,
      headerBytes: facts.headerBytes,
      completes: false,
      has: [],
      arrivedMs,
      // What is sent on is as unwanted as it was, to whoever gets it, and when its sender is to be told of anything.
      junk: content.kind !== 'bytes' && of.junk,
      bornOf: of.queueId,
    }
  }

  /** Stores the bytes, and tells what a queue item says of them. */
  async function put(
    key: string,
    of: QueuedMessage,
    content: CreatedMessage['content'],
  ): Promise<Pick<QueuedMessage, 'index' | 'headerBytes'> & { readonly length: number }> {
    if (content.kind === 'same') {
      const source = await objects.stream(of.object.key)
      if (source === undefined) throw new Error(`${of.object.key} is gone`)
      await objects.put(key, source)
      return { length: of.object.length, index: of.index, headerBytes: of.headerBytes }
    }
    const indexer = new MessageIndexer()
    if (content.kind === 'bytes') {
      indexer.push(content.bytes)
      await objects.put(key, content.bytes)
    } else {
      await objects.put(key, indexed(content.open(), indexer))
    }
    const index = indexer.finish()
    return { length: index.bytes, index: encodeIndex(index), headerBytes: index.headerBytes }
  }
}

async function* indexed(source: AsyncIterable<Uint8Array>, indexer: MessageIndexer) {
  for await (const chunk of source) {
    indexer.push(chunk)
    yield chunk
  }
}
