// What became of a group whose lease a worker holds, written down in one transaction: who was delivered to or has failed leaves it, with
// what their sender is told of it; the others are deferred. The last group takes the message with it. Or its recipients turn out to go
// to several hops, and a group for each takes its place. Whose sender could not be told stays until he is.

import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict, type Table, type Write } from '#shared/storage/ports.ts'
import { markDead } from './blob.ts'
import { groupKey, messageKey } from './keys.ts'
import { GROUP_LEASE_MS, groupName, placeOf } from './new-groups.ts'
import type { QueueReading } from './reading.ts'
import { type Group, isEnded, type QueuedMessage, type QueuedRecipient } from './records.ts'
import type { QueueReferences } from './references.ts'
import { isDone, lastResult, type RecipientResult } from './results.ts'
import type { Tracing } from './trace/tracing.ts'
import {
  type AttemptFacts,
  attemptEvent,
  type Birth,
  endedIn,
  type TrailEvent,
} from './trace/trail.ts'
import { createdPuts, groupPut, is, keyOf, type LoneWrite, writeAll } from './writes.ts'

/** Attempts to write what became of a group while others write to the same message, with a pause that grows to the last. */
const SETTLE_ATTEMPTS_MAX = 20
const SETTLE_PAUSE_MS = 50
const SETTLE_PAUSE_MAX_MS = 1_000
/** Groups that one transaction puts in the place of one; a further one keeps the others together until it is taken. */
export const PARTS_AT_ONCE_MAX = 90

export type Settlement = {
  /** One for each recipient of the group. */
  readonly results: readonly RecipientResult[]
  /** When those who are deferred are tried again. */
  readonly dueMs: number
  /**
   * Messages born of this attempt, what senders are told of it among them: incoming when its results are written, and not before. Their
   * objects are durable. At most CREATED_ITEMS_MAX items and CREATED_BYTES_MAX.
   */
  readonly creates?: readonly QueuedMessage[]
  /** What these are, for whoever reads the story; absent: messages. */
  readonly births?: readonly Birth[]
  /** How the attempt went; absent: there was none. */
  readonly attempt?: AttemptFacts
}

/** Recipients of a group that go to one next hop now. */
export type GroupPart = {
  readonly slot: string
  readonly recipients: readonly QueuedRecipient[]
}

export function createSettle(deps: {
  readonly table: Table
  readonly mail: Table
  readonly reading: QueueReading
  readonly references: QueueReferences
  readonly ring: (groups: readonly Group[]) => Promise<void>
  readonly ringWhenDue: (groups: readonly Group[]) => Promise<void>
  readonly ringIncoming: (messages: readonly QueuedMessage[]) => Promise<void>
  readonly tracing: Tracing
  readonly clock: Clock
}) {
  const { table, tracing, clock } = deps

  async function settle(group: Group, settlement: Settlement): Promise<boolean> {
    const { results, dueMs, creates = [] } = settlement
    const used = results.filter((one) => one.usedReserved || mayHaveUsed(group, one)).length
    const tried = { ...group, ...tracing.extend(group, eventOf(group, settlement, clock.now())) }
    const next = groupsAfter(tried, results, { dueMs, nowMs: clock.now() })
    const isWritten = await replace(tried, next, { used, created: createdPuts(creates) })
    if (isWritten) {
      await deps.ringIncoming(creates)
      await deps.ringWhenDue(next)
    }
    return isWritten
  }

  async function divide(group: Group, parts: readonly GroupPart[]): Promise<boolean> {
    const dueMs = clock.now() + GROUP_LEASE_MS
    const unsettled = Math.max(0, group.unsettled - 1)
    const base = { ...group, state: 'waiting', leaseUntilMs: 0, dueMs, unsettled } as const
    const next = parts.slice(0, PARTS_AT_ONCE_MAX).map(({ slot, recipients }): Group => {
      const { destination, unreserved } = placeOf(slot)
      const name = groupName(destination, randomUUID())
      return { ...base, destination, recipients, name, unreserved: base.unreserved || unreserved }
    })
    const rest = parts.slice(PARTS_AT_ONCE_MAX).flatMap(({ recipients }) => recipients)
    if (rest.length > 0) next.push({ ...base, recipients: rest })
    const isWritten = await replace(group, next, { used: 0, created: [] })
    if (isWritten) await deps.ring(next)
    return isWritten
  }

  /** Puts `next` in the place of a group whose lease we hold. */
  async function replace(
    group: Group,
    next: readonly Group[],
    { used, created }: { readonly used: number; readonly created: readonly Write[] },
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const [message] = await deps.reading.load([group.queueId])
      if (message === undefined) return false
      const writes: readonly [LoneWrite, ...Write[]] = [
        ...groupWrites(group, next, clock.now(), tracing),
        ...(await messageWrites(message, { groups: message.groups - 1 + next.length, used })),
        ...created,
      ]
      try {
        await writeAll(table, writes)
        return true
      } catch (error) {
        if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
        if (isLeaseLost(error, writes, group)) return false
        // Another group of the message ended at the same moment: count again.
        if (attempt === SETTLE_ATTEMPTS_MAX) {
          throw new TemporaryFailure(`too many writers of ${group.queueId}`, { cause: error })
        }
        const pauseMs = Math.min(SETTLE_PAUSE_MAX_MS, SETTLE_PAUSE_MS * attempt)
        await clock.sleep(Math.random() * pauseMs)
      }
    }
  }

  /** The message counts its groups, and goes with the last of them. */
  async function messageWrites(
    message: QueuedMessage,
    { groups, used }: { readonly groups: number; readonly used: number },
  ): Promise<readonly Write[]> {
    const { queueId, reserved } = message
    const counted = is('groups', message.groups)
    if (groups === 0) {
      if (reserved === 0) await markDead(deps.mail, queueId, clock.now())
      await deps.references.giveBack(queueId, { reserved, used: message.used + used })
      return tracing.endMessage(message, counted, 'done')
    }
    if (groups === message.groups && used === 0) return []
    const changes = { set: { groups }, ...(used > 0 && { add: { used } }) }
    return [{ update: messageKey(queueId), changes, if: counted }]
  }

  return { settle, divide }
}

/**
 * Whoever leaves may have used his reserved reference in an attempt of which nothing is known: what it used may be where it is not found any
 * more, in a folder that was removed since, and he may have failed since. A reference too many keeps an object too long, one too few loses mail.
 */
function mayHaveUsed(group: Group, one: RecipientResult): boolean {
  const isElsewhere = one.recipient.accountId === null || group.destination.kind === 'remote'
  if (group.unreserved || isElsewhere || stays(one)) return false
  return group.unsettled > 1 || one.uncertain === true
}

const stays = ({ result, untold }: RecipientResult) => result.kind === 'deferred' || untold === true

/** What is left of a group: those who are tried again, and those whose sender is still to be told. */
function groupsAfter(
  group: Group,
  results: readonly RecipientResult[],
  { dueMs, nowMs }: { readonly dueMs: number; readonly nowMs: number },
): readonly Group[] {
  const isTried = !isEnded(group)
  const attempts = group.attempts + (isTried ? 1 : 0)
  const left = results.flatMap((one): readonly QueuedRecipient[] => {
    const { recipient, result, remoteMta = null, warned } = one
    if (!stays(one)) return []
    if (isDone(recipient)) return [recipient]
    const facts = { remoteMta, atMs: nowMs, attempts, ...(warned && { warned }) }
    return [{ ...recipient, last: lastResult(result, facts) }]
  })
  if (left.length === 0) return []
  const uncertain = results.some((one) => one.uncertain) ? 1 : 0
  const unsettled = Math.max(0, group.unsettled - 1) + uncertain
  // Who stays and used his reserved reference may come to another folder the next time, which then adds its own.
  const unreserved =
    group.unreserved || results.some((one) => one.usedReserved && one.result.kind !== 'delivered')
  const next = { ...group, attempts, leaseUntilMs: 0, unsettled, unreserved }
  return [{ ...next, recipients: left, state: 'deferred', dueMs }]
}

/** All of them only while the lease is ours. */
function groupWrites(
  group: Group,
  next: readonly Group[],
  nowMs: number,
  tracing: Tracing,
): readonly [LoneWrite, ...Write[]] {
  const stillOurs = is('leaseUntilMs', group.leaseUntilMs)
  const [first, ...more] = next.map((one) => {
    return { ...groupPut(one, nowMs), if: one.name === group.name ? stillOurs : { absent: 'pk' } }
  })
  if (first === undefined) return [tracing.endGroup(group, stillOurs)]
  if (next.some(({ name }) => name === group.name)) return [first, ...more]
  // Others carry its trail on.
  return [first, ...more, { delete: groupKey(group.queueId, group.name), if: stillOurs }]
}

/** Who was done with before may be told already; cleanup and operators leave it to this. */
function eventOf(group: Group, settlement: Settlement, nowMs: number): TrailEvent {
  const { results, dueMs, creates = [], attempt } = settlement
  const told = endedIn(group.trail)
  const fresh = results.filter(({ recipient }) => !isDone(recipient) || !told(recipient))
  const births = settlement.births ?? creates.map(birthOf)
  const facts = attempt ?? { startedMs: nowMs, endedMs: nowMs, contact: undefined }
  return attemptEvent(fresh, { ...facts, dueMs, births })
}

const birthOf = ({ queueId, envelope }: QueuedMessage): Birth => ({
  queueId,
  to: envelope.recipients[0]?.address ?? '',
  what: '',
})

/** A write was refused that is about the group and not about the message's count. */
function isLeaseLost(error: Error, writes: readonly Write[], group: Group): boolean {
  if (!(error instanceof ConditionFailed)) return false
  return !error.failed.every(({ position }) => {
    const write = writes[position]
    return write !== undefined && isMessageWrite(write, group)
  })
}

function isMessageWrite(write: Write, { queueId }: Group): boolean {
  const { pk, sk } = messageKey(queueId)
  const key = keyOf(write)
  return key.pk === pk && key.sk === sk
}
