// What an operator does with the queue: look, hold, release, delete, flush. Every change is conditional on the state seen, so
// that it can run beside the workers.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Queue, type Table, type Write } from '#shared/storage/ports.ts'
import { markDead } from './blob.ts'
import { DUE_SHARDS, dueAt, duePk, groupKey, HELD_PK, heldAt, messageKey } from './keys.ts'
import { INCOMING_RING_AGAIN_MS, type MailQueue } from './mail-queue.ts'
import type { Group, QueuedMessage } from './records.ts'

export type QueueEntry = {
  readonly message: QueuedMessage
  /** Empty while the message is incoming. */
  readonly groups: readonly Group[]
}

/** Groups of one message that an operator's command changes in one transaction. */
const GROUPS_PER_COMMAND_MAX = 90

export type QueueOperator = ReturnType<typeof createQueueOperator>

export function createQueueOperator(deps: {
  readonly queue: MailQueue
  readonly table: Table
  readonly mail: Table
  readonly incoming: Queue
  readonly clock: Clock
}) {
  const { queue, table, clock } = deps

  /** Everything in the queue, oldest first. */
  async function* list(): AsyncGenerator<QueueEntry> {
    const ids = new Set<QueueId>()
    for (let shard = 0; shard < DUE_SHARDS; shard++) await collectIds('due', duePk(shard), ids)
    await collectIds('list', HELD_PK, ids)
    for (const queueId of [...ids].sort()) {
      const entry = await show(queueId)
      if (entry) yield entry
    }
  }

  async function collectIds(index: 'due' | 'list', pk: string, ids: Set<QueueId>): Promise<void> {
    let after: string | undefined
    do {
      const page = await table.queryIndex(index, { pk, ...(after === undefined ? {} : { after }) })
      for (const entry of page.items) ids.add(entry.pk.slice(2) as QueueId)
      after = page.next
    } while (after !== undefined)
  }

  async function show(queueId: QueueId): Promise<QueueEntry | undefined> {
    const [message] = await queue.load([queueId])
    return message && { message, groups: await queue.loadGroups(queueId) }
  }

  /** Nothing of the message moves until it is released. Groups being delivered this moment end their attempt first. */
  function hold(queueId: QueueId, reason: string): Promise<boolean> {
    return change(queueId, ({ message, groups }) => {
      if (message.state === 'incoming') {
        return [
          {
            update: messageKey(queueId),
            changes: {
              set: { state: 'hold', reason, ...heldAt(queueId, '') },
              remove: ['duePk', 'dueSk'],
            },
            if: is('state', 'incoming'),
          },
        ]
      }
      return groups
        .filter((group) => group.state !== 'hold' && group.leaseUntilMs <= clock.now())
        .map((group) => ({
          update: groupKey(queueId, group.name),
          changes: {
            set: { state: 'hold', dueMs: null, ...heldAt(queueId, group.name) },
            remove: ['duePk', 'dueSk'],
          },
          if: is('leaseUntilMs', group.leaseUntilMs),
        }))
    })
  }

  /** Tries everything of the message again now: held, corrupt and deferred alike. */
  async function release(queueId: QueueId): Promise<boolean> {
    const nowMs = clock.now()
    const changed = await change(queueId, ({ message, groups }) => {
      if (message.state !== 'active') {
        const due = dueAt(queueId, '', nowMs + INCOMING_RING_AGAIN_MS)
        return [
          {
            update: messageKey(queueId),
            changes: {
              set: { state: 'incoming', reason: null, ...due },
              remove: ['listPk', 'listSk'],
            },
            if: is('state', message.state),
          },
        ]
      }
      return groups
        .filter((group) => group.leaseUntilMs <= nowMs)
        .map((group) => ({
          update: groupKey(queueId, group.name),
          changes: {
            set: { state: 'deferred', dueMs: nowMs, ...dueAt(queueId, group.name, nowMs) },
            remove: ['listPk', 'listSk'],
          },
          if: is('leaseUntilMs', group.leaseUntilMs),
        }))
    })
    if (changed) {
      await deps.incoming.send([queueId]).catch(() => {})
      await queue.ring((await queue.loadGroups(queueId)).filter((group) => group.state !== 'hold'))
    }
    return changed
  }

  /** Removes the message and all its recipients from the queue; nobody is told. */
  function remove(queueId: QueueId): Promise<boolean> {
    return change(
      queueId,
      ({ message, groups }) => [
        {
          delete: messageKey(queueId),
          if: { all: [is('state', message.state), is('groups', message.groups)] },
        },
        ...groups.map((group) => ({ delete: groupKey(queueId, group.name) })),
      ],
      true,
    )
  }

  /** Tries deferred mail again now, all of it or that for one next hop; returns how many messages. */
  async function flush(nextHop?: string): Promise<number> {
    let flushed = 0
    for await (const { groups } of list()) {
      const waiting = groups.filter(
        (group) =>
          group.state === 'deferred' &&
          (nextHop === undefined ||
            (group.destination.kind === 'remote' && group.destination.nextHop === nextHop)),
      )
      if (waiting.length === 0) continue
      await queue.ring(waiting)
      flushed++
    }
    return flushed
  }

  async function change(
    queueId: QueueId,
    decide: (entry: QueueEntry) => readonly Write[],
    dead = false,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const entry = await show(queueId)
      if (entry === undefined) return false
      const writes = decide(entry)
      if (writes.length === 0) return false
      if (dead) await markDead(deps.mail, queueId, clock.now())
      try {
        await table.transact(writes.slice(0, GROUPS_PER_COMMAND_MAX))
        return true
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
      }
    }
    return false
  }

  return { list, show, hold, release, remove, flush }
}

const attemptsMax = 5
const is = (attribute: string, value: string | number) => ({ attribute, is: '=', value }) as const
