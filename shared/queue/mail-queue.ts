// The mail queue: every accepted message is an item here until each of its recipients is delivered or an operator removed it.
// The queue table is the truth; the doorbell queues (`incoming`, `active`) only say "look". Whatever is not finished has a due
// time, so a lost doorbell is a delay, never a loss.

import { randomUUID } from 'node:crypto'
import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { DELIVERED_DAYS } from '#shared/mailbox/blob-references.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { createReservations } from '#shared/mailbox/reservations.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import {
  type Condition,
  ConditionFailed,
  Conflict,
  type Item,
  type Key,
  type Queue,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { blobId, markDead } from './blob.ts'
import { apartKey, dueAt, groupKey, groupsRange, heldAt, messageKey } from './keys.ts'
import { GROUP_LEASE_MS, groupOf, inLists, type NewGroup, ofBoundedSize } from './new-groups.ts'
import { reachedBy } from './reached.ts'
import {
  apartOf,
  finalRecipientBytes,
  type Group,
  groupItem,
  groupRecord,
  messageItems,
  type QueuedMessage,
  queuedMessage,
  together,
} from './records.ts'

/** When an incoming message is rung again because nothing happened. */
export const INCOMING_RING_AGAIN_MS = 60_000
/** Attempts to write what became of a group while others write to the same message, with a pause that grows to the last. */
const SETTLE_ATTEMPTS_MAX = 20
const SETTLE_PAUSE_MS = 50
const SETTLE_PAUSE_MAX_MS = 1_000
/** Groups written in one transaction, next to the message. */
const GROUPS_PER_TRANSACTION = 99
/** Of these groups; a transaction holds TRANSACT_BYTES_MAX. */
const GROUPS_BYTES_PER_TRANSACTION = 3_000_000
/** From its arrival on: the markers of its deliveries are there at least that long. */
const MARKED_MS = (DELIVERED_DAYS - 1) * 86_400_000
/** For a recipient of whom nobody can say whether he has the message: an operator decides. */
export const forgotten = {
  result: {
    kind: 'failed',
    status: '5.4.7',
    reply: `it may have been delivered already, which is known for ${DELIVERED_DAYS} days`,
  },
  uncertain: true,
} as const
export { GROUP_LEASE_MS, LOCAL_GROUP_RECIPIENTS_MAX, type NewGroup } from './new-groups.ts'

export type Settled = {
  readonly recipient: FinalRecipient
  readonly result: DeliveryResult
  /** It used a reference that was reserved. */
  readonly usedReserved?: boolean
  /** It is not known whether it was delivered. */
  readonly uncertain?: boolean
}

/** References that were reserved for a message's recipients here, and how many of them are used. */
export type Accounted = {
  readonly reserved: number | undefined
  readonly used: number
  /** Whom its aliases led to: those who have it, and those in groups. */
  readonly handedOn?: readonly FinalRecipient[]
}

export type MailQueue = ReturnType<typeof createMailQueue>

export function createMailQueue(deps: {
  readonly table: Table
  readonly mail: Table
  readonly active: Queue
  readonly clock: Clock
}) {
  const { table, clock } = deps
  const reservations = createReservations({ table: deps.mail, clock })

  /** Makes the message durable and due; whoever calls may then say `250`. */
  async function add(message: QueuedMessage): Promise<void> {
    const [put, ...apart] = putsOf(message)
    if (apart.length === 0) await table.write(put)
    else await table.transact([put, ...apart])
  }

  async function load(
    queueIds: readonly QueueId[],
  ): Promise<readonly (QueuedMessage | undefined)[]> {
    const items = await table.batchGet(queueIds.map(messageKey), { consistent: true })
    return Promise.all(
      items.map(async (item) => {
        const whole = item && (await withApart(item))
        return whole && queuedMessage(whole)
      }),
    )
  }

  async function withApart(item: Item): Promise<Item | undefined> {
    const queueId = item.pk.slice(2) as QueueId
    const keys = apartOf(item).map((sk) => apartKey(queueId, sk))
    if (keys.length === 0) return item
    return together(item, await table.batchGet(keys, { consistent: true }))
  }

  /** Reserves references for recipients here, who are told apart by their addresses. */
  function reserve(blob: Blob, recipients: readonly FinalRecipient[]) {
    return reservations.reserve(
      blob,
      recipients.map(({ address }) => address),
    )
  }

  /** Whether a recipient of the message has a reference reserved, or must refer by itself. */
  async function hasReserved({ queueId, reserved }: QueuedMessage): Promise<boolean> {
    return reserved > 0 && (await reservations.isOpen(blobId(queueId)))
  }

  /**
   * Whether it may have been delivered so long ago, by a worker that told nothing of it, that the marker in the folder is gone. Nobody
   * can say then who has it already. Without a group: before cleanup reserves.
   */
  async function isForgotten(
    { queueId, arrivedMs }: QueuedMessage,
    group?: Group,
  ): Promise<boolean> {
    if (clock.now() - arrivedMs < MARKED_MS) return false
    const reserved = await reservations.look(blobId(queueId))
    if (reserved === undefined) return false
    return group === undefined || group.unsettled > 1 || !reserved.exact
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
  async function finish(message: QueuedMessage, accounted?: Accounted): Promise<void> {
    const writes = removal(message, {
      any: [{ absent: 'pk' }, { attribute: 'state', is: '=', value: 'incoming' }],
    })
    try {
      const { reserved = 0, used = 0 } = accounted ?? {}
      await giveBack(message.queueId, reserved, used)
      const [only, ...more] = writes
      if (more.length === 0) await table.write(only)
      else await table.transact(writes)
    } catch (error) {
      // Another worker split it: then its groups carry it on, and local delivery is exactly once anyhow.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  /** References that nobody used. Comes before the message leaves the queue: see shared/mailbox/reservations.ts. */
  async function giveBack(queueId: QueueId, reserved: number, used: number): Promise<void> {
    if (reserved > used) await reservations.settle(blobId(queueId), reserved, reserved - used)
  }

  /**
   * Turns an incoming message into groups, each of which lives on its own. All of it or nothing where a transaction holds all
   * groups; above that the groups come first and the message last, which names this split: what an interrupted one left, or
   * one that another worker was faster than, belongs to no message and is removed when it is rung.
   * False when another worker was faster.
   */
  async function split(
    message: QueuedMessage,
    given: readonly NewGroup[],
    accounted?: Accounted,
  ): Promise<boolean> {
    const groups = given.flatMap(ofBoundedSize)
    const bytes = groups
      .flatMap(({ recipients }) => recipients)
      .reduce((sum, recipient) => sum + finalRecipientBytes(recipient), 0)
    const together =
      groups.length <= GROUPS_PER_TRANSACTION && bytes <= GROUPS_BYTES_PER_TRANSACTION
    const name = together ? null : randomUUID()
    const { queueId } = message
    const nowMs = clock.now()
    const records = groups.map((group, n) => groupOf(group, { queueId, n, split: name, nowMs }))
    const puts: { put: Item }[] = []
    for (const group of records) {
      puts.push({ put: groupItemWithDue(group) })
      const wait = turns.step()
      if (wait) await wait
    }
    if (!together) await table.batchWrite(puts)
    const { reserved, used = 0, handedOn = [] } = accounted ?? {}
    const reached = await reachedBy(handedOn)
    const becomesActive: Write = {
      update: messageKey(message.queueId),
      changes: {
        set: {
          state: 'active',
          groups: groups.length,
          ...(name !== null && { split: name }),
          ...(reserved !== undefined && { reserved, used }),
          ...(reached !== undefined && { reached }),
        },
        remove: ['duePk', 'dueSk', 'starts'],
      },
      if: { attribute: 'state', is: '=', value: 'incoming' },
    }
    try {
      await table.transact(together ? [becomesActive, ...puts] : [becomesActive])
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      if (!together) await removeStrays(message.queueId)
      return false
    }
    await ring(records.filter((group) => group.state === 'active'))
    if (!together) await removeStrays(message.queueId)
    return true
  }

  /** Groups on hold of splits that came to nothing: nobody rings those, so that they would stay for ever. */
  async function removeStrays(queueId: QueueId): Promise<void> {
    const groups = await loadGroups(queueId)
    // Read after them: from `active` on no other split can become the message's.
    const [message] = await load([queueId])
    if (message !== undefined && message.state !== 'active') return
    const strays = groups.filter(
      ({ split, state }) => state === 'hold' && (message === undefined || split !== message.split),
    )
    if (strays.length === 0) return
    await table.batchWrite(strays.map(({ name }) => ({ delete: groupKey(queueId, name) })))
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
          add: { unsettled: 1 },
        },
        if: {
          all: [
            { any: [is('state', 'active'), is('state', 'deferred')] },
            { attribute: 'leaseUntilMs', is: '<=', value: nowMs },
          ],
        },
      })
      const [message] = await load([queueId])
      if (item === undefined) return undefined
      const group = groupRecord(item)
      if (message === undefined || (message.state === 'active' && message.split !== group.split)) {
        await table.write({ delete: groupKey(queueId, name), if: is('leaseUntilMs', dueMs) })
        return undefined
      }
      return message.state === 'active' ? { message, group } : undefined
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
    creates: readonly QueuedMessage[] = [],
  ): Promise<boolean> {
    const failed = settled.filter(({ result }) => result.kind === 'failed')
    const deferred = settled.filter(({ result }) => result.kind === 'deferred')
    const uncertain = settled.some((one) => one.uncertain) ? 1 : 0
    const unsettled = Math.max(0, group.unsettled - 1) + uncertain
    // Who stays and used his reserved reference may come to another folder the next time, which then adds its own.
    const unreserved =
      group.unreserved || settled.some((one) => one.usedReserved && one.result.kind !== 'delivered')
    const base = { ...group, attempts: group.attempts + 1, leaseUntilMs: 0, unsettled, unreserved }
    const next: Group[] = []
    if (deferred.length > 0) {
      next.push({ ...base, ...remaining(deferred), state: 'deferred', dueMs })
    }
    if (failed.length > 0) {
      const name = deferred.length > 0 ? `${group.name}!${base.attempts}` : group.name
      next.push({ ...base, ...remaining(failed), name, state: 'hold', dueMs: null })
    }
    // What an attempt used of which nothing is known may be where it is not found any more: in a folder that was removed since.
    const all = group.unsettled > 1 && !group.unreserved
    const used = settled.filter(
      ({ usedReserved, result }) => usedReserved || (all && result.kind === 'delivered'),
    ).length
    return replace(group, next, { used, creates })
  }

  /** Puts `next` in the place of a group whose lease we hold. */
  async function replace(
    group: Group,
    next: readonly Group[],
    { used, creates }: { readonly used: number; readonly creates: readonly QueuedMessage[] },
  ): Promise<boolean> {
    const created = creates.flatMap(putsOf)
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
      writes.push(...created)
      if (groups === 0) {
        if (message.reserved === 0) await markDead(deps.mail, group.queueId, clock.now())
        await giveBack(group.queueId, message.reserved, message.used + used)
        writes.push(...removal(message, counted))
      } else if (groups !== message.groups || used > 0) {
        const changes = { set: { groups }, ...(used > 0 && { add: { used } }) }
        writes.push({ update: ours, changes, if: counted })
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
        const pauseMs = Math.min(SETTLE_PAUSE_MAX_MS, SETTLE_PAUSE_MS * attempt)
        await clock.sleep(Math.random() * pauseMs)
      }
    }
  }

  /**
   * Gives back what was reserved for a message that an operator removes, where it is certain of all its recipients that they did
   * not use it and, since their groups are taken first, will not; else it stays reserved, and the object with it.
   */
  async function settleRemoved(message: QueuedMessage, groups: readonly Group[]): Promise<void> {
    if (message.reserved <= message.used) return
    const nowMs = clock.now()
    const takes = groups.map(({ queueId, name }) => ({
      update: groupKey(queueId, name),
      changes: { set: { leaseUntilMs: nowMs + GROUP_LEASE_MS } },
      if: {
        all: [
          { exists: 'pk' },
          { attribute: 'leaseUntilMs', is: '<=', value: nowMs },
          { not: { attribute: 'unsettled', is: '>', value: 0 } },
        ],
      } as const,
    }))
    try {
      for (const some of inLists(takes, GROUPS_PER_TRANSACTION)) await table.transact(some)
    } catch (error) {
      if (error instanceof ConditionFailed) return
      throw error
    }
    // Read again: from here on no worker adds to what is used.
    const [still] = await load([message.queueId])
    if (still?.groups !== groups.length) return
    await giveBack(still.queueId, still.reserved, still.used)
  }

  /** Says that cleanup begins, after deliveries of its doorbell that may have come to a worker or not; how often it did so. */
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

  /** The world failed, not the message: nothing is held against it. */
  async function forgetStarts(queueId: QueueId): Promise<void> {
    try {
      await table.write({
        update: messageKey(queueId),
        changes: { remove: ['starts'] },
        if: { all: [is('state', 'incoming'), { exists: 'starts' }] },
      })
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
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

  return {
    add,
    load,
    loadGroups,
    reserve,
    hasReserved,
    isForgotten,
    finish,
    split,
    take,
    renew,
    settle,
    settleRemoved,
    countStart,
    forgetStarts,
    markCorrupt,
    ring,
  }
}

/** A new message with all that lies apart, due so that a lost doorbell is a delay. */
function putsOf(message: QueuedMessage): readonly [NewPut, ...{ put: Item }[]] {
  const due = dueAt(message.queueId, '', message.arrivedMs + INCOMING_RING_AGAIN_MS)
  const [item, ...apart] = messageItems(message)
  const put = { put: { ...item, ...due }, if: { absent: 'pk' } } as const
  return [put, ...apart.map((part) => ({ put: part }))]
}

type NewPut = { readonly put: Item; readonly if: { readonly absent: 'pk' } }

/** Takes a message off the queue with all that lies apart. */
export function removal(
  { queueId, apart }: QueuedMessage,
  condition: Condition,
): readonly [{ delete: Key; if: Condition }, ...{ delete: Key }[]] {
  return [
    { delete: messageKey(queueId), if: condition },
    ...apart.map((sk) => ({ delete: apartKey(queueId, sk) })),
  ]
}

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
