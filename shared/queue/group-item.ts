// A group as an item of the `queue` table, and back. Version 2 keeps the last result of each recipient. Version 1, which has no
// `version`, kept the reply to the first of them (`lastReply`); what a program of that version writes again is of version 1 again.
//
// The attribute `nextHop` is the slot: the version before takes a group without it for one of mailboxes here.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import type { Item, Value } from '#shared/storage/ports.ts'
import {
  count,
  type Group,
  type GroupState,
  list,
  optional,
  type QueuedRecipient,
  storedGroupState,
  trailAttribute,
} from './records.ts'
import { clip, LAST_REPLY_BYTES_MAX, type LastResult } from './results.ts'
import { unpackTrail } from './trace/trail-codec.ts'

const VERSION = 2

/** Of an item, what all last results may take. Where they are more, their replies are cut shorter. */
export const RESULTS_BYTES_MAX = 150_000

export function groupItem(group: Group, key: { pk: string; sk: string }): Item {
  const { results, recipients } = packRecipients(group.recipients)
  return {
    ...key,
    version: VERSION,
    state: storedGroupState[group.state],
    nextHop: group.destination.kind === 'remote' ? group.destination.slot : null,
    recipients,
    ...(results.length > 0 && { results }),
    attempts: group.attempts,
    dueMs: group.dueMs,
    leaseUntilMs: group.leaseUntilMs,
    ...(group.unsettled > 0 && { unsettled: group.unsettled }),
    ...(group.split !== null && { split: group.split }),
    ...(group.unreserved && { unreserved: true }),
    ...trailAttribute(group.trail),
  }
}

/** Of a group that ended: its item stays for what it tells (trace/ended.ts). */
export const isEndedItem = ({ state }: Item): boolean => state === ENDED

/** The state of what is not in the queue any more. */
export const ENDED = 'ended'

export function groupRecord(item: Item): Group {
  const slot = optional(item.nextHop)
  const leaseUntilMs = Number(item.leaseUntilMs)
  const state = groupState(item.state, leaseUntilMs)
  const lastOf = item.version === undefined ? lastOfVersion1(item, state) : lastOfVersion2(item)
  return {
    queueId: item.pk.slice(2) as QueueId,
    name: item.sk.slice(2),
    state,
    destination: slot === null ? { kind: 'local' } : { kind: 'remote', slot },
    recipients: list(item.recipients).map((packed) => unpackRecipient(list(packed), lastOf)),
    attempts: Number(item.attempts),
    dueMs: typeof item.dueMs === 'number' ? item.dueMs : null,
    leaseUntilMs,
    unsettled: count(item.unsettled),
    split: optional(item.split),
    unreserved: item.unreserved === true,
    ...(item.trail !== undefined && { trail: unpackTrail(item.trail) }),
  }
}

function groupState(stored: Value | undefined, leaseUntilMs: number): GroupState {
  switch (stored) {
    case 'active':
      return leaseUntilMs > 0 ? 'leased' : 'waiting'
    case 'deferred':
      return 'deferred'
    case 'hold':
      return 'held'
  }
  throw new Error(`no state of a group: ${String(stored)}`)
}

// Recipients refer to their results by position: those of one attempt mostly share one.

type LastOf = (packed: readonly Value[]) => LastResult | undefined

function lastOfVersion2(item: Item): LastOf {
  const results = list(item.results).map((packed) => unpackResult(list(packed)))
  return (packed) => {
    const position = packed[RESULT_POSITION]
    return typeof position === 'number' ? results[position] : undefined
  }
}

/** Status, host and time were not kept. RFC 3463 §3.1: X.0.0 is a status of which nothing more is known. */
function lastOfVersion1(item: Item, state: GroupState): LastOf {
  const reply = optional(item.lastReply)
  if (reply === null) return () => undefined
  const last: LastResult = {
    ...(state === 'held'
      ? { kind: 'failed', status: '5.0.0' }
      : { kind: 'deferred', status: '4.0.0' }),
    reply: clip(reply, LAST_REPLY_BYTES_MAX),
    remoteMta: null,
    atMs: null,
    attempts: Number(item.attempts),
  }
  return () => last
}

type Packed = { readonly recipients: readonly Value[]; readonly results: readonly Value[] }

function packRecipients(recipients: readonly QueuedRecipient[]): Packed {
  for (let replyBytesMax = LAST_REPLY_BYTES_MAX; ; replyBytesMax = Math.floor(replyBytesMax / 2)) {
    const packed = packWith(recipients, replyBytesMax)
    if (replyBytesMax === 0 || itemBytes({ value: packed.results }) <= RESULTS_BYTES_MAX)
      return packed
  }
}

function packWith(recipients: readonly QueuedRecipient[], replyBytesMax: number): Packed {
  const positions = new Map<string, number>()
  const results: Value[] = []
  const packed = recipients.map((recipient) => {
    const { address, accountId, extension, original, notify, originalRecipient, last } = recipient
    const { forwardedBy } = recipient
    const facts = [address, accountId, extension, original, notify, originalRecipient]
    // Most were not; what the version before does not know stands last.
    const behind = forwardedBy === undefined ? [] : [forwardedBy]
    if (last === undefined) return behind.length === 0 ? facts : [...facts, null, ...behind]
    const result = packResult(last, replyBytesMax)
    const key = JSON.stringify(result)
    const position = positions.get(key) ?? results.push(result) - 1
    positions.set(key, position)
    return [...facts, position, ...behind]
  })
  return { recipients: packed, results }
}

/** Behind the facts of a recipient. */
const RESULT_POSITION = 6
const FORWARDED_BY_POSITION = 7

function unpackRecipient(packed: readonly Value[], lastOf: LastOf): QueuedRecipient {
  const [address, accountId, extension, original, notify, originalRecipient] = packed
  const last = lastOf(packed)
  const forwardedBy = optional(packed[FORWARDED_BY_POSITION])
  return {
    address: String(address),
    accountId: optional(accountId) as FinalRecipient['accountId'],
    extension: optional(extension),
    original: String(original),
    notify: list(notify).map(String) as FinalRecipient['notify'],
    originalRecipient: optional(originalRecipient),
    ...(forwardedBy !== null && { forwardedBy }),
    ...(last !== undefined && { last }),
  }
}

function packResult(
  { kind, status, reply, remoteMta, atMs, attempts, warned }: LastResult,
  replyBytesMax: number,
): readonly Value[] {
  const facts = [kind, status, clip(reply, replyBytesMax), remoteMta, atMs, attempts]
  // Whoever does not know of it writes the result without, and the sender is told once more.
  return warned ? [...facts, WARNED] : facts
}

function unpackResult(packed: readonly Value[]): LastResult {
  const [kind, status, reply, remoteMta, atMs, attempts, warned] = packed
  return {
    kind: kind as LastResult['kind'],
    status: status as LastResult['status'],
    reply: String(reply),
    remoteMta: optional(remoteMta),
    atMs: typeof atMs === 'number' ? atMs : null,
    attempts: Number(attempts),
    ...(warned === WARNED && { warned: true }),
  }
}

/** Behind the facts of a result. */
const WARNED = 1

/** In the item of a group, at most: counted in characters, as there may be very many of them. */
export function finalRecipientBytes(recipient: FinalRecipient): number {
  const { address, accountId, extension, original, notify, originalRecipient } = recipient
  let bytes = 0
  const { forwardedBy = null } = recipient
  const facts = [address, accountId, extension, original, ...notify, originalRecipient, forwardedBy]
  for (const text of facts) {
    bytes += ATTRIBUTE_BYTES + UTF8_BYTES_MAX * (text?.length ?? 0)
  }
  return bytes
}

/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3
/** What a value takes besides its text, or less. */
const ATTRIBUTE_BYTES = 8
