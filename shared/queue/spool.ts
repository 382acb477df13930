// Where received messages become ours: the bytes stream into the object store through the indexer, then the queue item is
// written, then the doorbell rings. Only after the queue item is durable may a listener say `250`.

import { createStrangerTest, ownAuthservIds } from '#shared/contracts/authentication.ts'
import type {
  AcceptedMessage,
  Rewriting,
  SmtpEnvelope,
  Spool,
  Spooled,
  Stash,
} from '#shared/contracts/spool.ts'
import { ADDRESS_BYTES_MAX } from '#shared/mail/address.ts'
import { edited } from '#shared/mail/header-edits.ts'
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
import type { CleanEnvelope } from './clean-envelope.ts'
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
  readonly authservId: string
  /** Besides `mynetworks`: who may write such fields in our name. */
  readonly trustedAuthservNetworks: readonly string[]
}

export function createSpool(deps: {
  readonly queue: MailQueue
  readonly store: Store
  /** The doorbell of a message that is in the queue now (doorbell.ts). */
  readonly ring: (queueId: QueueId) => void
  /** Absent: envelopes stay as they are. */
  readonly cleanEnvelope?: CleanEnvelope
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
  const droppedAuthservIds = ownAuthservIds(options)
  const isStranger = createStrangerTest(options)
  const staged = new WeakMap<Spooled, StagedObject>()

  const receive: Spool['receive'] = async (queueId, source, observers = [], origin) => {
    const isClaimed = origin !== undefined && isStranger(origin)
    const cleaning = new MessageCleaning(isClaimed ? { ...rules, droppedAuthservIds } : rules)
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
    const deliveredTo = deliveredBefore(indexer, options.hostname)
    const { isTlsOptional } = indexer
    const spooled: Spooled = {
      queueId,
      index,
      isSigned,
      isDisallowed,
      isTlsOptional,
      deliveredTo,
      ...(object.stored && { isStored: true }),
    }
    staged.set(spooled, object)
    return spooled
  }

  function stagedOf(spooled: Spooled): StagedObject {
    const object = staged.get(spooled)
    if (object === undefined) throw new Error(`${spooled.queueId} was not received by this spool`)
    return object
  }

  /**
   * Under the key of before: what stood there is nobody's yet, and where the store has it already it is replaced once the last byte of it
   * was read.
   */
  async function rewrite(spooled: Spooled, { edits, body }: Rewriting): Promise<Spooled> {
    const { queueId } = spooled
    const before = stagedOf(spooled)
    const indexer = new MessageIndexer()
    async function* bytes() {
      for await (const chunk of edited(before.open(), edits, body?.open())) {
        indexer.push(chunk)
        yield chunk
      }
    }
    const object = await objects.stage(objectKey(queueId), bytes())
    const index = indexer.finish()
    const deliveredTo = deliveredBefore(indexer, options.hostname)
    const rewritten = { ...spooled, index, deliveredTo }
    staged.set(rewritten, object)
    staged.delete(spooled)
    await before.discard()
    return rewritten
  }

  async function stash(source: AsyncIterable<Uint8Array>): Promise<Stash> {
    const id = newQueueId(deps.clock.now())
    const object = await objects.stage(objectKey(id), source)
    return { bytes: object.bytes, open: () => object.open(), discard: () => forget(id, object) }
  }

  async function forget(queueId: QueueId, object: StagedObject | undefined): Promise<void> {
    try {
      await object?.discard()
      if (object?.stored) await markDead(tables.mail, queueId, deps.clock.now())
    } catch (error) {
      // The collector's search for orphans finds it later.
      deps.log.warn({ queueId, error }, 'discarded message not marked dead')
    }
  }

  const discard = (spooled: Spooled) => forget(spooled.queueId, staged.get(spooled))

  async function accept(accepted: AcceptedMessage) {
    const { spooled, origin, prepend, arrivedMs, held } = accepted
    const { filter = null, junk = false } = accepted
    const { queueId, index, deliveredTo, isTlsOptional = false } = spooled
    const object = stagedOf(spooled)
    const envelope = await cleanedEnvelope(accepted)
    // What a filter sends back is what it got from us, whoever sent it first.
    const comesBack = origin.listener === 'reinjection'
    const isClient =
      options.alwaysAddMissingHeaders ||
      origin.listener === 'local' ||
      (!comesBack && isMynetwork(origin.remoteAddress))
    const from = origin.account !== null ? 'login' : isClient ? 'client' : 'stranger'
    const message: QueuedMessage = {
      ...untouched,
      ...(held !== undefined && { state: 'held', reason: held }),
      queueId,
      // RFC 8689 §4.1: beside the parameter the field means nothing.
      envelope:
        isTlsOptional && !envelope.requireTls ? { ...envelope, tlsRequiredNo: true } : envelope,
      origin,
      filter,
      object: { key: objectKey(queueId), length: index.bytes, storedFirst: object.stored },
      prepend,
      index: encodeIndex(index),
      headerBytes: index.headerBytes,
      deliveredTo,
      ...completionOf(from, index.has),
      arrivedMs,
      junk,
    }
    // The object is committed first and awaited together with the queue item: see StagedObject.
    const committed = object.commit()
    const added = deps.queue.add(message)
    const [stored, item] = await Promise.allSettled([committed, added])
    if (item.status === 'rejected') throw item.reason
    if (stored.status === 'rejected') {
      // The sender hears 451 and comes again. Should this fail too, cleanup finds the item without its object.
      const [queued = message] = await deps.queue.load([queueId])
      await deps.queue.finish(queued, { isUnaccepted: true })
      throw stored.reason
    }
    if (held === undefined) deps.ring(queueId)
    const { messageId } = index.envelope
    if (messageId !== null) return Buffer.from(messageId, 'latin1').toString()
    return lacking(message).includes('message-id') ? ownMessageId(message, options.hostname) : null
  }

  async function cleanedEnvelope(accepted: AcceptedMessage): Promise<SmtpEnvelope> {
    const { cleanEnvelope } = deps
    if (cleanEnvelope === undefined) return accepted.envelope
    try {
      return await cleanEnvelope(accepted)
    } catch (error) {
      // Its sender hears 451: nothing of it is stored yet.
      await discard(accepted.spooled)
      throw error
    }
  }

  return {
    newQueueId: () => newQueueId(deps.clock.now()),
    hasRoom: async () => !(await deps.store.space.isShort()),
    receive,
    open: (spooled) => stagedOf(spooled).open(),
    rewrite,
    stash,
    discard,
    accept,
  }
}

function deliveredBefore(indexer: MessageIndexer, hostname: string): readonly string[] {
  return indexer
    .deliveredBy(hostname)
    .filter((address) => address.length <= ADDRESS_BYTES_MAX)
    .map((address) => Buffer.from(address, 'latin1').toString('utf8'))
}

/** 1 for each of these bytes; undefined for none of them. */
function byteTable(bytes: readonly number[]): Uint8Array | undefined {
  if (bytes.length === 0) return undefined
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = 1
  return table
}
