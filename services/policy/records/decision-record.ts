// What is kept of a decision, so that it can be explained and made again: who asked what, what each restriction said, what the DNS
// answered. Plain data, in the table `counters`, with a time to live.
//
// Item DECISION#<day in UTC>#<shard>, <queue id>#<ms>#<n>: record (deflated JSON), ttl; of a refusal also `who`, by whom it is looked for:
// client, sender and recipients, in lower case. The day is that of the queue id, so that the id
// alone leads to all of its decisions; its last character is the shard, so that no partition takes all writes.

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { DecisionRecord, RecordedStep } from '#shared/contracts/decisions.ts'
import type { PolicyStage } from '#shared/contracts/policy.ts'
import { type QueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import type { Item, Key } from '#shared/storage/ports.ts'

export const DECISION_RECORD_VERSION = 1

/** Of an item, as whoever has a domain decides what lookups answer; of a longer one they are left out, and then it is not kept. */
const RECORD_BYTES_MAX = 8 * 1024
const SECOND_MS = 1_000
const DAY_MS = 24 * 3_600 * SECOND_MS

/** Last characters of queue ids. */
export const decisionShards: readonly string[] = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ']

export const decisionPartition = (dayMs: number, shard: string): string =>
  `DECISION#${new Date(dayMs).toISOString().slice(0, 10)}#${shard}`

export const partitionOf = (queueId: QueueId): string =>
  decisionPartition(queueIdMs(queueId), queueId.slice(-1))

/** Days of this time and all after it, up to now. */
export function daysSince(sinceMs: number, nowMs: number): readonly number[] {
  const days: number[] = []
  for (let ms = sinceMs - (sinceMs % DAY_MS); ms <= nowMs; ms += DAY_MS) days.push(ms)
  return days
}

/** `n` tells those of one moment apart. Undefined: too long to be kept. */
export function decisionItem(record: DecisionRecord, n: number, lifeMs: number): Item | undefined {
  const bytes = encode(record) ?? encode({ ...record, lookups: {} })
  if (bytes === undefined) return undefined
  const { queueId } = record.request
  const ttl = Math.ceil((record.atMs + lifeMs) / SECOND_MS)
  const key = decisionKey(queueId, record.atMs, n)
  const isRefused = record.verdict.kind !== 'permit'
  return { ...key, record: bytes, ...(isRefused && { who: whoOf(record) }), ttl }
}

/** Of these, so that an item stays small. */
const WHO_MAX = 4
const WHO_CHARACTERS_MAX = 320

function whoOf({ request }: DecisionRecord): readonly string[] {
  const { remoteAddress } = request.origin
  const sender =
    'envelope' in request ? request.envelope.sender : 'sender' in request ? request.sender : ''
  const recipients =
    'envelope' in request
      ? request.envelope.recipients.map(({ address }) => address)
      : 'recipient' in request
        ? [request.recipient]
        : []
  const all = [remoteAddress, sender, ...recipients].slice(0, WHO_MAX)
  return all.map((one) => one.slice(0, WHO_CHARACTERS_MAX).toLowerCase())
}

/** Whether it is one of a refusal that concerns this client, sender or recipient. */
export const concerns = ({ who }: Item, text: string): boolean =>
  Array.isArray(who) && who.includes(text.toLowerCase())

function decisionKey(queueId: QueueId, atMs: number, n: number): Key {
  return {
    pk: partitionOf(queueId),
    sk: `${queueId}#${String(atMs).padStart(15, '0')}#${String(n).padStart(6, '0')}`,
  }
}

function encode(record: DecisionRecord): Uint8Array | undefined {
  const trail = record.trail.map(({ stage, steps }) => ({ stage, steps: steps.map(shortStep) }))
  const json = JSON.stringify({ version: DECISION_RECORD_VERSION, ...record, trail })
  const bytes = deflateRawSync(json, deflating)
  return bytes.length > RECORD_BYTES_MAX ? undefined : bytes
}

/** Records are short: a smaller window and less search take two thirds of the time, and come to nearly the same bytes. */
const deflating = { windowBits: 12, memLevel: 5, level: 3 } as const

/** Undefined for what a later version wrote. */
export function readDecision({ record }: Item): DecisionRecord | undefined {
  if (!(record instanceof Uint8Array)) return undefined
  const { version, ...read } = JSON.parse(inflateRawSync(record).toString())
  if (version !== DECISION_RECORD_VERSION) return undefined
  const trail = read.trail.map(({ stage, steps }: StoredTrail) => ({
    stage,
    steps: steps.map(wholeStep),
  }))
  return { ...read, trail }
}

/** Most have nothing to say: of those the name alone. */
type StoredStep = RecordedStep | string
type StoredTrail = { readonly stage: PolicyStage; readonly steps: readonly StoredStep[] }

function shortStep(step: RecordedStep): StoredStep {
  const { restriction, decision, depth, isWarned } = step
  return decision.kind === 'dunno' && !depth && !isWarned ? restriction : step
}

const wholeStep = (step: StoredStep): RecordedStep =>
  typeof step === 'string' ? { restriction: step, decision: { kind: 'dunno' } } : step
