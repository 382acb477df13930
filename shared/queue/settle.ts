// What became of a group whose lease a worker holds, written down in one transaction: delivered recipients leave it, failed ones wait
// on hold in a group of their own, the others are deferred. The last group takes the message with it.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict, type Table, type Write } from '#shared/storage/ports.ts'
import { markDead } from './blob.ts'
import { groupKey, messageKey } from './keys.ts'
import type { QueueReading } from './reading.ts'
import type { Group, QueuedMessage } from './records.ts'
import type { QueueReferences } from './references.ts'
import type { RecipientResult } from './results.ts'
import { groupPut, is, removal } from './writes.ts'

/** Attempts to write what became of a group while others write to the same message, with a pause that grows to the last. */
const SETTLE_ATTEMPTS_MAX = 20
const SETTLE_PAUSE_MS = 50
const SETTLE_PAUSE_MAX_MS = 1_000

export function createSettle(deps: {
  readonly table: Table
  readonly mail: Table
  readonly reading: QueueReading
  readonly references: QueueReferences
  readonly clock: Clock
}) {
  const { table, clock } = deps

  async function settle(
    group: Group,
    results: readonly RecipientResult[],
    dueMs: number,
  ): Promise<boolean> {
    // What an attempt used of which nothing is known may be where it is not found any more: in a folder that was removed since.
    const all = group.unsettled > 1 && !group.unreserved
    const used = results.filter(
      ({ usedReserved, result }) => usedReserved || (all && result.kind === 'delivered'),
    ).length
    return replace(group, groupsAfter(group, results, dueMs), used)
  }

  /** Puts `next` in the place of a group whose lease we hold. */
  async function replace(group: Group, next: readonly Group[], used: number): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const [message] = await deps.reading.load([group.queueId])
      if (message === undefined) return false
      const writes = [
        ...groupWrites(group, next),
        ...(await messageWrites(message, { groups: message.groups - 1 + next.length, used })),
      ]
      try {
        await table.transact(writes)
        return true
      } catch (error) {
        if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
        if (isLeaseLost(error, writes)) return false
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
      return removal(message, counted)
    }
    if (groups === message.groups && used === 0) return []
    const changes = { set: { groups }, ...(used > 0 && { add: { used } }) }
    return [{ update: messageKey(queueId), changes, if: counted }]
  }

  return settle
}

/** What is left of a group: those who are tried again, and those who are not. */
function groupsAfter(
  group: Group,
  results: readonly RecipientResult[],
  dueMs: number,
): readonly Group[] {
  const failed = results.filter(({ result }) => result.kind === 'failed')
  const deferred = results.filter(({ result }) => result.kind === 'deferred')
  const uncertain = results.some((one) => one.uncertain) ? 1 : 0
  const unsettled = Math.max(0, group.unsettled - 1) + uncertain
  const base = { ...group, attempts: group.attempts + 1, leaseUntilMs: 0, unsettled }
  const next: Group[] = []
  if (deferred.length > 0) next.push({ ...base, ...remaining(deferred), state: 'deferred', dueMs })
  if (failed.length > 0) {
    const name = deferred.length > 0 ? `${group.name}!${base.attempts}` : group.name
    next.push({ ...base, ...remaining(failed), name, state: 'hold', dueMs: null })
  }
  return next
}

function remaining(results: readonly RecipientResult[]) {
  return {
    recipients: results.map(({ recipient }) => recipient),
    lastReply: results[0]?.result.reply ?? null,
  }
}

/** All of them only while the lease is ours. */
function groupWrites(group: Group, next: readonly Group[]): readonly Write[] {
  const stillOurs = is('leaseUntilMs', group.leaseUntilMs)
  const puts = next.map((one): Write => {
    return { ...groupPut(one), if: one.name === group.name ? stillOurs : { absent: 'pk' } }
  })
  if (next.some(({ name }) => name === group.name)) return puts
  return [...puts, { delete: groupKey(group.queueId, group.name), if: stillOurs }]
}

/** A write was refused that is about the group and not about the message's count. */
function isLeaseLost(error: Error, writes: readonly Write[]): boolean {
  if (!(error instanceof ConditionFailed)) return false
  return !error.failed.every(({ position }) => {
    const write = writes[position]
    return write !== undefined && isMessageWrite(write)
  })
}

function isMessageWrite(write: Write): boolean {
  const key = 'delete' in write ? write.delete : 'update' in write ? write.update : undefined
  return key?.sk === 'META'
}
