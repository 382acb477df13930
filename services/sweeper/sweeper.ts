// sweeper: makes sure that nothing waits for ever. Rings the doorbell of every queue item whose time has come (deferred
// groups, items whose doorbell was lost, items whose worker died) and deletes what has been dead for its grace time.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { DEAD_PK, deadSk } from '#shared/mailbox/change.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { number, text } from '#shared/mailbox/records.ts'
import { markDead } from '#shared/queue/blob.ts'
import { DUE_SHARDS, dueAt, dueMsOf, duePk, dueUpTo, messageKey } from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS, INCOMING_RING_AGAIN_MS } from '#shared/queue/mail-queue.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  ConditionFailed,
  type IndexEntry,
  type ObjectStore,
  type Queue,
  type Table,
} from '#shared/storage/ports.ts'

/** How long the object of a message nobody refers to is kept: the time to undo a mistake. */
export const DEAD_GRACE_MS = 7 * 24 * 3_600_000
/** Age after which an object that is neither queued nor in a mailbox counts as left by a crash. */
export const ORPHAN_AGE_MS = 24 * 3_600_000
/** Due items read at once. */
const SWEEP_PAGE_ITEMS = 500
/** Dead blobs deleted in one sweep; the rest waits for the next. */
export const COLLECTED_PER_SWEEP_MAX = 1_000

export function createSweeper(deps: {
  readonly queueTable: Table
  readonly mail: Table
  readonly objects: ObjectStore
  readonly incoming: Queue
  readonly active: Queue
  readonly clock: Clock
  readonly log: Log
}) {
  const { queueTable, mail, objects, clock, log } = deps

  /** Rings what is due. `incomingNow` also rings every incoming message, due or not: for the start after a crash. */
  async function ringDue({ incomingNow = false } = {}): Promise<number> {
    let rung = 0
    for (let shard = 0; shard < DUE_SHARDS; shard++) rung += await ringShard(shard, incomingNow)
    return rung
  }

  async function ringShard(shard: number, incomingNow: boolean): Promise<number> {
    const nowMs = clock.now()
    let rung = 0
    let after: string | undefined
    do {
      const page = await queueTable.queryIndex('due', {
        pk: duePk(shard),
        ...(incomingNow ? {} : { sk: dueUpTo(nowMs) }),
        limit: SWEEP_PAGE_ITEMS,
        ...(after === undefined ? {} : { after }),
      })
      const due = page.items.filter(
        (entry) => entry.sk === 'META' || dueMsOf(entry.indexSk) <= nowMs,
      )
      const rings = await Promise.all(due.map(ring))
      const incoming = rings.flatMap((bell) => (bell?.queue === 'incoming' ? [bell.body] : []))
      const active = rings.flatMap((bell) => (bell?.queue === 'active' ? [bell.body] : []))
      if (incoming.length > 0) await deps.incoming.send(incoming)
      if (active.length > 0) await deps.active.send(active)
      rung += incoming.length + active.length
      after = page.next
    } while (after !== undefined)
    return rung
  }

  /** The doorbell for a due entry; undefined when it moved by itself meanwhile. */
  async function ring(entry: IndexEntry) {
    const queueId = entry.pk.slice(2) as QueueId
    if (entry.sk === 'META') {
      const mine = await postpone(entry, queueId, '', INCOMING_RING_AGAIN_MS)
      return mine ? ({ queue: 'incoming', body: queueId } as const) : undefined
    }
    const group = entry.sk.slice(2)
    const mine = await postpone(entry, queueId, group, GROUP_LEASE_MS)
    return mine ? ({ queue: 'active', body: `${queueId} ${group}` } as const) : undefined
  }

  /** Moves the due time on, so that the next sweep does not ring again; false when the item moved by itself meanwhile. */
  async function postpone(
    entry: IndexEntry,
    queueId: QueueId,
    group: string,
    byMs: number,
  ): Promise<boolean> {
    try {
      await queueTable.write({
        update: { pk: entry.pk, sk: entry.sk },
        changes: { set: dueAt(queueId, group, clock.now() + byMs) },
        if: { attribute: 'dueSk', is: '=', value: entry.indexSk },
      })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  /** Deletes the objects of blobs that have been dead for their grace time. Only this function deletes objects. */
  async function collectDead(): Promise<number> {
    const upTo = deadSk(clock.now() - DEAD_GRACE_MS, '~' as BlobId)
    const page = await mail.queryIndex('dead', {
      pk: DEAD_PK,
      sk: { to: upTo },
      limit: COLLECTED_PER_SWEEP_MAX,
    })
    let collected = 0
    for (const { pk } of page.items) if (await collect(pk.slice(2) as BlobId)) collected++
    if (collected > 0) log.info({ collected }, 'objects deleted')
    return collected
  }

  async function collect(blobId: BlobId): Promise<boolean> {
    const queueId = parseQueueId(blobId)
    if (queueId && (await queueTable.get(messageKey(queueId), { consistent: true }))) return false
    const key = blobKey(blobId)
    try {
      // From here on nobody can refer to it any more (shared/mailbox/append.ts asks for `collected`).
      const item = await mail.write({
        update: key,
        changes: { set: { collected: true } },
        if: { all: [{ attribute: 'refs', is: '=', value: 0 }, { exists: 'deadPk' }] },
      })
      if (item === undefined || number(item, 'refs') !== 0) return false
      await objects.delete(text(item, 'key'))
      await mail.write({ delete: key })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  /** Finds objects that a crash left between storing and queueing, and marks them dead. A daily job. */
  async function findOrphans(): Promise<number> {
    let found = 0
    let after: string | undefined
    do {
      const page = await objects.list('mail/', after)
      for (const { key } of page.items) {
        const queueId = parseQueueId(key.slice('mail/'.length))
        if (queueId === undefined || clock.now() - bornMs(queueId) < ORPHAN_AGE_MS) continue
        const queued = await queueTable.get(messageKey(queueId), { consistent: true })
        const blob = await mail.get(blobKey(queueId as string as BlobId), { consistent: true })
        if (queued || blob) continue
        await markDead(mail, queueId, clock.now())
        found++
      }
      after = page.next
    } while (after !== undefined)
    if (found > 0) log.warn({ found }, 'objects without a message marked dead')
    return found
  }

  return { ringDue, collectDead, findOrphans }
}

/** The time a queue id was made, from its first ten characters. */
function bornMs(queueId: QueueId): number {
  let ms = 0
  for (const character of queueId.slice(0, 10)) {
    ms = ms * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(character)
  }
  return ms
}
