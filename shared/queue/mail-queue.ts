// The mail queue: every accepted message is an item here until each of its recipients is delivered or an operator removed it.
// The queue table is the truth; the doorbell queues (`incoming`, `active`, `deferred`) only say "look". Whatever is not finished has a due
// time, so a lost doorbell is a delay, never a loss.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Queue, Table } from '#shared/storage/ports.ts'
import { formatBell } from './bells.ts'
import { createIncoming, type FinishFacts } from './incoming.ts'
import { hasBell } from './keys.ts'
import { createLeases, type TakenGroup } from './lease.ts'
import type { NewGroup } from './new-groups.ts'
import { createReading, type QueueReading } from './reading.ts'
import type { Group, QueuedMessage } from './records.ts'
import { createReferences, type QueueReferences } from './references.ts'
import { createSettle, type GroupPart, type Settlement } from './settle.ts'
import { createSplit, type SplitFacts } from './split.ts'
import { createSuspension, type Deferred, type GroupName, type SeenGroup } from './suspension.ts'
import { createJournal, type Journal } from './trace/journal.ts'
import { createTracing, type Tracing } from './trace/tracing.ts'

export interface MailQueue extends QueueReading, Omit<QueueReferences, 'giveBack'>, QueueTraces {
  /** Makes the message durable and due; whoever calls may then say `250`. */
  add(message: QueuedMessage): Promise<void>

  /**
   * An incoming message all of whose recipients are delivered: it leaves the queue. Repeating it is harmless. `creates`: messages born
   * of it, incoming when it is gone; of several who finish it one alone makes them.
   */
  finish(message: QueuedMessage, facts?: FinishFacts): Promise<void>
  /** Turns an incoming message into groups. False when another worker was faster. */
  split(message: QueuedMessage, groups: readonly NewGroup[], facts?: SplitFacts): Promise<boolean>
  /** Says that cleanup begins, after deliveries of its doorbell that may have come to a worker or not; how often it did so. */
  countStart(queueId: QueueId): Promise<number>
  /** The world failed, not the message: nothing is held against it. */
  forgetStarts(queueId: QueueId): Promise<void>
  /** Sets a message aside that workers cannot digest; nothing of it is lost. */
  markCorrupt(queueId: QueueId, reason: string): Promise<void>
  /** Puts an incoming message before an operator. */
  holdIncoming(queueId: QueueId, reason: string): Promise<void>

  /**
   * Rings the doorbell of groups, due or not. Never rejects for lost bells: the due time covers them. `isFlush`: what is known of their
   * destinations does not count.
   */
  ring(
    groups: readonly Pick<Group, 'queueId' | 'name'>[],
    how?: { readonly isFlush?: boolean },
  ): Promise<void>
  /** Rings once more later, and changes nothing: for a bell that cannot be answered now. */
  ringLater(bells: readonly string[], afterMs: number): Promise<void>
  /** Groups and their messages as they are now, without taking them; undefined of one that nobody may take: gone, held, or taken. */
  peek(groups: readonly GroupName[]): Promise<readonly (SeenGroup | undefined)[]>
  /**
   * Defers a group that is as it was seen, whose recipients all have the same result, as an attempt would. Cheaper than that: one write.
   * False when it has changed.
   */
  putOff(group: Group, result: Deferred, dueMs: number): Promise<boolean>
  /**
   * Takes the group for this worker alone; undefined when it is gone, held, or another worker has it, and `onlyIfDue` when it is deferred
   * until later. A group whose message is gone was left by an interrupted split that somebody else finished; it is removed.
   */
  take(
    queueId: QueueId,
    name: string,
    how?: { readonly onlyIfDue?: boolean },
  ): Promise<TakenGroup | undefined>
  /** A longer lease for a group we still have; undefined when it was lost. */
  renew(group: Group): Promise<Group | undefined>
  /** Puts a taken group of which nothing was tried before an operator. False when the lease was lost. */
  holdTaken(group: Group, reason?: string): Promise<boolean>
  /**
   * Writes what became of a taken group, in one transaction: who was delivered to or failed leaves it, the others are deferred until `dueMs`, and messages born of it are incoming. The last group takes the message with
   * it. False when the lease was lost: then nothing of that is written.
   */
  settle(group: Group, settlement: Settlement): Promise<boolean>
  /**
   * Puts groups of one next hop each in the place of a taken group of which nothing was tried, in one transaction, and rings them. False
   * when the lease was lost.
   */
  divide(group: Group, parts: readonly GroupPart[]): Promise<boolean>
}

/** What messages of the queue leave to be told of. */
export type QueueTraces = { readonly tracing: Tracing; readonly journal: Journal }

export function createMailQueue(deps: {
  readonly table: Table
  readonly mail: Table
  readonly incoming: Queue
  readonly active: Queue
  readonly deferred: Queue
  /** How long messages that left the queue are told of; absent or 0: not at all. */
  readonly traceRetentionMs?: number
  readonly clock: Clock
}): MailQueue {
  const { table, mail, clock, traceRetentionMs: retentionMs = 0 } = deps
  const tracing = createTracing({ retentionMs, clock })
  const journal = createJournal({ table, retentionMs, clock })
  const reading = createReading(table)
  const references = createReferences({ table, mail, reading, clock })
  const { reserve, hasReserved, isDoubtful, settleRemoved } = references

  async function ring(
    groups: readonly Pick<Group, 'queueId' | 'name'>[],
    how: { readonly isFlush?: boolean } = {},
  ): Promise<void> {
    await send(
      deps.active,
      groups.map((group) => formatBell(group, how)),
    )
  }

  /** Whoever waits is rung now, whoever is deferred at his second where that is within reach; the sweeper has the others. */
  async function ringWhenDue(groups: readonly Group[]): Promise<void> {
    const nowMs = clock.now()
    await ring(groups.filter(({ state }) => state === 'waiting'))
    for (const group of groups) {
      const { state, dueMs } = group
      if (state !== 'deferred' || dueMs === null || !hasBell({ dueMs, nowMs })) continue
      await ringLater([formatBell(group)], dueMs - nowMs)
    }
  }

  async function ringLater(bells: readonly string[], afterMs: number): Promise<void> {
    await send(deps.deferred, bells, Math.ceil(Math.max(0, afterMs) / 1_000))
  }

  async function ringIncoming(messages: readonly QueuedMessage[]): Promise<void> {
    await send(
      deps.incoming,
      messages.map(({ queueId }) => queueId),
    )
  }

  return {
    ...reading,
    ...createIncoming({ table, references, tracing, journal, ringIncoming }),
    split: createSplit({ table, reading, tracing, ringWhenDue, ringIncoming, clock }),
    ring,
    ringLater,
    ...createSuspension({ table, reading, tracing, ringWhenDue, clock }),
    ...createLeases({ table, reading, tracing, clock }),
    ...createSettle({
      table,
      mail,
      reading,
      references,
      ring,
      ringWhenDue,
      ringIncoming,
      tracing,
      clock,
    }),
    reserve,
    hasReserved,
    isDoubtful,
    settleRemoved,
    tracing,
    journal,
  }
}

async function send(queue: Queue, bells: readonly string[], delaySeconds = 0): Promise<void> {
  if (bells.length === 0) return
  try {
    await queue.send(bells, { delaySeconds })
  } catch {
    // What they say is written already, and due.
  }
}
