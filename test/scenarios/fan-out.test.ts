// One message to many accounts here, on a store that cancels overlapping transactions as DynamoDB does.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, BlobId, FolderId } from '#shared/contracts/mailbox.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { blobKey, deliveredKey } from '#shared/mailbox/keys.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { type Overlaps, withOverlaps } from '#test/support/overlapping-table.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = 'Subject: to all\r\n\r\nbody\r\n'
/** Turns of the event loop that a write is under way: many others begin meanwhile. */
const LATENCY_TURNS = 5

async function latency(): Promise<void> {
  for (let turn = 0; turn < LATENCY_TURNS; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('one message to many recipients here', () => {
  let resources: AsyncDisposableStack
  let clock: ReturnType<typeof manualClock>
  let pipeline: Pipeline
  let store: ReturnType<typeof withOverlaps>
  let overlaps: { readonly mail: Overlaps; readonly queue: Overlaps }

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    clock = manualClock()
    const folder = resources.use(await temporaryFolder())
    store = withOverlaps(await openEmbeddedStore({ directory: folder.path, clock }), latency)
    resources.use(store)
    overlaps = store.overlaps
    pipeline = createPipeline(store, clock, { set: ['virtualAliasExpansionLimit=2000'] })
  })
  afterEach(() => resources.disposeAsync())

  /** The list `all` of so many accounts, each of which has its folders. */
  async function addAccounts(count: number): Promise<readonly AccountId[]> {
    const names = Array.from({ length: count }, (_, i) => `u${i}@example.test`)
    const accounts: AccountId[] = []
    for (const name of names) {
      const { id } = await pipeline.addAccount(name)
      accounts.push(id)
      await pipeline.backend.mailbox.inbox(id)
    }
    await pipeline.addAlias('all@example.test', names)
    Object.assign(overlaps.mail, {
      transactions: 0,
      cancelledTransactions: 0,
      cancelledWrites: 0,
    } satisfies Overlaps)
    return accounts
  }

  async function exists(accounts: readonly AccountId[]): Promise<number[]> {
    const inboxes = await Promise.all(accounts.map((id) => pipeline.backend.mailbox.inbox(id)))
    return inboxes.map((inbox) => inbox.exists)
  }

  const refs = async (queueId: QueueId) =>
    (await store.tables.mail.get(blobKey(queueId as string as BlobId), { consistent: true }))?.refs

  /** Somebody else's transactions on the inbox, one after the other, until it is told to end. */
  async function busyFolder(account: AccountId): Promise<{ end(): void }> {
    const inbox = await pipeline.backend.mailbox.inbox(account)
    const { mail } = store.tables
    const transact = mail.transact.bind(mail)
    mail.transact = async (writes) => {
      const hits = writes.some((write) => 'update' in write && write.update.sk === `F#${inbox.id}`)
      if (hits) throw new Conflict('another transaction')
      return transact(writes)
    }
    return { end: () => Object.assign(mail, { transact }) }
  }

  it('100 are delivered to on the spot, and none is in the way of another', async () => {
    const accounts = await addAccounts(100)
    const queueId = await pipeline.accept(text, ['all@example.test'])
    await pipeline.settle()
    expect(await exists(accounts)).toEqual(accounts.map(() => 1))
    expect(overlaps.mail).toEqual({
      transactions: 100,
      cancelledTransactions: 0,
      cancelledWrites: 0,
    })
    expect(await refs(queueId)).toBe(100)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it('1,000 are delivered to in groups, in one round', async () => {
    const accounts = await addAccounts(1_000)
    const queueId = await pipeline.accept(text, ['all@example.test'])
    await pipeline.settle()
    expect(await exists(accounts)).toEqual(accounts.map(() => 1))
    expect(overlaps.mail).toEqual({
      transactions: 1_000,
      cancelledTransactions: 0,
      cancelledWrites: 0,
    })
    expect(await refs(queueId)).toBe(1_000)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  }, 60_000)

  it('the object lives as long as one of them keeps the message, and no longer', async () => {
    const accounts = await addAccounts(3)
    const queueId = await pipeline.accept(text, ['all@example.test'])
    await pipeline.settle()
    for (const [i, accountId] of accounts.entries()) {
      const inbox = await pipeline.backend.mailbox.inbox(accountId)
      expect(await refs(queueId)).toBe(accounts.length - i)
      const { messages } = await pipeline.backend.mailbox.snapshot(inbox)
      await pipeline.backend.mailbox.expunge(
        inbox,
        messages.map(({ uid }) => uid),
      )
    }
    const item = await store.tables.mail.get(blobKey(queueId as string as BlobId))
    expect(item).toMatchObject({ refs: 0, deadPk: 'DEAD' })
  })

  it('a mailbox that too many deliver into is tried again in seconds, and nobody gets it twice', async () => {
    const accounts = await addAccounts(2)
    const [hot] = accounts
    if (hot === undefined) throw new Error('no account')
    const traffic = await busyFolder(hot)
    const queueId = await pipeline.accept(text, ['all@example.test', 'u1+x@example.test'])
    await pipeline.settle()
    expect(await exists(accounts)).toEqual([0, 1])
    const [entry] = await Array.fromAsync(pipeline.backend.operator.list())
    // Its doorbell comes back: no group waits for minutes.
    expect(entry?.groups).toMatchObject([{ state: 'deferred', dueMs: clock.now() + 5_000 }])
    traffic.end()
    clock.advance(61_000)
    await pipeline.settle()
    expect(await exists(accounts)).toEqual([1, 1])
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
    // The one of the second address of u1 was given back.
    expect(await refs(queueId)).toBe(2)
  })

  it('so is a recipient of a group, who has a bell for it', async () => {
    const [hot, other] = await addAccounts(2)
    if (hot === undefined || other === undefined) throw new Error('no account')
    const { accounts } = pipeline.backend.directory
    const account = await accounts.byId(hot)
    if (account === undefined) throw new Error('no account')
    await accounts.set(account.address, { quotaBytes: 1 })
    const queueId = await pipeline.accept(text, ['all@example.test'])
    await pipeline.settle()
    await accounts.set(account.address, { quotaBytes: 0 })
    const traffic = await busyFolder(hot)
    const group = async () => (await pipeline.backend.operator.show(queueId))?.groups[0]
    const bell = { id: 'b', body: `${queueId} ${(await group())?.name}`, receipt: 'r', receives: 1 }
    await pipeline.workers.delivery.handle([{ ...bell, body: `!${bell.body}` }])
    expect((await group())?.dueMs).toBe(clock.now() + 5_000)
    traffic.end()
    clock.advance(5_000)
    await pipeline.settle()
    expect(await exists([hot, other])).toEqual([1, 1])
    expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
  })

  it('recipients of one group, delivered one after the other, keep their references', async () => {
    const ids = await addAccounts(3)
    const { accounts } = pipeline.backend.directory
    const setQuota = async (id: AccountId, quotaBytes: number) => {
      const account = await accounts.byId(id)
      if (account !== undefined) await accounts.set(account.address, { quotaBytes })
    }
    for (const id of ids) await setQuota(id, 1)
    const queueId = await pipeline.accept(text, ['all@example.test', 'u2+x@example.test'])
    await pipeline.settle()
    for (const [n, id] of ids.entries()) {
      await setQuota(id, 0)
      await pipeline.backend.operator.release(queueId)
      await pipeline.settle()
      expect(await exists(ids)).toEqual(ids.map((_, i) => (i <= n ? 1 : 0)))
    }
    expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    expect(await refs(queueId)).toBe(3)
  })

  it('a marker in the folder says for whom it was delivered', async () => {
    const accounts = await addAccounts(2)
    const queueId = await pipeline.accept(text, ['all@example.test'])
    await pipeline.settle()
    const [first] = accounts
    const inbox = first && (await pipeline.backend.mailbox.inbox(first))
    const key = deliveredKey(inbox?.id as FolderId, queueId as string as BlobId)
    expect(await store.tables.mail.get(key)).toMatchObject({ recipient: 'u0@example.test' })
  })
})
