// Groups that are looked at before anybody takes them, and put off without an attempt because their destination is known to be dead:
// one read and one write, where taking and settling would be three.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Table } from '#shared/storage/ports.ts'
import { groupRecord, isEndedItem } from './group-item.ts'
import { groupKey } from './keys.ts'
import type { QueueReading } from './reading.ts'
import type { Group, QueuedMessage } from './records.ts'
import { lastResult } from './results.ts'
import type { Tracing } from './trace/tracing.ts'
import { attemptEvent } from './trace/trail.ts'
import { groupPut, isAsSeen } from './writes.ts'

export type SeenGroup = {
  readonly group: Group
  /** Undefined where the group is not one of its message, or not yet: whoever takes it knows what to do. */
  readonly message: QueuedMessage | undefined
}

export type GroupName = { readonly queueId: QueueId; readonly group: string }
export type Deferred = Extract<DeliveryResult, { readonly kind: 'deferred' }>

export function createSuspension(deps: {
  readonly table: Table
  readonly reading: QueueReading
  readonly ringWhenDue: (groups: readonly Group[]) => Promise<void>
  readonly tracing: Tracing
  readonly clock: Clock
}) {
  const { table, reading, tracing, clock } = deps

  async function peek(groups: readonly GroupName[]): Promise<readonly (SeenGroup | undefined)[]> {
    const queueIds = [...new Set(groups.map(({ queueId }) => queueId))]
    const [items, messages] = await Promise.all([
      table.batchGet(
        groups.map(({ queueId, group }) => groupKey(queueId, group)),
        { consistent: true },
      ),
      reading.load(queueIds),
    ])
    const byId = new Map(queueIds.map((queueId, n) => [queueId, messages[n]]))
    const nowMs = clock.now()
    return items.map((item) => {
      const group = item && !isEndedItem(item) ? groupRecord(item) : undefined
      if (group === undefined || group.state === 'held' || group.leaseUntilMs > nowMs) {
        return undefined
      }
      const message = byId.get(group.queueId)
      const isOf = message?.state === 'split' && message.split === group.split
      return { message: isOf ? message : undefined, group }
    })
  }

  async function putOff(group: Group, result: Deferred, dueMs: number): Promise<boolean> {
    const nowMs = clock.now()
    const attempts = group.attempts + 1
    const recipients = group.recipients.map((recipient) => {
      const warned = recipient.last?.warned === true ? ({ warned: true } as const) : {}
      const facts = { remoteMta: null, atMs: nowMs, attempts, ...warned }
      return { ...recipient, last: lastResult(result, facts) }
    })
    const results = group.recipients.map((recipient) => ({ recipient, result }))
    const nothing = { startedMs: nowMs, endedMs: nowMs, contact: undefined }
    const next: Group = {
      ...group,
      ...tracing.extend(group, attemptEvent(results, { ...nothing, dueMs })),
      state: 'deferred',
      attempts,
      recipients,
      dueMs,
      leaseUntilMs: 0,
    }
    try {
      await table.write({ ...groupPut(next, nowMs), if: isAsSeen(group) })
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
    await deps.ringWhenDue([next])
    return true
  }

  return { peek, putOff }
}
