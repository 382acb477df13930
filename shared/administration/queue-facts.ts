// A message in the queue as it is told to whoever asks, whatever the queue's own items look like.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { type Group, lastReplyOf, type QueueEntry } from '#shared/queue/records.ts'
import type { LastResult } from '#shared/queue/results.ts'
import { groupStateOf, type QueueState, stateOf } from './queue-state.ts'

export type QueueFacts = {
  readonly queueId: QueueId
  readonly state: QueueState
  /** Why it is set aside or held as a whole. */
  readonly reason: string | null
  /** Its groups have states of their own that count. */
  readonly isSplit: boolean
  readonly bytes: number
  readonly arrivedMs: number
  /** '' for the null sender. */
  readonly sender: string
  /** Of the envelope. */
  readonly recipients: readonly string[]
  readonly origin: {
    readonly helo: string
    readonly remoteAddress: string
    readonly listener: string
    /** Null where nobody logged in. */
    readonly login: string | null
  }
  /** Empty until it is split. */
  readonly groups: readonly GroupFacts[]
}

export type GroupFacts = {
  readonly name: string
  readonly state: QueueState
  readonly destination:
    | { readonly kind: 'local' }
    /** Where it would go now. */
    | { readonly kind: 'remote'; readonly nextHop: string }
  /** `original`: the address of the envelope that led there; `last`: what came of the last attempt, null before the first. */
  readonly recipients: readonly {
    readonly address: string
    readonly original: string
    readonly last: LastResult | null
  }[]
  readonly attempts: number
  readonly lastReply: string | null
  /** When it is looked after again; null on hold. */
  readonly dueMs: number | null
}

export function describeEntry(entry: QueueEntry): QueueFacts {
  const { message, groups } = entry
  const { origin, envelope } = message
  return {
    queueId: message.queueId,
    state: stateOf(entry),
    reason: message.reason,
    isSplit: message.state === 'split',
    bytes: message.object.length,
    arrivedMs: message.arrivedMs,
    sender: envelope.sender,
    recipients: envelope.recipients.map(({ address }) => address),
    origin: {
      helo: origin.helo,
      remoteAddress: origin.remoteAddress,
      listener: origin.listener,
      login: origin.account?.login ?? null,
    },
    groups: groups.map(describeGroup),
  }
}

const describeGroup = (group: Group): GroupFacts => ({
  name: group.name,
  state: groupStateOf(group),
  destination: destinationOf(group),
  recipients: group.recipients.map(({ address, original, last = null }) => {
    return { address, original, last }
  }),
  attempts: group.attempts,
  lastReply: lastReplyOf(group),
  dueMs: group.dueMs,
})

const destinationOf = ({ destination }: Group): GroupFacts['destination'] =>
  destination.kind === 'local' ? destination : { kind: 'remote', nextHop: destination.slot }
