// A message as it comes into the queue: received from a client (spool.ts), or born of the delivery of another one.

import type { Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { ADDRESS_BYTES_MAX } from '#shared/mail/address.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { completionOf } from './added-fields.ts'
import { objectKey } from './blob.ts'
import { type QueuedMessage, untouched } from './records.ts'

/** A message that follows from a delivery: redirected mail, a reply. It comes into the queue with the result of its recipient, or not at all. */
export type NewMessage = {
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  /** Header fields before the content, byte string. */
  readonly prepend: string
  readonly content:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    /** The bytes of the message that is delivered. */
    | { readonly kind: 'same' }
}

/**
 * Makes the bytes of new messages durable, each as an object of its own, so that no removal of another message's object takes them away.
 * Nothing refers to an object before the queue item is written: what is left of an attempt that came to nothing is found as an orphan.
 */
export type StoreNewMessages = (
  parent: Pick<QueuedMessage, 'object'>,
  messages: readonly NewMessage[],
) => Promise<readonly QueuedMessage[]>

export function createStoreNewMessages(deps: {
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly hostname: string
}): StoreNewMessages {
  const { objects, clock, hostname } = deps

  async function store(
    parent: Pick<QueuedMessage, 'object'>,
    { envelope, origin, prepend, content }: NewMessage,
  ): Promise<QueuedMessage> {
    const arrivedMs = clock.now()
    const queueId = newQueueId(arrivedMs)
    const indexer = new MessageIndexer()
    async function* bytes() {
      const { key } = parent.object
      const source = content.kind === 'bytes' ? [content.bytes] : await objects.stream(key)
      if (source === undefined) throw new Error(`no object ${key}`)
      for await (const chunk of source) {
        indexer.push(chunk)
        yield chunk
      }
    }
    const object = await objects.stage(objectKey(queueId), bytes())
    await object.commit()
    const index = indexer.finish()
    const deliveredTo = deliveredToOf(indexer, hostname)
    return queuedMessage({
      ...{ queueId, envelope, origin, prepend, index, deliveredTo, arrivedMs },
      storedFirst: true,
      completion: completionOf('stranger', index.has),
    })
  }

  return async (parent, messages) => {
    const stored: QueuedMessage[] = []
    for (const message of messages) stored.push(await store(parent, message))
    return stored
  }
}

export function queuedMessage(message: {
  readonly queueId: QueueId
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  readonly prepend: string
  readonly index: MessageIndex
  readonly deliveredTo: readonly string[]
  readonly arrivedMs: number
  readonly storedFirst: boolean
  readonly completion: ReturnType<typeof completionOf>
  /** Why it waits for an operator from the beginning. */
  readonly held?: string | undefined
}): QueuedMessage {
  const { index, storedFirst, completion, held, ...facts } = message
  return {
    ...untouched,
    ...(held !== undefined && { state: 'held', reason: held }),
    ...facts,
    object: { key: objectKey(message.queueId), length: index.bytes, storedFirst },
    index: encodeIndex(index),
    headerBytes: index.headerBytes,
    ...completion,
  }
}

/** Addresses here that it was delivered to before. */
export function deliveredToOf(indexer: MessageIndexer, hostname: string): readonly string[] {
  return indexer
    .deliveredBy(hostname)
    .filter((address) => address.length <= ADDRESS_BYTES_MAX)
    .map((address) => Buffer.from(address, 'latin1').toString('utf8'))
}
