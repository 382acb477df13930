// A program before reservations, USAGE and counted attempts was at work on a message when this one took its place.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, BlobId } from '#shared/contracts/mailbox.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { readCompleteUsage } from '#shared/mailbox/usage-counting.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Item, Store } from '#shared/storage/ports.ts'
import { asOlderVersion } from '#test/support/older-version.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = 'Subject: upgrade\r\n\r\nbody\r\n'
const names = ['ann@example.test', 'bob@example.test']
const newer = ['split', 'reserved', 'used', 'starts', 'apart', 'unsettled']

describe('a message that an older version left', () => {
  let resources: AsyncDisposableStack
  let clock: ReturnType<typeof manualClock>
  let store: Store
  let pipeline: Pipeline
  let accounts: AccountId[]

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder())
    clock = manualClock()
    store = resources.use(await openEmbeddedStore({ directory: folder.path, clock }))
    pipeline = createPipeline(store, clock)
    accounts = []
    for (const name of names) {
      const { id } = await pipeline.addAccount(name)
      await pipeline.backend.mailbox.inbox(id)
      accounts.push(id)
    }
    await pipeline.addAlias('list@example.test', names)
  })
  afterEach(() => resources.disposeAsync())

  async function oldQueueItems(queueId: QueueId): Promise<void> {
    const { items } = await store.tables.queue.query({ pk: `Q#${queueId}`, consistent: true })
    for (const { pk, sk, ...rest } of items) {
      const kept = Object.entries(rest).filter(([name]) => !newer.includes(name))
      const put: Item = { pk, sk, ...Object.fromEntries(kept) }
      await store.tables.queue.write({ put })
    }
  }

  /** One of them has it, by the set in the blob alone. */
  async function deliveredByOld(queueId: QueueId, accountId: AccountId): Promise<void> {
    const { queue, mailbox } = pipeline.backend
    const [message] = await queue.load([queueId])
    if (message === undefined) throw new Error('not there')
    await mailbox.append(await mailbox.inbox(accountId), {
      blob: mailboxBlobOf(message, 'mx.example.test'),
      flags: noFlags,
      internalDateMs: 0,
      prepend: '',
      once: true,
    })
  }

  it.each(['incoming', 'active'] as const)('%s, comes to everybody once', async (state) => {
    const [ann] = accounts
    if (ann === undefined) throw new Error('no account')
    const { queue, directory, operator } = pipeline.backend
    const all = await Array.fromAsync(directory.accounts.list())
    const quota = async (quotaBytes: number) => {
      for (const { address } of all) await directory.accounts.set(address, { quotaBytes })
    }
    if (state === 'active') await quota(1)
    const queueId = await pipeline.accept(text, ['list@example.test'])
    const blob = blobKey(queueId as string as BlobId)
    if (state === 'active') {
      await pipeline.settle()
      await quota(0)
      await store.tables.mail.write({ delete: blob })
      const [group] = (await operator.show(queueId))?.groups ?? []
      await queue.take(queueId, group?.name ?? '')
    }
    await oldQueueItems(queueId)
    await deliveredByOld(queueId, ann)
    for (const id of accounts) await asOlderVersion(store.tables.mail, id)
    clock.advance(2 * GROUP_LEASE_MS)
    // Two deliveries meet on the older blob: where this clock gives up on one, it is tried again in seconds.
    for (let round = 0; round < 3; round++) {
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
      clock.advance(60_000)
    }
    expect(await operator.show(queueId)).toBeUndefined()
    expect(await store.tables.mail.get(blob)).toMatchObject({ refs: 2 })
    for (const [n, id] of accounts.entries()) {
      const [only, ...more] = await pipeline.inbox(names[n] ?? '')
      expect(only).toContain(text)
      expect(more).toEqual([])
      const inbox = await pipeline.backend.mailbox.inbox(id)
      const usage = await readCompleteUsage({ table: store.tables.mail, clock }, id)
      expect(usage).toMatchObject({ messages: 1, bytes: inbox.bytes, complete: true })
    }
  })
})
