// Which messages there were of an address or a Message-ID: a journal of fingerprints, in order of time. One item for all messages that
// cleanup takes at once; whoever searches reads the items of the time he means, some twenty bytes a message, and looks at the messages
// that seem to match. An index with an entry for each address would be read faster, and cost three writes for every message that nobody
// ever looks for.
//
//   J#<day in UTC>#<shard>   <ms>#<queue id>#m<n>   messages, the first of which has this id: `entries` is version 1, and for each its queue
//                                                  id and its fingerprints; `ttl`
//                            <ms>#<queue id>#r<n>   whom the aliases of this one led to
//
// It is written before the message leaves cleanup, so that no message is forgotten; what it names and is not there was not accepted,
// or is told no more. A message may be in it twice.

import { hash } from 'node:crypto'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Query, Table } from '#shared/storage/ports.ts'
import type { QueuedMessage } from '../records.ts'
import { messageIdOf } from './ended.ts'

/** Partitions of a day, so that no partition takes all writes. */
const SHARDS = 16
const VERSION = 1
const FINGERPRINT_BYTES = 4
const QUEUE_ID_BYTES = 18
/** Of an entry, besides its fingerprints: their number follows the queue id. */
const ENTRY_BYTES = QUEUE_ID_BYTES + 2
/** Of one entry; a message with more recipients has several. */
export const ENTRY_FINGERPRINTS_MAX = 1_000
/** Addresses of one message that it is found by; by further ones it is not. */
export const FOUND_BY_MAX = 20_000
/** Of one item. */
const ITEM_ENTRIES_BYTES_MAX = 100_000
const DAY_MS = 86_400_000
const MS_DIGITS = 15

/** What messages are looked for by. */
export type Sought =
  /** A Message-ID, or the address of a sender or a recipient: they look alike. */
  | { readonly kind: 'words'; readonly words: string }
  /** The IP address that a message came from. */
  | { readonly kind: 'client'; readonly remoteAddress: string }

export interface Journal {
  /** By sender, envelope recipients, Message-ID and client. */
  note(messages: readonly QueuedMessage[]): Promise<void>
  /** By whom its aliases led to, too. */
  noteRecipients(message: QueuedMessage, recipients: readonly FinalRecipient[]): Promise<void>
  /** The same as items, for whoever writes them with something else. */
  items(messages: readonly QueuedMessage[]): readonly { readonly put: Item }[]
}

export function createJournal(deps: {
  readonly table: Pick<Table, 'batchWrite'>
  readonly retentionMs: number
  readonly clock: Clock
}): Journal {
  const { table, retentionMs, clock } = deps

  function itemsOf(kind: 'm' | 'r', entries: readonly Entry[]): readonly { readonly put: Item }[] {
    const [first] = entries
    if (retentionMs === 0 || first === undefined) return []
    const atMs = clock.now()
    const ttl = Math.ceil((atMs + retentionMs) / 1_000)
    const pk = partitionOf(atMs, shardOf(first.queueId))
    const name = `${String(atMs).padStart(MS_DIGITS, '0')}#${first.queueId}`
    return packed(entries).map((bytes, n) => {
      return { put: { pk, sk: `${name}#${kind}${n}`, entries: bytes, ttl } }
    })
  }

  async function write(kind: 'm' | 'r', entries: readonly Entry[]): Promise<void> {
    const puts = itemsOf(kind, entries)
    if (puts.length > 0) await table.batchWrite(puts)
  }

  return {
    items: (messages) => itemsOf('m', messages.map(entryOf)),
    note: (messages) => write('m', messages.map(entryOf)),
    async noteRecipients(message, recipients) {
      const { queueId, envelope } = message
      const known = new Set(envelope.recipients.map(({ address }) => addressKey(address)))
      const found = new Set(recipients.map(({ address }) => addressKey(address)))
      const fingerprints = [...found.difference(known)].map(recipientFingerprint)
      if (fingerprints.length === 0) return
      await write('r', [{ queueId, fingerprints: fingerprints.slice(0, FOUND_BY_MAX) }])
    },
  }
}

type Entry = { readonly queueId: QueueId; readonly fingerprints: readonly number[] }

function entryOf(message: QueuedMessage): Entry {
  const { queueId, envelope, origin } = message
  const messageId = messageIdOf(message)
  const recipients = envelope.recipients.slice(0, FOUND_BY_MAX)
  return {
    queueId,
    fingerprints: [
      fingerprint('s', addressKey(envelope.sender)),
      fingerprint('c', origin.remoteAddress),
      ...(messageId === null ? [] : [messageIdFingerprint(messageId)]),
      ...recipients.map(({ address }) => recipientFingerprint(addressKey(address))),
    ],
  }
}

/** Deliberately without regard to case: two addresses that differ in it are seldom two people's, and both are shown. */
export const addressKey = (address: string) => lookupKey(address)

/** With or without its angle brackets. */
export const messageIdKey = (messageId: string) => messageId.trim().replace(/^<|>$/g, '')

const recipientFingerprint = (key: string) => fingerprint('r', key)
const messageIdFingerprint = (messageId: string) => fingerprint('m', messageIdKey(messageId))

/** What looks alike is not the same: whoever searches looks at the message itself. */
function fingerprint(kind: 'c' | 'm' | 'r' | 's', key: string): number {
  return hash('sha256', `${kind}${key}`, 'buffer').readUInt32BE(0)
}

export function fingerprintsOf(sought: Sought): ReadonlySet<number> {
  switch (sought.kind) {
    case 'words': {
      const key = addressKey(sought.words)
      return new Set([
        fingerprint('s', key),
        recipientFingerprint(key),
        messageIdFingerprint(sought.words),
      ])
    }
    case 'client':
      return new Set([fingerprint('c', sought.remoteAddress)])
  }
}

function packed(entries: readonly Entry[]): readonly Uint8Array[] {
  const items: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let bytes = 0
  const end = () => {
    items.push(Buffer.concat([Uint8Array.of(VERSION), ...parts]))
    parts = []
    bytes = 0
  }
  for (const { queueId, fingerprints } of entries) {
    for (let at = 0; at < fingerprints.length; at += ENTRY_FINGERPRINTS_MAX) {
      const part = packedEntry(queueId, fingerprints.slice(at, at + ENTRY_FINGERPRINTS_MAX))
      if (bytes + part.length > ITEM_ENTRIES_BYTES_MAX) end()
      parts.push(part)
      bytes += part.length
    }
  }
  end()
  return items
}

function packedEntry(queueId: QueueId, fingerprints: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(ENTRY_BYTES + FINGERPRINT_BYTES * fingerprints.length)
  bytes.write(queueId, 'latin1')
  bytes.writeUInt16BE(fingerprints.length, QUEUE_ID_BYTES)
  for (const [n, one] of fingerprints.entries()) {
    bytes.writeUInt32BE(one, ENTRY_BYTES + FINGERPRINT_BYTES * n)
  }
  return bytes
}

/** Messages of these entries that have one of the fingerprints. Of what a later version wrote, or what is no journal, none. */
export function* matching(
  entries: Uint8Array,
  wanted: ReadonlySet<number>,
): Generator<QueueId, void> {
  for (const { queueId, has } of packedEntries(entries)) {
    if (queueId !== undefined && has(wanted)) yield queueId
  }
}

function* packedEntries(entries: Uint8Array) {
  if (entries[0] !== VERSION) return
  const bytes = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength)
  for (let at = 1; at + ENTRY_BYTES <= bytes.length; ) {
    const beginsAt = at
    const count = bytes.readUInt16BE(at + QUEUE_ID_BYTES)
    at += ENTRY_BYTES + FINGERPRINT_BYTES * count
    if (at > bytes.length) return
    yield {
      queueId: parseQueueId(bytes.toString('latin1', beginsAt, beginsAt + QUEUE_ID_BYTES)),
      has(wanted: ReadonlySet<number>) {
        for (let n = 0; n < count; n++) {
          const place = beginsAt + ENTRY_BYTES + FINGERPRINT_BYTES * n
          if (wanted.has(bytes.readUInt32BE(place))) return true
        }
        return false
      },
    }
  }
}

const shardOf = (queueId: QueueId) => queueId.charCodeAt(queueId.length - 1) % SHARDS

const partitionOf = (ms: number, shard: number) =>
  `J#${new Date(ms).toISOString().slice(0, 10)}#${shard}`

/** The days of this time, newest first, as the queries that read them: each from the time on that is meant. */
export function* journalDays(
  sinceMs: number,
  nowMs: number,
): Generator<readonly { readonly pk: string; readonly sk: { readonly from: string } }[]> {
  const from = String(Math.max(0, sinceMs)).padStart(MS_DIGITS, '0')
  for (let day = nowMs - (nowMs % DAY_MS); day > sinceMs - DAY_MS; day -= DAY_MS) {
    yield Array.from({ length: SHARDS }, (_, shard) => ({
      pk: partitionOf(day, shard),
      sk: { from },
    }))
  }
}

/** What came in this time, as the queries that read it. */
export function journalOf(fromMs: number, toMs: number): readonly Query[] {
  const sk = (ms: number) => String(Math.max(0, ms)).padStart(MS_DIGITS, '0')
  const queries: Query[] = []
  for (let day = fromMs - (fromMs % DAY_MS); day <= toMs; day += DAY_MS) {
    for (let shard = 0; shard < SHARDS; shard++) {
      queries.push({ pk: partitionOf(day, shard), sk: { from: sk(fromMs), to: sk(toMs + 1) } })
    }
  }
  return queries
}

/** The messages that an item of it is about; none of one that says whom aliases led to. */
export function* queueIdsIn({ sk, entries }: Item): Generator<QueueId, void> {
  if (!(entries instanceof Uint8Array) || !sk.includes('#m')) return
  for (const { queueId } of packedEntries(entries)) if (queueId !== undefined) yield queueId
}
