// Where received messages become ours: the bytes stream into the object store through the indexer, then the queue item is
// written, then the doorbell rings. Only after the queue item is durable may a listener say `250`.

import type { AcceptedMessage, Spool, Spooled } from '#shared/contracts/spool.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectStore, Queue, Table } from '#shared/storage/ports.ts'
import { markDead, objectKey } from './blob.ts'
import type { MailQueue } from './mail-queue.ts'

export function createSpool(deps: {
  readonly queue: MailQueue
  readonly objects: ObjectStore
  readonly mail: Table
  readonly incoming: Queue
  readonly clock: Clock
  readonly log: Log
}): Spool {
  async function receive(queueId: QueueId, source: AsyncIterable<Uint8Array>): Promise<Spooled> {
    const indexer = new MessageIndexer()
    await deps.objects.put(objectKey(queueId), indexed(source, indexer))
    return { queueId, index: indexer.finish() }
  }

  async function discard({ queueId }: Spooled): Promise<void> {
    try {
      await markDead(deps.mail, queueId, deps.clock.now())
    } catch (error) {
      // The orphan search of the sweeper finds it later.
      deps.log.warn({ queueId, error }, 'discarded message not marked dead')
    }
  }

  async function accept({ spooled, envelope, origin, prepend, arrivedMs }: AcceptedMessage) {
    const { queueId, index } = spooled
    await deps.queue.add({
      queueId,
      state: 'incoming',
      reason: null,
      envelope,
      origin,
      object: { key: objectKey(queueId), length: index.bytes },
      prepend,
      index: encodeIndex(index),
      headerBytes: index.headerBytes,
      deliveredTo: index.deliveredTo,
      has: origin.account ? index.has : [],
      arrivedMs,
      groups: 0,
    })
    // Not awaited: a lost doorbell is rung again by the sweeper.
    deps.incoming.send([queueId]).catch((error) => {
      deps.log.warn({ queueId, error }, 'doorbell not rung')
    })
  }

  return { newQueueId: () => newQueueId(deps.clock.now()), receive, discard, accept }
}

async function* indexed(source: AsyncIterable<Uint8Array>, indexer: MessageIndexer) {
  for await (const chunk of source) {
    indexer.push(chunk)
    yield chunk
  }
}
