// Items of the `queue` table as typed records, and back.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient, Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import type { Item, Value } from '#shared/storage/ports.ts'
import { apartKey, INDEX_SK, messageKey, recipientsSk } from './keys.ts'
import { isDone, type LastResult } from './results.ts'
import { noTrail, type Trail } from './trace/trail.ts'
import { packTrail, unpackTrail } from './trace/trail-codec.ts'

/**
 * incoming: accepted, not yet expanded. split: into groups. held: an operator decides. corrupt: workers died or failed
 * on it again and again; nothing touches it until an operator looks.
 */
export type MessageState = 'incoming' | 'split' | 'held' | 'corrupt'
/** waiting: for a worker. leased: a worker has it, or died with it. deferred: until its time. held: an operator decides. */
export type GroupState = 'waiting' | 'leased' | 'deferred' | 'held'

/**
 * States as they are stored. Deliberately the words of the first version: programs of before and after an update work side by side
 * on a table, and each compares them in its conditions.
 */
export const storedMessageState = {
  incoming: 'incoming',
  split: 'active',
  held: 'hold',
  corrupt: 'corrupt',
} as const satisfies { readonly [state in MessageState]: string }
/** A lease is known by its time. */
export const storedGroupState = {
  waiting: 'active',
  leased: 'active',
  deferred: 'deferred',
  held: 'hold',
} as const satisfies { readonly [state in GroupState]: string }

export type QueuedMessage = {
  readonly queueId: QueueId
  readonly state: MessageState
  readonly reason: string | null
  readonly envelope: SmtpEnvelope
  readonly origin: Origin
  /** The content filter that all its recipients' mail goes through; null for none. */
  readonly filter: string | null
  /** `storedFirst`: the object was durable before this item was written. */
  readonly object: {
    readonly key: string
    readonly length: number
    readonly storedFirst: boolean
  }
  /** Header fields before the object, byte string. */
  readonly prepend: string
  /** Encoded MessageIndex. */
  readonly index: Uint8Array
  readonly headerBytes: number
  /** Addresses here that it was delivered to before. */
  readonly deliveredTo: readonly string[]
  /** It comes from a login, or from another client of ours and lacks header fields that are added for these. */
  readonly completes: boolean
  /** Which of them it has; older versions name others too. */
  readonly has: readonly string[]
  readonly arrivedMs: number
  /** Unwanted: recipients here get it in the folder for that. */
  readonly junk: boolean
  /** Groups still there, 0 while incoming. */
  readonly groups: number
  /** Names the split that made its groups; null where one transaction made them all. */
  readonly split: string | null
  /** References to its blob that were reserved for its recipients here; 0 for none. */
  readonly reserved: number
  /** How many of them are used. */
  readonly used: number
  /** Whom its aliases led to so far (reached.ts); null when that is not known: from an older version, or too many. */
  readonly reached: Uint8Array | null
  /** How often an operator had its aliases followed again. */
  readonly expansions: number
  /** How often cleanup began to work on it after a failure or a death. */
  readonly starts: number
  /** Sort keys of the items that hold what did not fit into its own. */
  readonly apart: readonly string[]
  /** The message of whose delivery it was born: a notice, a reply. */
  readonly bornOf?: QueueId | null
  /** What was done on the spot; what was done with a group is on the group. */
  readonly trail?: Trail
  /** Of the envelope, those for whom a held message was released; the others wait for an operator still. Absent: all of them. */
  readonly releasedFor?: readonly string[]
}

/** What a message begins with. */
export const untouched = {
  state: 'incoming',
  reason: null,
  filter: null,
  groups: 0,
  split: null,
  reserved: 0,
  used: 0,
  reached: null,
  expansions: 0,
  starts: 0,
  apart: [],
  junk: false,
} as const satisfies Partial<QueuedMessage>

/** `slot`: the next hop as it was when the group was written, for whoever looks for groups of one destination. It binds nobody. */
export type Destination =
  | { readonly kind: 'local' }
  | { readonly kind: 'remote'; readonly slot: string }

/** A recipient with what became of him last; without it nothing was tried yet. */
export type QueuedRecipient = FinalRecipient & { readonly last?: LastResult }

export type Group = {
  readonly queueId: QueueId
  readonly name: string
  readonly state: GroupState
  readonly destination: Destination
  readonly recipients: readonly QueuedRecipient[]
  readonly attempts: number
  /** When it is tried again (deferred) or rung again (waiting, leased); null when held. */
  readonly dueMs: number | null
  readonly leaseUntilMs: number
  /** Attempts, this one counted, of which it is not known for each recipient whether it was delivered to. */
  readonly unsettled: number
  /** The split that made it: a group of a split that did not come to its end counts nothing. */
  readonly split: string | null
  /** No references were reserved for its recipients, whatever was for others of the message: each adds its own. */
  readonly unreserved: boolean
  /** What was done with its recipients so far, and with those who were in it. */
  readonly trail?: Trail
}

/**
 * Of such a group nothing is tried: its recipients have failed, and wait for their sender to be told. Cleanup and operators leave it (aliases
 * that lead nowhere, whoever is not to be tried any more), and delivery whose sender could not be told.
 */
export const isEnded = ({ recipients }: Pick<Group, 'recipients'>): boolean =>
  recipients.every(isDone)

/** What was said last of the first of them: of those of one attempt mostly what was said of all. */
export const lastReplyOf = ({ recipients }: Pick<Group, 'recipients'>): string | null =>
  recipients.find(({ last }) => last !== undefined)?.last?.reply ?? null

export type QueueEntry = {
  readonly message: QueuedMessage
  /** Empty while the message is incoming. */
  readonly groups: readonly Group[]
}

/** Of the message's own item; what is more lies apart. An item holds ITEM_BYTES_MAX. */
export const MESSAGE_ITEM_BYTES_MAX = 300_000
/** Of one item with envelope recipients. */
const RECIPIENTS_ITEM_BYTES_MAX = 200_000

/** The message as items, its own first. Nearly always that is all. */
export function messageItems(message: QueuedMessage): readonly [Item, ...Item[]] {
  const { queueId } = message
  const whole = messageItem(message, messageKey(queueId))
  if (itemBytes(whole) <= MESSAGE_ITEM_BYTES_MAX) return [whole]
  const { index = null, recipients, ...rest } = whole
  const apart: Item[] = [{ ...apartKey(queueId, INDEX_SK), index }]
  for (const chunk of byBytes(list(recipients), packedBytes, RECIPIENTS_ITEM_BYTES_MAX)) {
    apart.push({ ...apartKey(queueId, recipientsSk(apart.length)), recipients: chunk })
  }
  return [{ ...rest, apart: apart.map(({ sk }) => sk) }, ...apart]
}

/** The item of a message with what lies apart; undefined when some of that is gone, and so the message. */
export function together(item: Item, apart: readonly (Item | undefined)[]): Item | undefined {
  if (apart.length === 0) return item
  let index: Value = null
  const recipients: Value[] = []
  for (const part of apart) {
    if (part === undefined) return undefined
    if (part.sk === INDEX_SK) index = part.index ?? null
    else recipients.push(...list(part.recipients))
  }
  return { ...item, index, recipients }
}

export const apartOf = (item: Item | undefined): readonly string[] => list(item?.apart).map(String)

const packedBytes = (value: Value) => itemBytes({ value })

/** In order, in lists of so many bytes at most; what is larger alone is alone. */
export function byBytes<T>(
  all: readonly T[],
  bytesOf: (one: T) => number,
  bytesMax: number,
): readonly (readonly T[])[] {
  const chunks: T[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const one of all) {
    bytes += bytesOf(one)
    if (bytes > bytesMax) {
      chunks.push([])
      bytes = bytesOf(one)
    }
    chunks.at(-1)?.push(one)
  }
  return chunks
}

export function messageItem(message: QueuedMessage, key: { pk: string; sk: string }): Item {
  const { envelope, origin } = message
  return {
    ...key,
    state: storedMessageState[message.state],
    reason: message.reason,
    sender: envelope.sender,
    recipients: envelope.recipients.map(packRecipient),
    options: [
      envelope.body,
      envelope.smtpUtf8,
      envelope.requireTls,
      envelope.dsnReturn,
      envelope.dsnEnvelopeId,
      // Of most messages nothing, and as in items of before.
      ...(envelope.tlsRequiredNo ? [true] : []),
    ],
    origin: packOrigin(origin),
    ...(message.filter !== null && { filter: message.filter }),
    key: message.object.key,
    length: message.object.length,
    storedFirst: message.object.storedFirst,
    prepend: message.prepend,
    index: message.index,
    header: message.headerBytes,
    deliveredTo: message.deliveredTo,
    // Of a login it goes without saying, as in items of before.
    ...(message.completes && origin.account === null && { completes: true }),
    has: message.has,
    arrivedMs: message.arrivedMs,
    ...(message.junk && { junk: true }),
    ...(message.bornOf && { bornOf: message.bornOf }),
    groups: message.groups,
  }
}

export const packOrigin = (origin: Origin): Value => [
  origin.listener,
  origin.remoteAddress,
  origin.remotePort,
  origin.helo,
  origin.tls && [origin.tls.protocol, origin.tls.cipher],
  origin.account && [origin.account.id, origin.account.login],
]

export function unpackOrigin(packed: Value | undefined): Origin {
  const [listener, remoteAddress, remotePort, helo, tls, account] = list(packed)
  const [protocol, cipher] = list(tls)
  const [accountId, login] = list(account)
  return {
    listener: listener as Origin['listener'],
    remoteAddress: String(remoteAddress),
    remotePort: Number(remotePort),
    helo: String(helo),
    tls: tls ? { protocol: String(protocol), cipher: String(cipher) } : null,
    account: account ? { id: String(accountId), login: String(login) } : null,
  }
}

export function queuedMessage(item: Item): QueuedMessage {
  const [body, smtpUtf8, requireTls, dsnReturn, dsnEnvelopeId, tlsRequiredNo] = list(item.options)
  const origin = unpackOrigin(item.origin)
  return {
    queueId: item.pk.slice(2) as QueueId,
    state: messageState(item.state),
    reason: optional(item.reason),
    envelope: {
      sender: String(item.sender),
      recipients: list(item.recipients).map(unpackRecipient),
      body: body as SmtpEnvelope['body'],
      smtpUtf8: smtpUtf8 === true,
      requireTls: requireTls === true,
      dsnReturn: dsnReturn as SmtpEnvelope['dsnReturn'],
      dsnEnvelopeId: optional(dsnEnvelopeId),
      ...(tlsRequiredNo === true && { tlsRequiredNo }),
    },
    origin,
    filter: optional(item.filter),
    object: {
      key: String(item.key),
      length: Number(item.length),
      storedFirst: item.storedFirst === true,
    },
    prepend: String(item.prepend),
    index: item.index instanceof Uint8Array ? item.index : new Uint8Array(),
    headerBytes: Number(item.header),
    deliveredTo: list(item.deliveredTo).map(String),
    completes: origin.account !== null || item.completes === true,
    has: list(item.has).map(String),
    arrivedMs: Number(item.arrivedMs),
    junk: item.junk === true,
    groups: Number(item.groups),
    split: optional(item.split),
    reserved: count(item.reserved),
    used: count(item.used),
    reached: item.reached instanceof Uint8Array ? item.reached : null,
    expansions: count(item.expansions),
    starts: count(item.starts),
    apart: apartOf(item),
    ...(item.bornOf !== undefined && { bornOf: optional(item.bornOf) as QueueId | null }),
    ...(item.trail !== undefined && { trail: unpackTrail(item.trail) }),
    ...(item.releasedFor !== undefined && { releasedFor: list(item.releasedFor).map(String) }),
  }
}

/** A trail as an attribute; none where there is nothing to tell. */
export function trailAttribute(trail: Trail = noTrail): { readonly trail?: Value } {
  const packed = packTrail(trail)
  return packed === undefined ? {} : { trail: packed }
}

/** A plain address is packed as itself: nearly all recipients are. */
function packRecipient(recipient: EnvelopeRecipient): Value {
  const plain = recipient.notify.length === 0 && recipient.originalRecipient === null
  return plain
    ? recipient.address
    : [recipient.address, recipient.notify, recipient.originalRecipient]
}

function unpackRecipient(packed: Value): EnvelopeRecipient {
  if (typeof packed === 'string') return { address: packed, notify: [], originalRecipient: null }
  const [address, notify, originalRecipient] = list(packed)
  return {
    address: String(address),
    notify: list(notify).map(String) as EnvelopeRecipient['notify'],
    originalRecipient: optional(originalRecipient),
  }
}

function messageState(stored: Value | undefined): MessageState {
  for (const state of messageStates) if (storedMessageState[state] === stored) return state
  throw new Error(`no state of a message: ${String(stored)}`)
}

const messageStates = ['incoming', 'split', 'held', 'corrupt'] as const satisfies MessageState[]

export const list = (value: Value | undefined): readonly Value[] =>
  Array.isArray(value) ? value : []
/** Of an attribute that older items lack. */
export const count = (value: Value | undefined): number => (typeof value === 'number' ? value : 0)
export const optional = (value: Value | undefined): string | null =>
  typeof value === 'string' ? value : null
