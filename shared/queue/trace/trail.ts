// What was done with some recipients of a message, in order. It travels with their group, is written with every change of it, and stays
// behind when the group ends; what was done on the spot is on the message itself. So it tells what happened, and nothing else.

import type { Contact, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { RecipientResult } from '../results.ts'

export type Trail = {
  readonly events: readonly TrailEvent[]
  /** Attempts that were left out of the middle. */
  readonly omitted: number
}

export type TrailEvent = {
  /** When it was over. */
  readonly atMs: number
  /** How long it took, and of that until a host took the session. */
  readonly tookMs: number
  readonly connectMs: number
  /** `local`, the host that was spoken to, or `none`. */
  readonly relay: string
  readonly tls: string | null
  /** Messages in that session so far, this one counted. */
  readonly sessionUse: number
  readonly results: readonly TrailResult[]
  /** When who is left is tried again; null where nobody is. */
  readonly nextMs: number | null
  readonly births: readonly Birth[]
}

export type TrailResult = {
  /** removed: by an operator, and nobody is told. */
  readonly kind: 'delivered' | 'deferred' | 'failed' | 'removed'
  readonly status: EnhancedStatus
  readonly reply: string
  readonly recipients: readonly TrailRecipient[]
  /** Further ones that are not named. */
  readonly more: number
}

/** `original`: the address that led to him. */
export type TrailRecipient = Pick<FinalRecipient, 'address' | 'original'>

/** A message born of this one, as a notice to its sender. */
export type Birth = {
  readonly queueId: QueueId
  readonly to: string
  /** `sender non-delivery notification` and such; '' for what a recipient here made of it. */
  readonly what: string
}

export const noTrail: Trail = { events: [], omitted: 0 }

/** Attempts of a group that are told; of more the first and the last. */
export const TRAIL_EVENTS_MAX = 40
/** Those that are always told from the beginning. */
const FIRST_EVENTS_KEPT = 10
/** Recipients who wait are named in their group: here so many of them. Whoever ends is named once. */
export const WAITING_NAMED_MAX = 3
/** Messages born of one attempt that are told. */
export const BIRTHS_TOLD_MAX = 40

/** How an attempt went, besides what came of it. */
export type AttemptFacts = {
  readonly startedMs: number
  readonly endedMs: number
  readonly contact: Contact | undefined
}

export function attemptEvent(
  results: readonly RecipientResult[],
  facts: AttemptFacts & {
    /** Of who is deferred. */
    readonly dueMs?: number
    readonly births?: readonly Birth[]
  },
): TrailEvent {
  const { startedMs, endedMs, contact, dueMs = null, births = [] } = facts
  const isLeft = results.some(({ result, untold }) => result.kind === 'deferred' || untold)
  return {
    atMs: endedMs,
    tookMs: Math.max(0, endedMs - startedMs),
    connectMs: contact?.connectMs ?? 0,
    relay: contact?.relay ?? 'none',
    tls: contact?.tls ?? null,
    sessionUse: contact?.sessionUse ?? 1,
    results: gathered(results.map(toldOf)),
    nextMs: isLeft ? dueMs : null,
    births: births.slice(0, BIRTHS_TOLD_MAX),
  }
}

/** An operator took them off the queue. */
export function removedEvent(
  recipients: readonly TrailRecipient[],
  reply: string,
  atMs: number,
): TrailEvent {
  const named = recipients.map(({ address, original }) => ({ address, original }))
  const result: TrailResult = {
    kind: 'removed',
    status: '2.0.0',
    reply,
    recipients: named,
    more: 0,
  }
  return {
    atMs,
    tookMs: 0,
    connectMs: 0,
    relay: 'none',
    tls: null,
    sessionUse: 1,
    results: [result],
    nextMs: null,
    births: [],
  }
}

function toldOf({ recipient, result }: RecipientResult): TrailResult {
  const { address, original } = recipient
  const { kind, reply } = result
  const status = kind === 'delivered' ? '2.0.0' : result.status
  return { kind, status, reply, recipients: [{ address, original }], more: 0 }
}

/** Those of whom the same was said together, in the order in which it was said first. */
export function gathered(results: readonly TrailResult[]): readonly TrailResult[] {
  const all = new Map<string, TrailResult & { recipients: TrailRecipient[]; more: number }>()
  for (const { kind, status, reply, recipients, more } of results) {
    const key = `${kind} ${status} ${reply}`
    let one = all.get(key)
    if (one === undefined) {
      one = { kind, status, reply, recipients: [], more: 0 }
      all.set(key, one)
    }
    one.more += more
    for (const recipient of recipients) {
      if (kind === 'deferred' && one.recipients.length === WAITING_NAMED_MAX) one.more++
      else one.recipients.push(recipient)
    }
  }
  return [...all.values()]
}

/** Whether a trail says of a recipient how he ended. */
export function endedIn({ events }: Trail = noTrail): (one: TrailRecipient) => boolean {
  const key = ({ address, original }: TrailRecipient) => `${original} ${address}`
  const ended = new Set<string>()
  for (const { kind, recipients } of events.flatMap(({ results }) => results)) {
    for (const one of recipients) {
      // Tried again by an operator's will.
      if (kind === 'deferred') ended.delete(key(one))
      else ended.add(key(one))
    }
  }
  return (one) => ended.has(key(one))
}

/** With one more. Of too many some of the middle are left out, and who ended in them is told with the next. */
export function extended(trail: Trail, event: TrailEvent): Trail {
  const events = [...trail.events, event]
  if (events.length <= TRAIL_EVENTS_MAX) return { events, omitted: trail.omitted }
  const [left, next] = events.splice(FIRST_EVENTS_KEPT, 2)
  // Cannot happen: more are kept than that.
  if (left === undefined || next === undefined) return trail
  const ended = left.results.filter(({ kind }) => kind !== 'deferred')
  events.splice(FIRST_EVENTS_KEPT, 0, {
    ...next,
    results: gathered([...ended, ...next.results]),
    births: [...left.births, ...next.births].slice(0, BIRTHS_TOLD_MAX),
  })
  return { events, omitted: trail.omitted + 1 }
}
