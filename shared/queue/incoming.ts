// A message before it is split: added, counted, set aside, or finished without ever having had groups.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { ConditionFailed, type Table, type Write } from '#shared/storage/ports.ts'
import { messageKey } from './keys.ts'
import { type QueuedMessage, storedMessageState } from './records.ts'
import type { QueueReferences, References } from './references.ts'
import type { RecipientResult } from './results.ts'
import type { Journal } from './trace/journal.ts'
import type { Tracing } from './trace/tracing.ts'
import { type AttemptFacts, attemptEvent } from './trace/trail.ts'
import { createdPuts, heldChanges, isMessage, messagePuts, removal, writeAll } from './writes.ts'

const none: References = { reserved: undefined, used: 0 }

export type FinishFacts = {
  readonly references?: References
  readonly creates?: readonly QueuedMessage[]
  /** What was done with its recipients, on the spot. */
  readonly done?: OnTheSpot
  /** Its sender got no `250`: there is nothing to tell of it. */
  readonly isUnaccepted?: boolean
}

/** What was done with recipients before there was a group of them. */
export type OnTheSpot = AttemptFacts & { readonly results: readonly RecipientResult[] }

export function createIncoming(deps: {
  readonly table: Table
  readonly references: QueueReferences
  readonly tracing: Tracing
  readonly journal: Journal
  readonly ringIncoming: (messages: readonly QueuedMessage[]) => Promise<void>
}) {
  const { table, references, tracing, journal } = deps

  async function add(message: QueuedMessage): Promise<void> {
    const [own, ...apart] = messagePuts(message)
    // What does not come to cleanup is looked for all the same.
    const noted = message.state === 'incoming' ? [] : journal.items([message])
    await writeAll(table, [own, ...apart, ...noted])
  }

  async function finish(message: QueuedMessage, facts: FinishFacts = {}): Promise<void> {
    const { references: counted = none, creates = [], done, isUnaccepted = false } = facts
    const created = createdPuts(creates)
    // Whoever makes messages of it must be the one who finishes it, or they would be made twice.
    // Held is one that came so and whose bytes could not be stored (spool.ts).
    const isUnsplit = isMessage(message.state === 'held' ? 'held' : 'incoming')
    const isThere = creates.length > 0 ? isUnsplit : { any: [{ absent: 'pk' }, isUnsplit] }
    const trail = done && tracing.extend(message, attemptEvent(done.results, done))
    try {
      await references.giveBack(message.queueId, counted)
      const [own, ...apart] =
        tracing.isOn && !isUnaccepted
          ? tracing.endMessage({ ...message, ...trail }, isUnsplit, 'done')
          : removal(message, isThere)
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
    await setAside(queueId, 'corrupt', reason)
  }

  async function holdIncoming(queueId: QueueId, reason: string): Promise<void> {
    await setAside(queueId, 'held', reason)
  }

  async function setAside(
    queueId: QueueId,
    state: 'held' | 'corrupt',
    reason: string,
  ): Promise<void> {
    const { set, remove } = heldChanges(queueId, '')
    await whileIncoming(
      {
        update: messageKey(queueId),
        changes: { set: { state: storedMessageState[state], reason, ...set }, remove },
        if: isMessage('incoming'),
      },
      tracing.deed(queueId, { kind: state, reason, recipients: [] }),
    )
  }

  /** Nothing where it is not incoming any more. */
  async function whileIncoming(
    write: Extract<Write, { update: unknown }>,
    more: readonly Write[] = [],
  ): Promise<void> {
    try {
      await writeAll(table, [write, ...more])
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  return { add, finish, countStart, forgetStarts, markCorrupt, holdIncoming }
}
