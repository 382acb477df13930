// Where received messages become ours: the bytes stream into the object store through the indexer, then the queue item is
// written, then the doorbell rings. Only after the queue item is durable may a listener say `250`.

import type { AcceptedMessage, Spool, Spooled } from '#shared/contracts/spool.ts'
import { ADDRESS_BYTES_MAX } from '#shared/mail/address.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { StagedObject, Store } from '#shared/storage/ports.ts'
import { markDead, objectKey } from './blob.ts'
import type { MailQueue } from './mail-queue.ts'
import { type QueuedMessage, untouched } from './records.ts'

export function createSpool(deps: {
  readonly queue: MailQueue
  readonly store: Store
  /** The doorbell of a message that is in the queue now (doorbell.ts). */
  readonly ring: (queueId: QueueId) => void
  readonly clock: Clock
  readonly log: Log
}): Spool {
  const { objects, tables } = deps.store
  const staged = new WeakMap<Spooled, StagedObject>()

  async function receive(queueId: QueueId, source: AsyncIterable<Uint8Array>): Promise<Spooled> {
    const indexer = new MessageIndexer()
    const object = await objects.stage(objectKey(queueId), indexed(source, indexer))
    const spooled = { queueId, index: indexer.finish() }
    staged.set(spooled, object)
    return spooled
  }

  async function discard(spooled: Spooled): Promise<void> {
    const { queueId } = spooled
    const object = staged.get(spooled)
    try {
      await object?.discard()
      if (object?.stored) await markDead(tables.mail, queueId, deps.clock.now())
    } catch (error) {
      // The orphan search of the sweeper finds it later.
      deps.log.warn({ queueId, error }, 'discarded message not marked dead')
    }
  }

  async function accept({ spooled, envelope, origin, prepend, arrivedMs }: AcceptedMessage) {
    const { queueId, index } = spooled
    const object = staged.get(spooled)
    if (object === undefined) throw new Error(`${queueId} was not received by this spool`)
    const message: QueuedMessage = {
      ...untouched,
      queueId,
      envelope,
      origin,
      object: { key: objectKey(queueId), length: index.bytes, storedFirst: object.stored },
      prepend,
      index: encodeIndex(index),
      headerBytes: index.headerBytes,
      deliveredTo: index.deliveredTo.filter((address) => address.length <= ADDRESS_BYTES_MAX),
      has: origin.account ? index.has : [],
      arrivedMs,
    }
    // The object is committed first and awaited together with the queue item: see StagedObject.
    const committed = object.commit()
    const added = deps.queue.add(message)
    const [stored, item] = await Promise.allSettled([committed, added])
    if (item.status === 'rejected') throw item.reason
    if (stored.status === 'rejected') {
      // The sender hears 451 and comes again. Should this fail too, cleanup finds the item without its object.
      const [queued = message] = await deps.queue.load([queueId])
      await deps.queue.finish(queued)
      throw stored.reason
    }
    deps.ring(queueId)
  }

  return {
    newQueueId: () => newQueueId(deps.clock.now()),
    hasRoom: async () => !(await deps.store.space.isShort()),
    receive,
    discard,
    accept,
  }
}

async function* indexed(source: AsyncIterable<Uint8Array>, indexer: MessageIndexer) {
  for await (const chunk of source) {
    indexer.push(chunk)
    yield chunk
  }
}
