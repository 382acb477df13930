// Where received messages become ours: the bytes stream into the object store through the indexer, then the queue item is
// written, then the doorbell rings. Only after the queue item is durable may a listener say `250`.

import type { AcceptedMessage, Spool, Spooled } from '#shared/contracts/spool.ts'
import { ADDRESS_BYTES_MAX } from '#shared/mail/address.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { type CleaningRules, cleaned, MessageCleaning } from '#shared/mail/message-cleaning.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { StagedObject, Store } from '#shared/storage/ports.ts'
import { completionOf, lacking, ownMessageId } from './added-fields.ts'
import { markDead, objectKey } from './blob.ts'
import type { MailQueue } from './mail-queue.ts'
import { type QueuedMessage, untouched } from './records.ts'

export type SpoolOptions = {
  readonly hostname: string
  /** Clients whose messages are completed as those of logins are. */
  readonly mynetworks: readonly string[]
  readonly alwaysAddMissingHeaders: boolean
  /** In lower case. */
  readonly messageDropHeaders: readonly string[]
  /** Bytes. */
  readonly messageStripCharacters: readonly number[]
  readonly messageRejectCharacters: readonly number[]
}

export function createSpool(deps: {
  readonly queue: MailQueue
  readonly store: Store
  /** The doorbell of a message that is in the queue now (doorbell.ts). */
  readonly ring: (queueId: QueueId) => void
  readonly options: SpoolOptions
  readonly clock: Clock
  readonly log: Log
}): Spool {
  const { objects, tables } = deps.store
  const { options } = deps
  const rules: CleaningRules = {
    dropHeaders: options.messageDropHeaders,
    strippedBytes: byteTable(options.messageStripCharacters),
  }
  const rejected = byteTable(options.messageRejectCharacters)
  const isMynetwork = createNetworkMatcher(options.mynetworks)
  const staged = new WeakMap<Spooled, StagedObject>()

  const receive: Spool['receive'] = async (queueId, source, observers = []) => {
    const cleaning = new MessageCleaning(rules)
    const indexer = new MessageIndexer()
    let isDisallowed = false
    async function* bytes() {
      for await (const chunk of cleaned(source, cleaning)) {
        isDisallowed ||= rejected !== undefined && chunk.some((byte) => rejected[byte] === 1)
        indexer.push(chunk)
        for (const observer of observers) observer.push(chunk)
        yield chunk
      }
      // While nothing is staged yet: whoever throws here leaves nothing behind.
      for (const observer of observers) observer.finish()
    }
    const object = await objects.stage(objectKey(queueId), bytes())
    const index = indexer.finish()
    const { type, subtype } = index.structure
    const isSigned = cleaning.isSigned || (type === 'multipart' && subtype === 'signed')
    const deliveredTo = indexer
      .deliveredBy(options.hostname)
      .filter((address) => address.length <= ADDRESS_BYTES_MAX)
      .map((address) => Buffer.from(address, 'latin1').toString('utf8'))
    const spooled = { queueId, index, isSigned, isDisallowed, deliveredTo }
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
      // The collector's search for orphans finds it later.
      deps.log.warn({ queueId, error }, 'discarded message not marked dead')
    }
  }

  async function accept(accepted: AcceptedMessage) {
    const { spooled, envelope, origin, prepend, arrivedMs, held, filter = null } = accepted
    const { queueId, index, deliveredTo } = spooled
    const object = staged.get(spooled)
    if (object === undefined) throw new Error(`${queueId} was not received by this spool`)
    const isClient = options.alwaysAddMissingHeaders || isMynetwork(origin.remoteAddress)
    const from = origin.account !== null ? 'login' : isClient ? 'client' : 'stranger'
    const message: QueuedMessage = {
      ...untouched,
      ...(held !== undefined && { state: 'held', reason: held }),
      queueId,
      envelope,
      origin,
      filter,
      object: { key: objectKey(queueId), length: index.bytes, storedFirst: object.stored },
      prepend,
      index: encodeIndex(index),
      headerBytes: index.headerBytes,
      deliveredTo,
      ...completionOf(from, index.has),
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
    if (held === undefined) deps.ring(queueId)
    const { messageId } = index.envelope
    if (messageId !== null) return Buffer.from(messageId, 'latin1').toString()
    return lacking(message).includes('message-id') ? ownMessageId(message, options.hostname) : null
  }

  return {
    newQueueId: () => newQueueId(deps.clock.now()),
    hasRoom: async () => !(await deps.store.space.isShort()),
    receive,
    discard,
    accept,
  }
}

/** 1 for each of these bytes; undefined for none of them. */
function byteTable(bytes: readonly number[]): Uint8Array | undefined {
  if (bytes.length === 0) return undefined
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = 1
  return table
}
