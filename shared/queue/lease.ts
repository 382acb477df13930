// A group belongs to one worker at a time. A lease ends by itself, so that a dead worker is a delay and never a loss.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Condition, ConditionFailed, type Table } from '#shared/storage/ports.ts'
import { groupRecord } from './group-item.ts'
import { dueAt, groupKey } from './keys.ts'
import { GROUP_LEASE_MS } from './new-groups.ts'
import type { QueueReading } from './reading.ts'
import { type Group, type QueuedMessage, storedGroupState } from './records.ts'
import type { Tracing } from './trace/tracing.ts'
import { heldChanges, is, isGroup, writeAll } from './writes.ts'

export type TakenGroup = { readonly message: QueuedMessage; readonly group: Group }

export function createLeases(deps: {
  readonly table: Table
  readonly reading: QueueReading
  readonly tracing: Tracing
  readonly clock: Clock
}) {
  const { table, tracing, clock } = deps

  async function take(
    queueId: QueueId,
    name: string,
    { onlyIfDue = false } = {},
  ): Promise<TakenGroup | undefined> {
    const group = await lease(queueId, name, onlyIfDue)
    if (group === undefined) return undefined
    const [message] = await deps.reading.load([queueId])
    if (message?.state === 'split' && message.split === group.split) return { message, group }
    // Not split yet, or not any more: its groups are not known. Else the group was left by an interrupted split that somebody else
    // finished, or by a message that is gone.
    if (message === undefined || message.state === 'split') await removeLeased(group)
    return undefined
  }

  async function lease(
    queueId: QueueId,
    name: string,
    onlyIfDue: boolean,
  ): Promise<Group | undefined> {
    const nowMs = clock.now()
    const dueMs = nowMs + GROUP_LEASE_MS
    try {
      const item = await table.write({
        update: groupKey(queueId, name),
        changes: {
          set: {
            state: storedGroupState.leased,
            leaseUntilMs: dueMs,
            dueMs,
            ...dueAt(queueId, name, dueMs),
          },
          add: { unsettled: 1 },
        },
        if: {
          all: [
            { any: [isGroup('waiting'), onlyIfDue ? isDue(nowMs) : isGroup('deferred')] },
            { attribute: 'leaseUntilMs', is: '<=', value: nowMs },
          ],
        },
      })
      return item && groupRecord(item)
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined
      throw error
    }
  }

  async function removeLeased({ queueId, name, leaseUntilMs }: Group): Promise<void> {
    try {
      await table.write({ delete: groupKey(queueId, name), if: is('leaseUntilMs', leaseUntilMs) })
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  async function renew(group: Group): Promise<Group | undefined> {
    const { queueId, name } = group
    const dueMs = clock.now() + GROUP_LEASE_MS
    const renewed = { ...group, dueMs, leaseUntilMs: dueMs }
    try {
      await table.write({
        update: groupKey(queueId, name),
        changes: { set: { leaseUntilMs: dueMs, dueMs, ...dueAt(queueId, name, dueMs) } },
        if: is('leaseUntilMs', group.leaseUntilMs),
      })
      return renewed
    } catch (error) {
      // It may be written although the answer was lost, and refused when it was repeated. Whoever does not know of his lease cannot say what
      // he delivered. Another worker's has one more that is not settled.
      const [item] = await table.batchGet([groupKey(queueId, name)], { consistent: true })
      if (item?.leaseUntilMs === dueMs && item.unsettled === group.unsettled) return renewed
      if (error instanceof ConditionFailed) return undefined
      throw error
    }
  }

  async function holdTaken(group: Group, reason: string | null = null): Promise<boolean> {
    const { queueId, name, leaseUntilMs } = group
    const { set, remove } = heldChanges(queueId, name)
    try {
      const held = {
        update: groupKey(queueId, name),
        changes: {
          set: { state: storedGroupState.held, dueMs: null, leaseUntilMs: 0, ...set },
          add: { unsettled: -1 },
          remove,
        },
        if: is('leaseUntilMs', leaseUntilMs),
      }
      const recipients = group.recipients.map(({ address }) => address)
      await writeAll(table, [held, ...tracing.deed(queueId, { kind: 'held', reason, recipients })])
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return { take, renew, holdTaken }
}

/** A bell may come a little before its time: it is told in whole seconds, and by another clock. */
const EARLY_MS = 2_000

/** Deferred again after its bell was sent it has another one. */
const isDue = (nowMs: number): Condition => ({
  all: [isGroup('deferred'), { attribute: 'dueMs', is: '<=', value: nowMs + EARLY_MS }],
})

/** What `take` may take. */
export const isToBeTaken = ({ state, dueMs, leaseUntilMs }: Group, nowMs: number): boolean =>
  leaseUntilMs <= nowMs &&
  (state === 'deferred' ? dueMs !== null && dueMs <= nowMs + EARLY_MS : state !== 'held')
