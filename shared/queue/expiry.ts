// Ends the waiting of a message by an operator's will (postsuper -e, -f): its recipients have failed, and delivery tells the sender
// of it as of others (services/delivery).
//
// What an operator holds is only marked so, and goes when he releases it. The mark is the reason itself, which no other host can say:
// its words stand behind "host … said".

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, Conflict, type Table, type Write } from '#shared/storage/ports.ts'
import { messageKey } from './keys.ts'
import { GROUP_LEASE_MS, groupOf, ofBoundedSize } from './new-groups.ts'
import {
  type Group,
  isEnded,
  type QueuedMessage,
  type QueuedRecipient,
  type QueueEntry,
  storedMessageState,
} from './records.ts'
import { isDone, lastResult } from './results.ts'
import { groupPut, isAsSeen, isMessage } from './writes.ts'

const EXPIRED = 'administratively expired'
/** RFC 3463 §3.5: delivery time expired. */
const EXPIRED_STATUS = '5.4.7'
/** Groups changed in one transaction. */
const GROUPS_AT_ONCE_MAX = 40
const ATTEMPTS_MAX = 5

/** He fails by an operator's will, now or when he is released. */
export const isExpired = ({ last }: QueuedRecipient): boolean =>
  last?.kind === 'failed' && last.reply.startsWith(EXPIRED)

export function createExpiry(deps: {
  readonly table: Table
  readonly show: (queueId: QueueId) => Promise<QueueEntry | undefined>
  readonly clock: Clock
}) {
  const { table, clock } = deps

  /** The groups to ring; undefined where there was nothing to expire. */
  return async function expire(
    queueId: QueueId,
    heldToo: boolean,
  ): Promise<readonly Group[] | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const entry = await deps.show(queueId)
      if (entry === undefined) return undefined
      try {
        return entry.message.state === 'split'
          ? await expireGroups(entry, heldToo)
          : await expireUnsplit(entry.message, heldToo)
      } catch (error) {
        if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
      }
    }
    return undefined
  }

  async function expireGroups(
    { groups }: QueueEntry,
    heldToo: boolean,
  ): Promise<readonly Group[] | undefined> {
    const meant = groups.filter(
      (group) => group.leaseUntilMs <= clock.now() && !isOver(group, heldToo),
    )
    if (meant.length === 0) return undefined
    const ended = meant.map((group) => endedGroup(group, heldToo))
    // Groups are independent of each other.
    for (let at = 0; at < meant.length; at += GROUPS_AT_ONCE_MAX) {
      await table.transact(
        meant.slice(at, at + GROUPS_AT_ONCE_MAX).map((group, i): Write => {
          return { ...groupPut(ended[at + i] ?? group, clock.now()), if: isAsSeen(group) }
        }),
      )
    }
    return ended.filter(({ state }) => state === 'waiting')
  }

  function endedGroup(group: Group, heldToo: boolean): Group {
    const recipients = group.recipients.map((one) => endedRecipient(one))
    if (group.state === 'held' && !heldToo) return { ...group, recipients }
    const dueMs = clock.now() + GROUP_LEASE_MS
    return { ...group, recipients, state: 'waiting', dueMs, leaseUntilMs: 0 }
  }

  function endedRecipient(recipient: QueuedRecipient): QueuedRecipient {
    // Who has it, and waits for his sender to be told, has it.
    if (isDone(recipient)) return recipient
    const { last } = recipient
    const reply = last === undefined ? EXPIRED : `${EXPIRED}: ${last.reply}`
    const facts = {
      remoteMta: last?.remoteMta ?? null,
      atMs: clock.now(),
      attempts: last?.attempts ?? 0,
    }
    return {
      ...recipient,
      last: lastResult({ kind: 'failed', status: EXPIRED_STATUS, reply }, facts),
    }
  }

  /**
   * Its aliases are not followed any more: who is written to fails. One that is on its way to cleanup is left to it, which may deliver it this
   * moment.
   */
  async function expireUnsplit(
    message: QueuedMessage,
    heldToo: boolean,
  ): Promise<readonly Group[] | undefined> {
    if (message.state === 'incoming' || (message.state === 'held' && !heldToo)) return undefined
    const recipients = message.envelope.recipients.map(({ address, ...asked }): QueuedRecipient => {
      return endedRecipient({
        address,
        accountId: null,
        extension: null,
        original: address,
        ...asked,
      })
    })
    const facts = { queueId: message.queueId, split: null, nowMs: clock.now() }
    const groups = ofBoundedSize({
      destination: { kind: 'local' },
      recipients,
      state: { kind: 'waiting' },
    }).map((group, n) => groupOf(group, { ...facts, n }))
    await table.transact([
      {
        update: messageKey(message.queueId),
        changes: {
          set: { state: storedMessageState.split, groups: groups.length, reason: null },
          remove: ['duePk', 'dueSk', 'listPk', 'listSk', 'starts'],
        },
        if: isMessage(message.state),
      },
      ...groups.map((group): Write => ({ ...groupPut(group, clock.now()), if: { absent: 'pk' } })),
    ])
    return groups
  }
}

/** Nothing of it is to be changed. */
function isOver(group: Group, heldToo: boolean): boolean {
  return isEnded(group) && !(group.state === 'held' && heldToo)
}
