// What an operator does with the queue: look (listing.ts), hold, release (release.ts), expire (expiry.ts), delete, flush. Every change is conditional on the state seen,
// so that it can run beside the workers.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, type Queue, type Table, type Write } from '#shared/storage/ports.ts'
import { markDead } from './blob.ts'
import { createExpiry } from './expiry.ts'
import { dueAt, groupKey, messageKey } from './keys.ts'
import { createListing, type QueueListing } from './listing.ts'
import type { MailQueue } from './mail-queue.ts'
import type { Routes } from './new-groups.ts'
import type { Expand } from './pipeline.ts'
import { keptOf, quarantinedFor } from './quarantine.ts'
import { type Group, type QueueEntry, storedGroupState, storedMessageState } from './records.ts'
import { createRelease } from './release.ts'
import type { HowEnded } from './trace/ended.ts'
import { extended, noTrail, removedEvent } from './trace/trail.ts'
import { heldChanges, INCOMING_RING_AGAIN_MS, is, isAsSeen, isMessage } from './writes.ts'

export interface QueueOperator extends QueueListing {
  /** Nothing of the message moves until it is released. Groups being delivered this moment end their attempt first. */
  hold(queueId: QueueId, reason: string): Promise<boolean>
  /**
   * Tries the message again now, held, corrupt and deferred alike, and follows aliases anew for it. `recipients`: only these of a
   * message that is split already, by their own addresses or those they were reached by.
   */
  release(queueId: QueueId, recipients?: readonly string[]): Promise<boolean>
  /**
   * Lets a message go that was held before it was given to anybody, to these of its envelope's recipients; the others wait on. False where
   * it does not wait for one of them.
   */
  releaseFor(queueId: QueueId, recipients: readonly string[]): Promise<boolean>
  /** Removes the message and all its recipients from the queue; nobody is told. */
  remove(queueId: QueueId): Promise<boolean>
  /** Removes what waits in quarantine, and leaves what was released from it on its way. */
  removeQuarantined(queueId: QueueId): Promise<boolean>
  /**
   * Returns it to its sender now instead of trying it further. What an operator holds stays with him, and is returned when he releases it,
   * unless `heldToo`. Groups being delivered this moment are left alone. False where there was nothing to expire.
   */
  expire(queueId: QueueId, options?: { readonly heldToo?: boolean }): Promise<boolean>
  /** Tries deferred mail again now: all of it, that of one slot or recipient's domain, or that of one message. Returns how many messages. */
  flush(what?: Flushed): Promise<number>
}

/** Groups of one message that an operator's command changes in one transaction, next to the message and what lies apart. */
const GROUPS_PER_COMMAND_MAX = 80

export function createQueueOperator(deps: {
  readonly queue: MailQueue
  readonly table: Table
  readonly mail: Table
  readonly incoming: Queue
  readonly expand: Expand
  readonly routes: Routes
  readonly clock: Clock
  readonly log: Log
}): QueueOperator {
  const { queue, table, clock, log } = deps
  const { tracing } = queue
  const listing = createListing(queue, table)
  const { list, show } = listing

  async function hold(queueId: QueueId, reason: string): Promise<boolean> {
    const changed = await change(queueId, ({ message, groups }) => {
      if (message.state === 'incoming') {
        const held = heldChanges(queueId, '')
        return [
          {
            update: messageKey(queueId),
            changes: {
              set: { state: storedMessageState.held, reason, ...held.set },
              remove: held.remove,
            },
            if: isMessage('incoming'),
          },
          ...tracing.deed(queueId, { kind: 'held', reason, recipients: [] }),
          // It does not come to cleanup now.
          ...queue.journal.items([message]),
        ]
      }
      const writes: readonly Write[] = groups
        .filter((group) => group.state !== 'held' && group.leaseUntilMs <= clock.now())
        .map((group) => {
          const { set, remove } = heldChanges(queueId, group.name)
          return {
            update: groupKey(queueId, group.name),
            changes: { set: { state: storedGroupState.held, dueMs: null, ...set }, remove },
            if: is('leaseUntilMs', group.leaseUntilMs),
          }
        })
      if (writes.length === 0) return []
      return [...writes, ...tracing.deed(queueId, { kind: 'held', reason, recipients: [] })]
    })
    if (changed) log.info({ queueId, reason }, 'message held')
    return changed
  }

  const releaseGroups = createRelease({
    table,
    show,
    end: (entry) => removeSeen(entry, 'nobody'),
    tracing,
    expand: deps.expand,
    routes: deps.routes,
    clock,
  })

  const expireGroups = createExpiry({ table, show, clock })

  async function release(queueId: QueueId, recipients?: readonly string[]): Promise<boolean> {
    const wanted = recipients && new Set(recipients.map((address) => address.toLowerCase()))
    const isMeant = ({ address, original }: FinalRecipient) =>
      wanted === undefined ||
      wanted.has(address.toLowerCase()) ||
      wanted.has(original.toLowerCase())
    if (recipients === undefined && (await releaseWhole(queueId))) {
      await deps.incoming.send([queueId]).catch(() => {})
      log.info({ queueId }, 'message released')
      return true
    }
    const groups = await releaseGroups(queueId, isMeant)
    if (groups === undefined) return false
    await queue.ring(groups)
    const all = groups.flatMap((group) => group.recipients)
    const fields = { queueId, to: all[0]?.address, recipients: all.length }
    log.info(fields, recipients === undefined ? 'message released' : 'recipient released')
    return true
  }

  async function releaseFor(queueId: QueueId, recipients: readonly string[]): Promise<boolean> {
    const wanted = new Set(recipients.map(lookupKey))
    const isWanted = (address: string) => wanted.has(lookupKey(address))
    const entry = await show(queueId)
    if (entry === undefined) return false
    const waiting = quarantinedFor(entry)
    const some = waiting.filter(isWanted)
    if (some.length === 0) return false
    if (entry.message.state === 'split') return release(queueId, some)
    if (some.length === waiting.length) return release(queueId)
    const isReleased = await change(queueId, ({ message }) =>
      message.state === 'held' ? letGo(message, { releasedFor: some }) : [],
    )
    if (!isReleased) return false
    await deps.incoming.send([queueId]).catch(() => {})
    log.info({ queueId, to: some[0], recipients: some.length }, 'recipient released')
    return true
  }

  /** It comes to cleanup. */
  function letGo(
    { queueId, state }: QueueEntry['message'],
    set: { readonly reason: null } | { readonly releasedFor: readonly string[] },
  ): readonly Write[] {
    const due = dueAt(queueId, '', clock.now() + INCOMING_RING_AGAIN_MS)
    const recipients = 'releasedFor' in set ? set.releasedFor : []
    return [
      {
        update: messageKey(queueId),
        changes: {
          set: { state: storedMessageState.incoming, ...set, ...due },
          remove: ['listPk', 'listSk', 'starts'],
        },
        if: isMessage(state),
      },
      ...tracing.deed(queueId, { kind: 'released', reason: null, recipients }),
    ]
  }

  /** One that is not split yet: its aliases are followed when it comes to cleanup. */
  function releaseWhole(queueId: QueueId): Promise<boolean> {
    return change(queueId, ({ message }) => {
      if (message.state === 'split') return []
      return letGo(message, { reason: null })
    })
  }

  async function remove(queueId: QueueId): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const entry = await show(queueId)
      if (entry === undefined) return false
      if (!(await removeSeen(entry, 'deleted'))) continue
      const { sender: from, recipients } = entry.message.envelope
      const facts = { queueId, from, to: recipients[0]?.address, recipients: recipients.length }
      log.info(facts, 'message deleted')
      return true
    }
    return false
  }

  async function removeQuarantined(queueId: QueueId): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const entry = await show(queueId)
      if (entry === undefined || quarantinedFor(entry).length === 0) return false
      const { message, groups } = entry
      const kept = message.state === 'split' ? keptOf(groups) : groups
      if (kept.length === message.groups) return await remove(queueId)
      try {
        await table.transact([
          {
            update: messageKey(queueId),
            changes: { set: { groups: message.groups - kept.length } },
            if: { all: [isMessage('split'), is('groups', message.groups)] },
          },
          ...kept.map((group) =>
            tracing.endGroup(
              removedGroup(group, removedBecause.deleted, clock.now()),
              isAsSeen(group),
            ),
          ),
        ])
        const recipients = kept.flatMap((group) => group.recipients)
        const facts = { queueId, to: recipients[0]?.address, recipients: recipients.length }
        log.info(facts, 'recipient deleted')
        return true
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
      }
    }
    return false
  }

  /** False when it has changed since it was looked at. */
  async function removeSeen({ message, groups }: QueueEntry, how: HowEnded): Promise<boolean> {
    const { queueId } = message
    await markDead(deps.mail, queueId, clock.now())
    await queue.settleRemoved(message, groups)
    const condition = { all: [isMessage(message.state), is('groups', message.groups)] }
    const ends = groups.map((group) =>
      tracing.endGroup(removedGroup(group, removedBecause[how], clock.now())),
    )
    const noted = message.state === 'split' ? [] : queue.journal.items([message])
    try {
      await table.transact([
        ...tracing.endMessage(message, condition, how),
        ...ends.splice(0, GROUPS_PER_COMMAND_MAX),
        ...noted,
      ])
      // A group without its message is nobody's; should this be interrupted, it goes when it is rung.
      await table.batchWrite(ends)
      return true
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      return false
    }
  }

  async function expire(queueId: QueueId, { heldToo = false } = {}): Promise<boolean> {
    const ended = await expireGroups(queueId, heldToo)
    if (ended === undefined) return false
    await queue.ring(ended)
    log.info({ queueId }, 'message expired')
    return true
  }

  async function change(
    queueId: QueueId,
    decide: (entry: QueueEntry) => readonly Write[],
  ): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const entry = await show(queueId)
      if (entry === undefined) return false
      const writes = decide(entry)
      if (writes.length === 0) return false
      try {
        // Groups are independent of each other: more than a transaction holds are changed in several.
        for (let at = 0; at < writes.length; at += GROUPS_PER_COMMAND_MAX) {
          await table.transact(writes.slice(at, at + GROUPS_PER_COMMAND_MAX))
        }
        return true
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
      }
    }
    return false
  }

  async function flush(what?: Flushed): Promise<number> {
    let flushed = 0
    const queueId = typeof what === 'object' && 'queueId' in what ? what.queueId : undefined
    const one = queueId && (await show(queueId))
    const entries = queueId === undefined ? list() : one === undefined ? [] : [one]
    const isMeant = meaning(what)
    for await (const { groups } of entries) {
      const waiting = groups.filter((group) => group.state === 'deferred' && isMeant(group))
      if (waiting.length === 0) continue
      await queue.ring(waiting, { isFlush: true })
      flushed++
    }
    const asked = typeof what === 'string' ? { nextHop: what } : { ...what }
    // Of who has moved there mostly is none, and whoever moved it has said so.
    const isTold = flushed > 0 || typeof what !== 'object' || queueId !== undefined
    if (isTold) log.info({ ...asked, messages: flushed }, 'queue flushed')
    return flushed
  }

  return { ...listing, hold, release, releaseFor, remove, removeQuarantined, expire, flush }
}

/** What waits, all of it: for a next hop or a domain; of one message; for an account, or for guests and accounts of a domain on an old server. */
export type Flushed =
  | string
  | { readonly queueId: QueueId }
  | { readonly accountId: AccountId }
  | { readonly atSource: Domain }

function meaning(what: Flushed | undefined): (group: Group) => boolean {
  if (what === undefined) return () => true
  if (typeof what === 'string') return (group) => goesTo(group, what.toLowerCase())
  if ('queueId' in what) return () => true
  if ('accountId' in what) {
    return ({ recipients }) => recipients.some(({ accountId }) => accountId === what.accountId)
  }
  const end = `@${what.atSource}`
  return ({ recipients, destination }) =>
    destination.kind === 'remote' &&
    recipients.some(({ accountId, address }) => accountId !== null && address.endsWith(end))
}

/** By the slot that it had last, or a recipient's domain: people know one or the other. */
function goesTo({ destination, recipients }: Group, to: string): boolean {
  if (destination.kind === 'remote' && destination.slot.toLowerCase() === to) return true
  return recipients.some(({ address }) => address.toLowerCase().endsWith(`@${to}`))
}

const removedBecause = {
  done: '',
  deleted: 'deleted by an operator',
  nobody: 'released, and nobody is left who lacks it',
} as const satisfies { readonly [how in HowEnded]: string }

/** With those who were still in it. */
function removedGroup(group: Group, reason: string, atMs: number): Group {
  const { trail = noTrail, recipients } = group
  return { ...group, trail: extended(trail, removedEvent(recipients, reason, atMs)) }
}

const attemptsMax = 5
