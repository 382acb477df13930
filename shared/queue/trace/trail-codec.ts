// A trail as an attribute of an item: JSON with places in place of names, deflated where it is long. Version 1.

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Value } from '#shared/storage/ports.ts'
import { clip } from '../results.ts'
import {
  type Birth,
  gathered,
  noTrail,
  type Trail,
  type TrailEvent,
  type TrailRecipient,
  type TrailResult,
} from './trail.ts'

const VERSION = 1

/** Of a trail, before it is deflated. What is more is told in fewer words. */
export const TRAIL_BYTES_MAX = 60_000
/** Of what a host said. */
const REPLY_BYTES_MAX = 600
/** Shorter ones stay as they are: an item is paid by the KB. */
const DEFLATED_FROM_BYTES = 600
/** As many as a reader takes. */
const INFLATED_BYTES_MAX = 4 * TRAIL_BYTES_MAX

/** From what may be said of everything to what may be said of very much. */
const measures = [
  { replyBytes: REPLY_BYTES_MAX, recipients: Infinity, births: Infinity, results: Infinity },
  { replyBytes: 100, recipients: Infinity, births: Infinity, results: Infinity },
  { replyBytes: 0, recipients: 100, births: 10, results: Infinity },
  { replyBytes: 0, recipients: 3, births: 3, results: 100 },
  { replyBytes: 0, recipients: 0, births: 0, results: 10 },
] as const

/** Undefined where there is nothing to tell. */
export function packTrail(trail: Trail): string | Uint8Array | undefined {
  if (trail.events.length === 0) return undefined
  const text = fittingText(trail)
  return Buffer.byteLength(text) < DEFLATED_FROM_BYTES ? text : deflateRawSync(text)
}

function fittingText(trail: Trail): string {
  let text = ''
  for (const measure of measures) {
    const events = trail.events.map((event) => packEvent(shortened(event, measure)))
    text = JSON.stringify([VERSION, trail.omitted, events])
    if (Buffer.byteLength(text) <= TRAIL_BYTES_MAX) break
  }
  return text
}

type Measure = {
  readonly replyBytes: number
  readonly recipients: number
  readonly births: number
  readonly results: number
}

function shortened(event: TrailEvent, measure: Measure): TrailEvent {
  const { recipients: named } = measure
  const results = event.results.map((result) => ({
    ...result,
    reply: clip(result.reply, measure.replyBytes),
  }))
  return {
    ...event,
    results: gathered(results)
      .slice(0, measure.results)
      .map((result) => {
        const { recipients, more } = result
        if (recipients.length <= named) return result
        return {
          ...result,
          recipients: recipients.slice(0, named),
          more: more + recipients.length - named,
        }
      }),
    births: event.births.slice(0, measure.births),
  }
}

/** What a later version wrote, and what is no trail, tells nothing: the mail whose it is goes on all the same. */
export function unpackTrail(stored: Value | undefined): Trail {
  if (typeof stored !== 'string' && !(stored instanceof Uint8Array)) return noTrail
  try {
    const text =
      typeof stored === 'string'
        ? stored
        : inflateRawSync(stored, { maxOutputLength: INFLATED_BYTES_MAX }).toString()
    const [version, omitted, events]: PackedTrail = JSON.parse(text)
    if (version !== VERSION) return noTrail
    return { omitted, events: events.map(unpackEvent) }
  } catch {
    return noTrail
  }
}

type PackedTrail = [version: number, omitted: number, events: PackedEvent[]]
type PackedEvent = [
  atMs: number,
  tookMs: number,
  connectMs: number,
  relay: string,
  tls: string | null,
  sessionUse: number,
  results: PackedResult[],
  nextMs: number | null,
  births: PackedBirth[],
]
type PackedResult = [
  kind: TrailResult['kind'],
  status: TrailResult['status'],
  reply: string,
  recipients: PackedRecipient[],
  more: number,
]
/** An address that nobody else led to is packed as itself. */
type PackedRecipient = string | [address: string, original: string]
type PackedBirth = [queueId: QueueId, to: string, what: string]

function packEvent(event: TrailEvent): PackedEvent {
  const { atMs, tookMs, connectMs, relay, tls, sessionUse, results, nextMs, births } = event
  return [
    atMs,
    tookMs,
    connectMs,
    relay,
    tls,
    sessionUse,
    results.map(({ kind, status, reply, recipients, more }) => [
      kind,
      status,
      reply,
      recipients.map(packRecipient),
      more,
    ]),
    nextMs,
    births.map(({ queueId, to, what }: Birth) => [queueId, to, what]),
  ]
}

function unpackEvent(packed: PackedEvent): TrailEvent {
  const [atMs, tookMs, connectMs, relay, tls, sessionUse, results, nextMs, births] = packed
  return {
    atMs,
    tookMs,
    connectMs,
    relay,
    tls,
    sessionUse,
    results: results.map(([kind, status, reply, recipients, more]) => ({
      kind,
      status,
      reply,
      recipients: recipients.map(unpackRecipient),
      more,
    })),
    nextMs,
    births: births.map(([queueId, to, what]) => ({ queueId, to, what })),
  }
}

const packRecipient = ({ address, original }: TrailRecipient): PackedRecipient =>
  original === address ? address : [address, original]

const unpackRecipient = (packed: PackedRecipient): TrailRecipient =>
  typeof packed === 'string'
    ? { address: packed, original: packed }
    : { address: packed[0], original: packed[1] }
