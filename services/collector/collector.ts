// collector: deletes what nothing refers to any more. Objects dead for their grace time, objects a crash left behind, folders
// whose removal a crash interrupted, mail of accounts that were removed. Nothing else in the system deletes objects.

import type { AccountId, BlobId } from '#shared/contracts/mailbox.ts'
import type { RemovedAccounts } from '#shared/directory/removed-accounts.ts'
import { parseQueueId, type QueueId, queueIdTime } from '#shared/mail/queue-id.ts'
import { DEAD_PK, deadSk } from '#shared/mailbox/blob-references.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { number, text } from '#shared/mailbox/records.ts'
import { markDead } from '#shared/queue/blob.ts'
import { isEndedItem } from '#shared/queue/group-item.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  ConditionFailed,
  type IndexEntry,
  type Item,
  type ObjectStore,
  type Page,
  type Table,
} from '#shared/storage/ports.ts'

/**
 * The least time the object of a message nobody refers to is kept, whatever the setting, the disk or an operator says: commands that
 * run may still read it.
 */
export const GRACE_FLOOR_MS = 3_600_000
/** Age after which an object that is neither queued nor in a mailbox counts as left by a crash. */
export const ORPHAN_AGE_MS = 24 * 3_600_000
/** What was on its way to an account when it was removed has arrived or failed by then. */
export const REMOVED_SETTLED_MS = 3_600_000
const OBJECTS_PREFIX = 'mail/'
const ACCOUNTS_AT_ONCE = 16
const DELETIONS_AT_ONCE = 16
/** Dead blobs deleted in one go, about; the rest waits for the next. */
export const COLLECTED_AT_ONCE_MAX = 1_000

export function createCollector(deps: {
  readonly queueTable: Table
  readonly mail: Table
  readonly objects: ObjectStore
  readonly accounts: { list(): AsyncIterable<{ readonly id: AccountId }> }
  /** Empties the folders of one account whose removal was begun. */
  readonly finishRemovalsOf: (accountId: AccountId) => Promise<unknown>
  readonly removedAccounts: RemovedAccounts
  /** Deletes all that the account has: also of one that has nothing any more. */
  readonly removeMailOf: (accountId: AccountId) => Promise<number>
  /** Whether the store is short of room: then only the least grace time is kept. */
  readonly pressure: () => Promise<boolean>
  readonly options: {
    /** How long the object of a message nobody refers to is kept: the time to undo a mistake. */
    readonly graceMs: number
  }
  readonly clock: Clock
  readonly log: Log
}) {
  const { queueTable, mail, objects, clock, log } = deps

  /**
   * Deletes the objects of blobs that have been dead for their grace time; `now`: the least of it. Returns how many, of which there
   * may be more.
   */
  async function collectDead({ now = false } = {}): Promise<number> {
    const short = await deps.pressure()
    const graceMs = now || short ? GRACE_FLOOR_MS : Math.max(deps.options.graceMs, GRACE_FLOOR_MS)
    const collected = await collectUntil(clock.now() - graceMs)
    if (collected > 0) log.info({ collected, short }, 'objects deleted')
    return collected
  }

  /** For a clock that looks often: deletes what it may while the store is short of room. */
  async function relieve(): Promise<void> {
    while ((await deps.pressure()) && (await collectDead()) > 0);
  }

  /** Passes over what is still queued, however much that is. */
  async function collectUntil(deadSinceMs: number): Promise<number> {
    let collected = 0
    let after: string | undefined
    do {
      const page: Page<IndexEntry> = await mail.queryIndex('dead', {
        pk: DEAD_PK,
        sk: { to: deadSk(deadSinceMs, '~' as BlobId) },
        limit: COLLECTED_AT_ONCE_MAX,
        ...(after === undefined ? {} : { after }),
      })
      for (const some of chunks(page.items, DELETIONS_AT_ONCE)) {
        const done = await Promise.all(some.map(({ pk }) => collect(pk.slice(2) as BlobId)))
        collected += done.filter((each) => each).length
      }
      after = page.next
    } while (after !== undefined && collected < COLLECTED_AT_ONCE_MAX)
    return collected
  }

  async function collect(blobId: BlobId): Promise<boolean> {
    const queueId = parseQueueId(blobId)
    if (queueId && isInQueue(await queueTable.get(messageKey(queueId), { consistent: true })))
      return false
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

  /**
   * Finds objects that a crash left between storing and queueing, and marks them dead. A daily job; with `sinceMs` it looks at
   * no object made before.
   */
  async function findOrphans(sinceMs = 0): Promise<number> {
    const bornBefore = queueIdTime(clock.now() - ORPHAN_AGE_MS)
    let found = 0
    let after: string | undefined = `${OBJECTS_PREFIX}${queueIdTime(sinceMs)}`
    while (after !== undefined) {
      const page: Awaited<ReturnType<ObjectStore['list']>> = await objects.list(
        OBJECTS_PREFIX,
        after,
      )
      const ids = page.items.flatMap(({ key }) => parseQueueId(objectName(key)) ?? [])
      const old = ids.filter((id) => id < bornBefore)
      const orphans = await withoutOwner(old)
      for (const id of orphans) await markDead(mail, id, clock.now())
      found += orphans.length
      after = old.length < ids.length ? undefined : page.next
    }
    if (found > 0) log.warn({ found }, 'objects without a message marked dead')
    return found
  }

  /** Those of the ids that are neither in the queue nor a blob of a mailbox. */
  async function withoutOwner(ids: readonly QueueId[]): Promise<readonly QueueId[]> {
    const consistent = { consistent: true }
    const queued = await queueTable.batchGet(ids.map(messageKey), consistent)
    const free = ids.filter((_, i) => !isInQueue(queued[i]))
    const blobs = await mail.batchGet(
      free.map((id) => blobKey(id as string as BlobId)),
      consistent,
    )
    return free.filter((_, i) => blobs[i] === undefined)
  }

  /** Empties folders whose removal a crash interrupted, of all accounts, and deletes what is left of those that were removed. */
  async function finishRemovals(): Promise<void> {
    let batch: Promise<unknown>[] = []
    for await (const account of deps.accounts.list()) {
      batch.push(deps.finishRemovalsOf(account.id))
      if (batch.length < ACCOUNTS_AT_ONCE) continue
      await Promise.all(batch)
      batch = []
    }
    await Promise.all(batch)
    await clearRemovedAccounts()
  }

  /** Mail of accounts that are gone: a crash left it, or it came behind. */
  async function clearRemovedAccounts(): Promise<void> {
    const { removedAccounts } = deps
    for await (const id of removedAccounts.before(clock.now() - REMOVED_SETTLED_MS)) {
      const messages = await deps.removeMailOf(id)
      const found = await removedAccounts.clear(id)
      await removedAccounts.forget(id)
      if (found > 0) log.warn({ accountId: id, found }, 'rest of a removed account deleted')
      if (messages > 0) log.warn({ accountId: id, messages }, 'mail of a removed account deleted')
    }
  }

  return { collectDead, relieve, findOrphans, finishRemovals }
}

const objectName = (key: string) => key.slice(OBJECTS_PREFIX.length)

/** What is told of a message that left it does not need its object. */
const isInQueue = (item: Item | undefined) => item !== undefined && !isEndedItem(item)
