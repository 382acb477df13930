// A message before it is split: added, counted, set aside, or finished without ever having had groups.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { ConditionFailed, type Table, type Write } from '#shared/storage/ports.ts'
import { messageKey } from './keys.ts'
import { type QueuedMessage, storedMessageState } from './records.ts'
import type { QueueReferences, References } from './references.ts'
import { createdPuts, heldChanges, isMessage, messagePuts, removal } from './writes.ts'

const none: References = { reserved: undefined, used: 0 }

export type FinishFacts = {
  readonly references?: References
  readonly creates?: readonly QueuedMessage[]
}

export function createIncoming(deps: {
  readonly table: Table
  readonly references: QueueReferences
  readonly ringIncoming: (messages: readonly QueuedMessage[]) => Promise<void>
}) {
  const { table, references } = deps

  async function add(message: QueuedMessage): Promise<void> {
    await writeAll(table, messagePuts(message))
  }

  async function finish(message: QueuedMessage, facts: FinishFacts = {}): Promise<void> {
    const { references: counted = none, creates = [] } = facts
    const created = createdPuts(creates)
    // Whoever makes messages of it must be the one who finishes it, or they would be made twice.
    // Held is one that came so and whose bytes could not be stored (spool.ts).
    const isUnsplit = isMessage(message.state === 'held' ? 'held' : 'incoming')
    const isThere = creates.length > 0 ? isUnsplit : { any: [{ absent: 'pk' }, isUnsplit] }
    try {
      await references.giveBack(message.queueId, counted)
      const [own, ...apart] = removal(message, isThere)
      await writeAll(table, [own, ...apart, ...created])
      await deps.ringIncoming(creates)
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
        if: isMessage('incoming'),
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
      if: { all: [isMessage('incoming'), { exists: 'starts' }] },
    })
  }

  async function markCorrupt(queueId: QueueId, reason: string): Promise<void> {
    const { set, remove } = heldChanges(queueId, '')
    await whileIncoming({
      update: messageKey(queueId),
      changes: { set: { state: storedMessageState.corrupt, reason, ...set }, remove },
      if: isMessage('incoming'),
    })
  }

  async function holdIncoming(queueId: QueueId, reason: string): Promise<void> {
    const { set, remove } = heldChanges(queueId, '')
    await whileIncoming({
      update: messageKey(queueId),
      changes: { set: { state: storedMessageState.held, reason, ...set }, remove },
      if: isMessage('incoming'),
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

  return { add, finish, countStart, forgetStarts, markCorrupt, holdIncoming }
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
