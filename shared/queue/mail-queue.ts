// The mail queue: every accepted message is an item here until each of its recipients is delivered or an operator removed it.
// The queue table is the truth; the doorbell queues (`incoming`, `active`) only say "look". Whatever is not finished has a due
// time, so a lost doorbell is a delay, never a loss.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  ConditionFailed,
  Conflict,
  type Queue,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { markDead } from './blob.ts'
import { dueAt, groupKey, groupsRange, heldAt, messageKey } from './keys.ts'
import {
  type Destination,
  type Group,
  groupItem,
  groupRecord,
  messageItem,
  type QueuedMessage,
  queuedMessage,
} from './records.ts'

/** When an incoming message is rung again because nothing happened. */
export const INCOMING_RING_AGAIN_MS = 60_000
/** How long a worker may hold a group; when it dies, the group is rung again after this. */
export const GROUP_LEASE_MS = 10 * 60_000
/** Attempts to write what became of a group while others write to the same message. */
const SETTLE_ATTEMPTS_MAX = 20
const SETTLE_PAUSE_MS = 50
/** Groups written in one transaction, next to the message. */
const GROUPS_PER_TRANSACTION = 99

export type NewGroup = {
  readonly destination: Destination
  readonly recipients: readonly FinalRecipient[]
  /** `dueMs` now: delivery starts at once; later: a first attempt already failed for now. */
  readonly state:
    | { readonly kind: 'active' }
    | { readonly kind: 'deferred'; readonly dueMs: number; readonly reply: string }
    | { readonly kind: 'hold'; readonly reply: string }
}

export type Settled = {
  readonly recipient: FinalRecipient
  readonly result: DeliveryResult
}

export type MailQueue = ReturnType<typeof createMailQueue>

export function createMailQueue(deps: {
  readonly table: Table
  readonly mail: Table
  readonly active: Queue
  readonly clock: Clock
}) {
  const { table, clock } = deps

  /** Makes the message durable and due; whoever calls may then say `250`. */
  async function add(message: QueuedMessage): Promise<void> {
    const due = dueAt(message.queueId, '', message.arrivedMs + INCOMING_RING_AGAIN_MS)
    const item = messageItem(message, messageKey(message.queueId))
    await table.write({ put: { ...item, ...due }, if: { absent: 'pk' } })
  }

  async function load(
    queueIds: readonly QueueId[],
  ): Promise<readonly (QueuedMessage | undefined)[]> {
    const items = await table.batchGet(queueIds.map(messageKey), { consistent: true })
    return items.map((item) => item && queuedMessage(item))
  }

  async function loadGroups(queueId: QueueId): Promise<readonly Group[]> {
    const groups: Group[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: messageKey(queueId).pk,
        sk: groupsRange,
        consistent: true,
        ...(after === undefined ? {} : { after }),
      })
      groups.push(...page.items.map(groupRecord))
      after = page.next
    } while (after !== undefined)
    return groups
  }

  /** An incoming message all of whose recipients are delivered: it leaves the queue. Repeating it is harmless. */
  async function finish(message: QueuedMessage): Promise<void> {
    try {
      await table.write({
        delete: messageKey(message.queueId),
        if: { any: [{ absent: 'pk' }, { attribute: 'state', is: '=', value: 'incoming' }] },
      })
    } catch (error) {
      // Another worker split it: then its groups carry it on, and local delivery is exactly once anyhow.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  /**
   * Turns an incoming message into groups, each of which lives on its own. All of it or nothing for up to 99 groups; above
   * that the groups come first and the message last, and a repetition overwrites what an interrupted one left.
   * False when another worker was faster.
   */
  async function split(message: QueuedMessage, groups: readonly NewGroup[]): Promise<boolean> {
    const records = groups.map((group, n) => newGroup(message.queueId, group, n))
    const puts = records.map((group) => ({ put: groupItemWithDue(group) }))
    const last = puts.splice(-GROUPS_PER_TRANSACTION)
    if (puts.length > 0) await table.batchWrite(puts)
    try {
      await table.transact([
        {
          update: messageKey(message.queueId),
          changes: { set: { state: 'active', groups: groups.length }, remove: ['duePk', 'dueSk'] },
          if: { attribute: 'state', is: '=', value: 'incoming' },
        },
        ...last,
      ])
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
    await ring(records.filter((group) => group.state === 'active'))
    return true
  }

  function newGroup(queueId: QueueId, group: NewGroup, n: number): Group {
    const nowMs = clock.now()
    const { state } = group
    const hop = group.destination.kind === 'remote' ? group.destination.nextHop : 'local'
    return {
      queueId,
      name: `${hop.slice(0, groupHopCharactersMax)}/${n}`,
      state: state.kind,
      destination: group.destination,
      recipients: group.recipients,
      attempts: state.kind === 'active' ? 0 : 1,
      lastReply: state.kind === 'active' ? null : state.reply,
      dueMs:
        state.kind === 'hold'
          ? null
          : state.kind === 'deferred'
            ? state.dueMs
            : nowMs + GROUP_LEASE_MS,
      leaseUntilMs: 0,
    }
  }

  /** Rings the doorbell of groups. Never rejects for lost bells: the due time covers them. */
  async function ring(groups: readonly { queueId: QueueId; name: string }[]): Promise<void> {
    if (groups.length === 0) return
    await deps.active.send(groups.map((group) => `${group.queueId} ${group.name}`)).catch(() => {})
  }

  /**
   * Takes the group for this worker alone; undefined when it is gone, held, or another worker has it. A group whose message
   * is gone was left by an interrupted split that somebody else finished; it is removed.
   */
  async function take(
    queueId: QueueId,
    name: string,
  ): Promise<{ readonly message: QueuedMessage; readonly group: Group } | undefined> {
    const nowMs = clock.now()
    const dueMs = nowMs + GROUP_LEASE_MS
    try {
      const item = await table.write({
        update: groupKey(queueId, name),
        changes: {
          set: { state: 'active', leaseUntilMs: dueMs, dueMs, ...dueAt(queueId, name, dueMs) },
        },
        if: {
          all: [
            { any: [is('state', 'active'), is('state', 'deferred')] },
            { attribute: 'leaseUntilMs', is: '<=', value: nowMs },
          ],
        },
      })
      const [message] = await load([queueId])
      if (item === undefined || message === undefined || message.state !== 'active')
        return undefined
      return { message, group: groupRecord(item) }
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined
      throw error
    }
  }

  /** A longer lease for a group we still have; undefined when it was lost. */
  async function renew(group: Group): Promise<Group | undefined> {
    const dueMs = clock.now() + GROUP_LEASE_MS
    const due = dueAt(group.queueId, group.name, dueMs)
    try {
      await table.write({
        update: groupKey(group.queueId, group.name),
        changes: { set: { leaseUntilMs: dueMs, dueMs, ...due } },
        if: is('leaseUntilMs', group.leaseUntilMs),
      })
      return { ...group, dueMs, leaseUntilMs: dueMs }
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined
      throw error
    }
  }

  /**
   * Writes what became of a taken group, in one transaction: delivered recipients leave it, failed ones wait on hold in a group
   * of their own, the others are deferred until `dueMs`. The last group takes the message with it. False when the lease was lost.
   */
  async function settle(
    group: Group,
    settled: readonly Settled[],
    dueMs: number,
  ): Promise<boolean> {
    const failed = settled.filter(({ result }) => result.kind === 'failed')
    const deferred = settled.filter(({ result }) => result.kind === 'deferred')
    const base = { ...group, attempts: group.attempts + 1, leaseUntilMs: 0 }
    const next: Group[] = []
    if (deferred.length > 0) {
      next.push({ ...base, ...remaining(deferred), state: 'deferred', dueMs })
    }
    if (failed.length > 0) {
      const name = deferred.length > 0 ? `${group.name}!${base.attempts}` : group.name
      next.push({ ...base, ...remaining(failed), name, state: 'hold', dueMs: null })
    }
    return replace(group, next)
  }

  /** Puts `next` in the place of a group whose lease we hold. */
  async function replace(group: Group, next: readonly Group[]): Promise<boolean> {
    const stillOurs = is('leaseUntilMs', group.leaseUntilMs)
    for (let attempt = 1; ; attempt++) {
      const [message] = await load([group.queueId])
      if (message === undefined) return false
      const groups = message.groups - 1 + next.length
      const counted = is('groups', message.groups)
      const ours = messageKey(group.queueId)
      const writes: Write[] = next.map((put) => ({
        put: groupItemWithDue(put),
        if: put.name === group.name ? stillOurs : { absent: 'pk' },
      }))
      if (!next.some((put) => put.name === group.name)) {
        writes.push({ delete: groupKey(group.queueId, group.name), if: stillOurs })
      }
      if (groups === 0) {
        await markDead(deps.mail, group.queueId, clock.now())
        writes.push({ delete: ours, if: counted })
      } else if (groups !== message.groups) {
        writes.push({ update: ours, changes: { set: { groups } }, if: counted })
      }
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
        await clock.sleep(Math.random() * SETTLE_PAUSE_MS)
      }
    }
  }

  /** Sets a message aside that workers cannot digest; nothing of it is lost. */
  async function markCorrupt(queueId: QueueId, reason: string): Promise<void> {
    try {
      await table.write({
        update: messageKey(queueId),
        changes: {
          set: { state: 'corrupt', reason, ...heldAt(queueId, '') },
          remove: ['duePk', 'dueSk'],
        },
        if: is('state', 'incoming'),
      })
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  return { add, load, loadGroups, finish, split, take, renew, settle, markCorrupt, ring }
}

/** The next hop in a group's name is for people; the number behind it makes the name unique. */
const groupHopCharactersMax = 200

function remaining(settled: readonly Settled[]) {
  const first = settled[0]?.result
  return {
    recipients: settled.map(({ recipient }) => recipient),
    lastReply: first?.reply ?? null,
  }
}

export function groupItemWithDue(group: Group) {
  const item = groupItem(group, groupKey(group.queueId, group.name))
  return group.dueMs === null
    ? { ...item, ...heldAt(group.queueId, group.name) }
    : { ...item, ...dueAt(group.queueId, group.name, group.dueMs) }
}

const is = (attribute: string, value: string | number) => ({ attribute, is: '=', value }) as const

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
