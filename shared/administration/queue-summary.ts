// The queue in numbers: what waits where, for how long and why (as qshape shows it), and what is in each state. One pass over all that
// waits, with bounded memory.

import type { GroupFacts, QueueFacts } from './queue-facts.ts'
import { NOT_TRIED_YET, normalReason } from './queue-reason.ts'
import type { QueueState } from './queue-states.ts'

export const topKinds = ['destination', 'domain', 'sender', 'reason'] as const
export type TopKind = (typeof topKinds)[number]

const MINUTE = 60_000
/** Ends of the spans of age, in minutes: qshape's. The last span has none. */
export const AGE_MINUTES = [5, 10, 20, 40, 80, 160, 320, 640, 1_280] as const

export type TopRow = {
  readonly name: string
  readonly messages: number
  /** Recipients that wait. */
  readonly recipients: number
  /** Of these, how many in each span of age. */
  readonly ages: readonly number[]
  readonly oldestMs: number
  /** When the first of them is tried again; null where none will be by itself. */
  readonly nextMs: number | null
  /** What was said most often; null where nothing was. */
  readonly reason: string | null
}

export type QueueTop = {
  readonly kind: 'top'
  readonly total: TopRow
  /** Most recipients first. */
  readonly rows: readonly TopRow[]
  /** How many others there are. */
  readonly more: number
}

export type StateRow = {
  readonly state: QueueState
  /** A message with groups in several states is in each of them. */
  readonly messages: number
  readonly recipients: number
  readonly bytes: number
  readonly oldestMs: number
  /** When the first of them is tried again; null where none will be by itself. */
  readonly nextMs: number | null
}

/** Names that are counted each by itself; what comes after them is counted together. */
export const NAMES_COUNTED_MAX = 10_000
/** Reasons of one name, likewise: they mostly differ in a few. */
const REASONS_COUNTED_MAX = 20
const OTHERS = '(others)'

type Counts = {
  messages: number
  /** The message that was counted last: its recipients come one after the other. */
  last: string
  nextMs: number
  recipients: number
  readonly ages: number[]
  oldestMs: number
  readonly reasons: Map<string, number>
}

export async function topOf(
  messages: AsyncIterable<QueueFacts>,
  { by, limit, nowMs }: { readonly by: TopKind; readonly limit: number; readonly nowMs: number },
): Promise<QueueTop> {
  const total = noCounts()
  const all = new Map<string, Counts>()
  for await (const message of messages) {
    for (const { name, reason, dueMs } of waiting(message, by)) {
      const known = all.has(name) || all.size < NAMES_COUNTED_MAX ? name : OTHERS
      const counts = all.get(known) ?? noCounts()
      all.set(known, counts)
      for (const one of [total, counts]) count(one, { message, reason, dueMs, nowMs })
    }
  }
  const sorted = [...all].sort(([, a], [, b]) => b.recipients - a.recipients)
  return {
    kind: 'top',
    total: rowOf('TOTAL', total),
    rows: sorted.slice(0, limit).map(([name, counts]) => rowOf(name, counts)),
    more: Math.max(0, sorted.length - limit),
  }
}

export async function statesOf(messages: AsyncIterable<QueueFacts>): Promise<readonly StateRow[]> {
  const rows = new Map<QueueState, StateRow>()
  for await (const message of messages) {
    const groups = message.groups
    const states = new Set(groups.length === 0 ? [message.state] : groups.map(({ state }) => state))
    for (const state of states) {
      const own = groups.filter((group) => group.state === state)
      const row = rows.get(state)
      const due = own.flatMap(({ dueMs }) => (state === 'deferred' && dueMs !== null ? dueMs : []))
      const next = [...due, ...(row?.nextMs == null ? [] : [row.nextMs])]
      rows.set(state, {
        state,
        messages: (row?.messages ?? 0) + 1,
        recipients:
          (row?.recipients ?? 0) +
          (groups.length === 0
            ? message.recipients.length
            : own.reduce((sum, { recipients }) => sum + recipients.length, 0)),
        bytes: (row?.bytes ?? 0) + message.bytes,
        oldestMs: Math.min(row?.oldestMs ?? Number.POSITIVE_INFINITY, message.arrivedMs),
        nextMs: next.length === 0 ? null : next.reduce((a, b) => Math.min(a, b)),
      })
    }
  }
  return [...rows.values()]
}

type Waiting = {
  readonly name: string
  readonly reason: string | null
  readonly dueMs: number | null
}

function waiting(message: QueueFacts, by: TopKind): readonly Waiting[] {
  if (message.groups.length === 0) {
    return message.recipients.map((address) => ({
      name: nameOf({ by, address, message, slot: `(${message.state})`, reason: message.reason }),
      reason: message.reason,
      dueMs: null,
    }))
  }
  return message.groups.flatMap((group) =>
    group.recipients.map(({ address, last }) => {
      const reason = last?.reply ?? null
      const name = nameOf({ by, address, message, slot: slotOf(group), reason })
      return { name, reason, dueMs: group.state === 'deferred' ? group.dueMs : null }
    }),
  )
}

const slotOf = ({ destination }: GroupFacts) =>
  destination.kind === 'local' ? 'local' : destination.nextHop

function nameOf(of: {
  readonly by: TopKind
  readonly address: string
  readonly message: QueueFacts
  readonly slot: string
  readonly reason: string | null
}): string {
  switch (of.by) {
    case 'destination':
      return of.slot
    case 'domain':
      return of.address.slice(of.address.lastIndexOf('@') + 1).toLowerCase()
    case 'sender':
      return of.message.sender.toLowerCase() || '<>'
    case 'reason':
      return of.reason === null ? NOT_TRIED_YET : normalReason(of.reason)
  }
}

const noCounts = (): Counts => ({
  messages: 0,
  last: '',
  nextMs: Number.POSITIVE_INFINITY,
  recipients: 0,
  ages: [...AGE_MINUTES, 0].map(() => 0),
  oldestMs: Number.POSITIVE_INFINITY,
  reasons: new Map(),
})

function count(
  counts: Counts,
  of: Omit<Waiting, 'name'> & { readonly message: QueueFacts; readonly nowMs: number },
): void {
  const { message, reason, dueMs, nowMs } = of
  if (counts.last !== message.queueId) counts.messages++
  counts.last = message.queueId
  counts.nextMs = Math.min(counts.nextMs, dueMs ?? Number.POSITIVE_INFINITY)
  counts.recipients++
  counts.oldestMs = Math.min(counts.oldestMs, message.arrivedMs)
  const minutes = (nowMs - message.arrivedMs) / MINUTE
  const span = AGE_MINUTES.findIndex((end) => minutes < end)
  const at = span === -1 ? AGE_MINUTES.length : span
  counts.ages[at] = (counts.ages[at] ?? 0) + 1
  if (reason === null) return
  const { reasons } = counts
  if (reasons.has(reason) || reasons.size < REASONS_COUNTED_MAX) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
}

function rowOf(name: string, counts: Counts): TopRow {
  const { messages, recipients, ages, oldestMs, nextMs, reasons } = counts
  const [most] = [...reasons].sort(([, a], [, b]) => b - a)
  return {
    name,
    messages,
    recipients,
    ages,
    oldestMs,
    nextMs: Number.isFinite(nextMs) ? nextMs : null,
    reason: most?.[0] ?? null,
  }
}
