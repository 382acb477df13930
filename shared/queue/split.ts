// Turns an incoming message into groups, each of which lives on its own. All of it or nothing where a transaction holds all groups;
// above that the groups come first and the message last, which names this split: what an interrupted one left, or one that another
// worker was faster than, belongs to no message and is removed when it is rung.

import { randomUUID } from 'node:crypto'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import { TRANSACT_BYTES_MAX } from '#shared/storage/limits.ts'
import {
  ConditionFailed,
  type Item,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { finalRecipientBytes } from './group-item.ts'
import type { OnTheSpot } from './incoming.ts'
import { groupKey, messageKey } from './keys.ts'
import { here } from './local-actions.ts'
import { groupOf, type NewGroup, ofBoundedSize } from './new-groups.ts'
import { reachedBy } from './reached.ts'
import type { QueueReading } from './reading.ts'
import { type Group, type QueuedMessage, storedMessageState, trailAttribute } from './records.ts'
import type { References } from './references.ts'
import type { RecipientResult } from './results.ts'
import type { Tracing } from './trace/tracing.ts'
import { attemptEvent, type Trail } from './trace/trail.ts'
import { CREATED_BYTES_MAX, createdPuts, groupPut, isMessage } from './writes.ts'

/** Groups and messages born of it that are written in one transaction, next to the message. */
const PUTS_PER_TRANSACTION = TRANSACT_ITEMS_MAX - 1
/** Of these groups; a transaction holds TRANSACT_BYTES_MAX. */
const GROUPS_BYTES_PER_TRANSACTION = TRANSACT_BYTES_MAX - CREATED_BYTES_MAX

export type SplitFacts = {
  readonly references?: References
  /** Whom its aliases led to: those who have it, and those in groups. */
  readonly handedOn?: readonly FinalRecipient[]
  /** Messages born of it: they are incoming when it is split, and not before. */
  readonly creates?: readonly QueuedMessage[]
  /** What was done with recipients who are in no group. */
  readonly done?: OnTheSpot
}

export function createSplit(deps: {
  readonly table: Table
  readonly reading: QueueReading
  readonly ringWhenDue: (groups: readonly Group[]) => Promise<void>
  readonly ringIncoming: (messages: readonly QueuedMessage[]) => Promise<void>
  readonly tracing: Tracing
  readonly clock: Clock
}) {
  const { table, reading, tracing, clock } = deps

  async function split(
    message: QueuedMessage,
    given: readonly NewGroup[],
    facts: SplitFacts = {},
  ): Promise<boolean> {
    const { queueId } = message
    const groups = given.flatMap(ofBoundedSize)
    const { creates = [] } = facts
    const created = createdPuts(creates)
    const isAtOnce = fitIntoOneTransaction(groups, created.length)
    const name = isAtOnce ? null : randomUUID()
    const nowMs = clock.now()
    const records = groups
      .map((group, n) => groupOf(group, { queueId, n, split: name, nowMs }))
      .map((group) => ({ ...group, ...firstAttempt(group) }))
    const puts = await putsOf(records, nowMs)
    if (!isAtOnce) await table.batchWrite(puts)
    const { done } = facts
    const trail = done?.results.length
      ? tracing.extend(message, attemptEvent(done.results, done)).trail
      : undefined
    const becomesSplit = await messageWrite(message, records, name, { ...facts, trail })
    let isOurs = true
    try {
      await table.transact([becomesSplit, ...created, ...(isAtOnce ? puts : [])])
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      isOurs = false
    }
    if (isOurs) {
      await deps.ringWhenDue(records)
      await deps.ringIncoming(creates)
    }
    if (!isAtOnce) await removeStrays(queueId)
    return isOurs
  }

  /** Of who was tried on the spot and is to be tried again. */
  function firstAttempt(group: Group): { readonly trail?: Trail } {
    const results = group.recipients.flatMap((recipient): readonly RecipientResult[] => {
      const { last } = recipient
      return last?.kind === 'deferred' ? [{ recipient, result: { ...last, kind: last.kind } }] : []
    })
    if (results.length === 0) return {}
    const { dueMs } = group
    const facts = { startedMs: clock.now(), endedMs: clock.now(), contact: here }
    return tracing.extend(
      group,
      attemptEvent(results, { ...facts, ...(dueMs !== null && { dueMs }) }),
    )
  }

  /** Groups on hold of splits that came to nothing, as older versions left them: nobody rings those, so that they would stay for ever. */
  async function removeStrays(queueId: QueueId): Promise<void> {
    const groups = await reading.loadGroups(queueId)
    // Read after them: once it is split no other split can become the message's.
    const [message] = await reading.load([queueId])
    if (message !== undefined && message.state !== 'split') return
    const strays = groups.filter(
      ({ split, state }) => state === 'held' && (message === undefined || split !== message.split),
    )
    if (strays.length === 0) return
    await table.batchWrite(strays.map(({ name }) => ({ delete: groupKey(queueId, name) })))
  }

  return split
}

function fitIntoOneTransaction(groups: readonly NewGroup[], created: number): boolean {
  const bytes = groups
    .flatMap(({ recipients }) => recipients)
    .reduce((sum, recipient) => sum + finalRecipientBytes(recipient), 0)
  return groups.length + created <= PUTS_PER_TRANSACTION && bytes <= GROUPS_BYTES_PER_TRANSACTION
}

/** There may be very many of them. */
async function putsOf(
  groups: readonly Group[],
  nowMs: number,
): Promise<readonly { readonly put: Item }[]> {
  const puts: { readonly put: Item }[] = []
  for (const group of groups) {
    puts.push(groupPut(group, nowMs))
    const wait = turns.step()
    if (wait) await wait
  }
  return puts
}

async function messageWrite(
  { queueId }: QueuedMessage,
  groups: readonly Group[],
  name: string | null,
  { references, handedOn = [], trail }: SplitFacts & { readonly trail: Trail | undefined },
): Promise<Write> {
  const { reserved, used } = references ?? {}
  const reached = await reachedBy(handedOn)
  return {
    update: messageKey(queueId),
    changes: {
      set: {
        state: storedMessageState.split,
        groups: groups.length,
        ...(name !== null && { split: name }),
        ...(reserved !== undefined && { reserved, used: used ?? 0 }),
        ...(reached !== undefined && { reached }),
        ...trailAttribute(trail),
      },
      remove: ['duePk', 'dueSk', 'starts'],
    },
    if: isMessage('incoming'),
  }
}
