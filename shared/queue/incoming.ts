// A message before it is split: added, counted, set aside, or finished without ever having had groups.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { ConditionFailed, type Table, type Write } from '#shared/storage/ports.ts'
import { messageKey } from './keys.ts'
import type { QueuedMessage } from './records.ts'
import type { QueueReferences, References } from './references.ts'
import { heldChanges, incomingPuts, is, removal } from './writes.ts'

const none: References = { reserved: undefined, used: 0 }

export function createIncoming(deps: {
  readonly table: Table
  readonly references: QueueReferences
}) {
  const { table, references } = deps

  async function add(message: QueuedMessage): Promise<void> {
    await writeAll(table, incomingPuts(message))
  }

  async function finish(message: QueuedMessage, counted: References = none): Promise<void> {
    const writes = removal(message, { any: [{ absent: 'pk' }, is('state', 'incoming')] })
    try {
      await references.giveBack(message.queueId, counted)
      await writeAll(table, writes)
    } catch (error) {
      // Another worker split it: then its groups carry it on, and local delivery is exactly once anyhow.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  async function countStart(queueId: QueueId): Promise<number> {
    try {
      const item = await table.write({
        update: messageKey(queueId),
        changes: { add: { starts: 1 } },
        if: is('state', 'incoming'),
      })
      return typeof item?.starts === 'number' ? item.starts : 0
    } catch (error) {
      if (error instanceof ConditionFailed) return 0
      throw error
    }
  }

  async function forgetStarts(queueId: QueueId): Promise<void> {
    await whileIncoming({
      update: messageKey(queueId),
      changes: { remove: ['starts'] },
      if: { all: [is('state', 'incoming'), { exists: 'starts' }] },
    })
  }

  async function markCorrupt(queueId: QueueId, reason: string): Promise<void> {
    const { set, remove } = heldChanges(queueId, '')
    await whileIncoming({
      update: messageKey(queueId),
      changes: { set: { state: 'corrupt', reason, ...set }, remove },
      if: is('state', 'incoming'),
    })
  }

  /** Nothing where it is not incoming any more. */
  async function whileIncoming(write: Extract<Write, { update: unknown }>): Promise<void> {
    try {
      await table.write(write)
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  return { add, finish, countStart, forgetStarts, markCorrupt }
}

/** One write costs half of a transaction of one. */
async function writeAll(
  table: Table,
  writes: readonly [Exclude<Write, { check: unknown }>, ...Write[]],
): Promise<void> {
  const [only, ...more] = writes
  if (more.length === 0) await table.write(only)
  else await table.transact(writes)
}
