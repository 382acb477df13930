// What stays of a message and its groups when they leave the queue: their items, in place of being deleted, shrink to what they have to
// tell and end by their `ttl`. That is the same write as the deletion, so there is no end without a story and none is paid for; and the
// keys are those of before, so that whoever has a queue id has the story.
//
// An ended message has the state `ended`, which no condition of a worker asks for, and is in no index. `trace` is the version: 1.

import type { Origin } from '#shared/contracts/spool.ts'
import { decodeEnvelope } from '#shared/mail/index-codec.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Item, Key } from '#shared/storage/ports.ts'
import { ENDED } from '../group-item.ts'
import {
  count,
  type Destination,
  type Group,
  list,
  optional,
  packOrigin,
  type QueuedMessage,
  trailAttribute,
  unpackOrigin,
} from '../records.ts'
import { clip } from '../results.ts'
import type { Trail } from './trail.ts'
import { unpackTrail } from './trail-codec.ts'

const VERSION = 1

/** Envelope recipients of an ended message that are named. Whoever ended is named with his group. */
export const ENVELOPE_NAMED_MAX = 100
const MESSAGE_ID_BYTES_MAX = 500

/** done: delivered, or returned to its sender. deleted: by an operator. nobody: an operator's release found nobody who lacks it. */
export type HowEnded = 'done' | 'deleted' | 'nobody'

/** What is told of a message before anything is done with it. */
export type MessageHead = {
  readonly queueId: QueueId
  readonly sender: string
  readonly recipients: readonly string[]
  /** Further ones. */
  readonly more: number
  readonly origin: Origin
  readonly bytes: number
  /** Null where it had none. */
  readonly messageId: string | null
  readonly arrivedMs: number
  readonly junk: boolean
  readonly filter: string | null
  readonly bornOf: QueueId | null
}

export type EndedMessage = MessageHead & {
  readonly how: HowEnded
  readonly endedMs: number
  readonly trail: Trail
}

export type EndedGroup = { readonly destination: Destination; readonly trail: Trail }

export function headOf(message: QueuedMessage): MessageHead {
  const { queueId, envelope, origin, arrivedMs, junk, filter, bornOf = null } = message
  const addresses = envelope.recipients.map(({ address }) => address)
  return {
    queueId,
    sender: envelope.sender,
    recipients: addresses.slice(0, ENVELOPE_NAMED_MAX),
    more: Math.max(0, addresses.length - ENVELOPE_NAMED_MAX),
    origin,
    bytes: message.object.length,
    messageId: messageIdOf(message),
    arrivedMs,
    junk,
    filter,
    bornOf,
  }
}

/** As it is in its header. */
export function messageIdOf({ index }: Pick<QueuedMessage, 'index'>): string | null {
  if (index.length === 0) return null
  const { messageId } = decodeEnvelope(index)
  return messageId === null
    ? null
    : clip(Buffer.from(messageId, 'latin1').toString(), MESSAGE_ID_BYTES_MAX)
}

export type EndFacts = { readonly how: HowEnded; readonly endedMs: number; readonly ttl: number }

export function endedMessageItem(message: QueuedMessage, key: Key, facts: EndFacts): Item {
  const { sender, recipients, more, origin, bytes, messageId, arrivedMs, junk, filter, bornOf } =
    headOf(message)
  const { how, endedMs, ttl } = facts
  return {
    ...key,
    state: ENDED,
    trace: VERSION,
    sender,
    recipients,
    ...(more > 0 && { more }),
    origin: packOrigin(origin),
    length: bytes,
    ...(messageId !== null && { messageId }),
    arrivedMs,
    ...(junk && { junk }),
    ...(filter !== null && { filter }),
    ...(bornOf !== null && { bornOf }),
    how,
    endedMs,
    ttl,
    ...trailAttribute(message.trail),
  }
}

/** Undefined for what a later version wrote. */
export function endedMessage(item: Item): EndedMessage | undefined {
  if (item.trace !== VERSION) return undefined
  return {
    queueId: item.pk.slice(2) as QueueId,
    sender: String(item.sender),
    recipients: list(item.recipients).map(String),
    more: count(item.more),
    origin: unpackOrigin(item.origin),
    bytes: count(item.length),
    messageId: optional(item.messageId),
    arrivedMs: count(item.arrivedMs),
    junk: item.junk === true,
    filter: optional(item.filter),
    bornOf: optional(item.bornOf) as QueueId | null,
    how: item.how as HowEnded,
    endedMs: count(item.endedMs),
    trail: unpackTrail(item.trail),
  }
}

export function endedGroupItem({ destination, trail }: Group, key: Key, ttl: number): Item {
  return {
    ...key,
    state: ENDED,
    trace: VERSION,
    nextHop: destination.kind === 'remote' ? destination.slot : null,
    ttl,
    ...trailAttribute(trail),
  }
}

export function endedGroup(item: Item): EndedGroup | undefined {
  if (item.trace !== VERSION) return undefined
  const slot = optional(item.nextHop)
  return {
    destination: slot === null ? { kind: 'local' } : { kind: 'remote', slot },
    trail: unpackTrail(item.trail),
  }
}
