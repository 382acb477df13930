import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  COLLECTED_AT_ONCE_MAX,
  createCollector,
  GRACE_FLOOR_MS,
  ORPHAN_AGE_MS,
  REMOVED_SETTLED_MS,
} from '#services/collector/collector.ts'
import type { AccountId, BlobId } from '#shared/contracts/mailbox.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { markDead, objectKey } from '#shared/queue/blob.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Item, Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

/** `collectorGraceTime` where nothing is said. */
const graceMs = 7 * 24 * 3_600_000

const removedOf = ({ backend: { directory, mailbox } }: Pipeline) => ({
  removedAccounts: directory.removedAccounts,
  removeMailOf: mailbox.remove,
})

describe('the collector', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let store: Store
  let pipeline: Pipeline

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    store = opened.store
    pipeline = createPipeline(store, clock)
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(async () => {
    await opened.close()
  })

  /** As a crash between storing and queueing leaves it. */
  async function orphan(): Promise<string> {
    const key = objectKey(newQueueId(clock.now()))
    await store.objects.put(key, Buffer.from('lost'))
    return key
  }

  it('finds orphans of more than a day, and nothing that belongs to the queue or a mailbox', async () => {
    const { collector } = pipeline.workers
    const old = await orphan()
    await pipeline.accept('Subject: here\r\n\r\n', ['ann@example.test'])
    await pipeline.settle()
    await pipeline.accept('Subject: queued\r\n\r\n', ['far@elsewhere.test'])
    await pipeline.settle()
    clock.advance(ORPHAN_AGE_MS + 60_000)
    const young = await orphan()
    expect(await collector.findOrphans()).toBe(1)
    expect(await collector.findOrphans()).toBe(0) // it is a dead blob now
    clock.advance(graceMs + 60_000)
    expect(await collector.collectDead()).toBe(1)
    expect(await store.objects.size(old)).toBeUndefined()
    expect(await store.objects.size(young)).toBe(4)
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('calls nothing an orphan before it is a day old: its message may still be on the way', async () => {
    const { collector } = pipeline.workers
    await orphan()
    clock.advance(ORPHAN_AGE_MS - 1_000)
    expect(await collector.findOrphans()).toBe(0)
    clock.advance(2_000)
    expect(await collector.findOrphans()).toBe(1)
  })

  it('finds orphans however many pages of objects there are', async () => {
    for (let n = 0; n < 5; n++) await orphan()
    clock.advance(ORPHAN_AGE_MS + 60_000)
    const { objects } = store
    const list = objects.list.bind(objects)
    objects.list = async (prefix, after) => {
      const { items } = await list(prefix, after)
      const [first] = items
      return first === undefined ? { items } : { items: [first], next: first.key }
    }
    expect(await pipeline.workers.collector.findOrphans()).toBe(5)
  })

  it('finishes the removals of all accounts', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `a${n}` as AccountId)
    const finished: AccountId[] = []
    const collector = createCollector({
      queueTable: store.tables.queue,
      mail: store.tables.mail,
      objects: store.objects,
      accounts: {
        async *list() {
          for (const id of ids) yield { id }
        },
      },
      finishRemovalsOf: async (id) => finished.push(id),
      ...removedOf(pipeline),
      pressure: async () => false,
      options: { graceMs },
      clock,
      log: silentLog,
    })
    await collector.finishRemovals()
    expect(finished).toEqual(ids)
  })

  it('deletes the mail of an account whose removal a crash interrupted, and what came behind', async () => {
    const { directory, mailbox } = pipeline.backend
    const [account] = await Array.fromAsync(directory.accounts.list())
    if (account === undefined) throw new Error('no account')
    await pipeline.accept('Subject: left\r\n\r\n', ['ann@example.test'])
    await pipeline.settle()
    expect(await mailbox.usage(account.id)).toMatchObject({ messages: 1 })
    await directory.accounts.remove(account.address)
    const { collector } = pipeline.workers
    clock.advance(REMOVED_SETTLED_MS - 1_000)
    await collector.finishRemovals()
    expect(await mailbox.usage(account.id)).toMatchObject({ messages: 1 })
    clock.advance(2_000)
    await collector.finishRemovals()
    expect(await mailbox.usage(account.id)).toMatchObject({ messages: 0 })
    expect(await Array.fromAsync(directory.removedAccounts.before(clock.now()))).toEqual([])
  })

  it('deletes what a crash behind its removal left of an account in the directory, and of no other', async () => {
    const { directory } = pipeline.backend
    const bob = await pipeline.addAccount('bob@example.test')
    const [ann] = await Array.fromAsync(directory.accounts.list())
    if (ann === undefined) throw new Error('no account')
    const { directory: table } = store.tables
    const itemsOf = async (id: string) =>
      (await table.query({ pk: `ACC#${id}`, consistent: true })).items.map(({ sk }) => sk)
    await directory.accounts.remove(ann.address)
    // As if it had ended before these were deleted.
    for (const sk of ['SIEVE', 'SIEVE#one', 'TOKEN#one']) {
      await table.write({ put: { pk: `ACC#${ann.id}`, sk } })
      await table.write({ put: { pk: `ACC#${bob.id}`, sk } })
    }
    clock.advance(REMOVED_SETTLED_MS + 1_000)
    const before = await itemsOf(bob.id)
    await pipeline.workers.collector.finishRemovals()
    expect(await itemsOf(ann.id)).toEqual([])
    expect(await itemsOf(bob.id)).toEqual(before)
    expect(await Array.fromAsync(directory.removedAccounts.before(clock.now()))).toEqual([])
  })

  it('looks at nothing made before the time it is given', async () => {
    const before = await orphan()
    clock.advance(3_600_000)
    const sinceMs = clock.now()
    await orphan()
    clock.advance(ORPHAN_AGE_MS + 60_000)
    expect(await pipeline.workers.collector.findOrphans(sinceMs)).toBe(1)
    expect(await pipeline.workers.collector.findOrphans()).toBe(1)
    expect(await store.objects.size(before)).toBe(4)
  })

  describe('deletes what is dead', () => {
    /** A collector whose store is short of room or not. */
    const collectorOf = (given: { graceMs?: number; short?: boolean } = {}) =>
      createCollector({
        queueTable: store.tables.queue,
        mail: store.tables.mail,
        objects: store.objects,
        accounts: pipeline.backend.directory.accounts,
        finishRemovalsOf: pipeline.backend.mailbox.folders.finishRemovals,
        ...removedOf(pipeline),
        pressure: async () => given.short ?? false,
        options: { graceMs: given.graceMs ?? graceMs },
        clock,
        log: silentLog,
      })

    /** A message that was delivered and expunged; its object's key. */
    async function expunged(): Promise<string> {
      const queueId = await pipeline.accept('Subject: gone\r\n\r\n', ['ann@example.test'])
      await pipeline.settle()
      const { mailbox, directory } = pipeline.backend
      const [account] = await Array.fromAsync(directory.accounts.list())
      if (account === undefined) throw new Error('no account')
      const inbox = await mailbox.inbox(account.id)
      const { messages } = await mailbox.snapshot(inbox)
      await mailbox.expunge(
        inbox,
        messages.map(({ uid }) => uid),
      )
      return objectKey(queueId)
    }

    const isThere = async (key: string) => (await store.objects.size(key)) !== undefined

    it.each<[string, Parameters<typeof collectorOf>[0], { now?: boolean }, number]>([
      ['after seven days', {}, {}, graceMs],
      ['after another grace time', { graceMs: 2 * GRACE_FLOOR_MS }, {}, 2 * GRACE_FLOOR_MS],
      ['after an hour at the least', { graceMs: 1 }, {}, GRACE_FLOOR_MS],
      ['after an hour when it is told to', {}, { now: true }, GRACE_FLOOR_MS],
      ['after an hour while the disk is short of room', { short: true }, {}, GRACE_FLOOR_MS],
    ])('%s', async (_, given, how, afterMs) => {
      const key = await expunged()
      const collector = collectorOf(given)
      clock.advance(afterMs - 1_000)
      expect(await collector.collectDead(how)).toBe(0)
      expect(await isThere(key)).toBe(true)
      clock.advance(2_000)
      expect(await collector.collectDead(how)).toBe(1)
      expect(await isThere(key)).toBe(false)
    })

    it('often while the disk is short of room, and only then', async () => {
      const key = await expunged()
      clock.advance(GRACE_FLOOR_MS + 1_000)
      await collectorOf().relieve()
      expect(await isThere(key)).toBe(true)
      await collectorOf({ short: true }).relieve()
      expect(await isThere(key)).toBe(false)
    })

    it('but nothing that was referred to again meanwhile', async () => {
      const key = await expunged()
      clock.advance(graceMs + 1_000)
      const id = key.slice('mail/'.length) as QueueId as string as BlobId
      const { mail } = store.tables
      const queryIndex = mail.queryIndex.bind(mail)
      mail.queryIndex = async (...query) => {
        const page = await queryIndex(...query)
        const changes = { add: { refs: 1 }, remove: ['deadPk', 'deadSk'] }
        await mail.write({ update: blobKey(id), changes })
        return page
      }
      expect(await collectorOf().collectDead()).toBe(0)
      expect(await isThere(key)).toBe(true)
      expect(await mail.get(blobKey(id))).not.toHaveProperty('collected')
    })

    it('so that nobody can refer to what is being deleted', async () => {
      const key = await expunged()
      clock.advance(graceMs + 1_000)
      const id = key.slice('mail/'.length) as QueueId as string as BlobId
      const remove = store.objects.delete.bind(store.objects)
      let during: Item | undefined
      store.objects.delete = async (deleted) => {
        during = await store.tables.mail.get(blobKey(id))
        await remove(deleted)
      }
      expect(await collectorOf().collectDead()).toBe(1)
      // What append and reserve refuse to refer to: shared/mailbox/blob-references.ts, reservations.ts.
      expect(during).toMatchObject({ collected: true })
      expect(await store.tables.mail.get(blobKey(id))).toBeUndefined()
    })

    it('but nothing that is referred to or queued, however much of it is in the way', async () => {
      await pipeline.accept('Subject: here\r\n\r\n', ['ann@example.test'])
      await pipeline.settle()
      clock.advance(1_000)
      const queued = Array.from({ length: COLLECTED_AT_ONCE_MAX + 1 }, () =>
        newQueueId(clock.now()),
      )
      for (const id of queued) await markDead(store.tables.mail, id, clock.now())
      await store.tables.queue.batchWrite(queued.map((id) => ({ put: messageKey(id) })))
      clock.advance(1_000)
      const key = objectKey(newQueueId(clock.now()))
      await store.objects.put(key, Buffer.from('dead'))
      await markDead(store.tables.mail, key.slice('mail/'.length) as QueueId, clock.now())
      clock.advance(GRACE_FLOOR_MS + 1_000)
      expect(await collectorOf().collectDead({ now: true })).toBe(1)
      expect(await isThere(key)).toBe(false)
      expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    })
  })
})
