// The process dies at every storage call of a message to several recipients here, whose references are reserved: nobody gets it
// twice, nobody misses it, and the object is never given up while a message refers to it. Where nothing crashed nothing leaks either.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, BlobId } from '#shared/contracts/mailbox.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { mailboxBlobOf } from '#shared/queue/blob.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { type FaultyStore, withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = 'Subject: crash\r\n\r\nbody\r\n'
const names = ['ann', 'bob', 'carol'] as const
const to = (...locals: readonly string[]) => locals.map((local) => `${local}@example.test`)

describe('a crash while one message goes to several here', () => {
  let resources: AsyncDisposableStack
  let directory: string
  let clock: ReturnType<typeof manualClock>
  const set = ['lmtpSaveToDetailMailbox=yes']

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    directory = resources.use(await temporaryFolder()).path
    clock = manualClock()
    await withPipeline(async (pipeline) => {
      for (const name of names) await pipeline.addAccount(`${name}@example.test`)
      await pipeline.addAlias('list@example.test', to('ann', 'bob'))
    })
  })
  afterEach(() => resources.disposeAsync())

  const onStore = (store: Store) => createPipeline(store, clock, { set, deliverRemote })
  const deliverRemote = async (_message: unknown, _hop: unknown, all: readonly unknown[]) =>
    all.map(() => ({ kind: 'delivered', reply: '250 ok' }) as const)

  async function withPipeline<T>(work: (pipeline: Pipeline, store: EmbeddedStore) => Promise<T>) {
    await using store = await openEmbeddedStore({ directory, clock })
    return await work(onStore(store), store)
  }

  /** Runs until all is quiet or the process is dead. */
  async function live(store: FaultyStore, work: (pipeline: Pipeline) => Promise<unknown>) {
    try {
      await work(onStore(store))
    } catch {
      // Dead.
    }
    const { crashed } = store
    await store[Symbol.asyncDispose]()
    return crashed
  }

  async function recover(pipeline: Pipeline): Promise<void> {
    for (let round = 0; round < 5; round++) {
      clock.advance(20 * 60_000)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
  }

  /** How many messages each inbox has of it, and how many references its blob counts. */
  async function traces(pipeline: Pipeline, store: Store, queueId: QueueId) {
    const messages: number[] = []
    for (const name of names) {
      const address = parseAddress(`${name}@example.test`)
      const account = address && (await pipeline.backend.directory.accounts.get(address))
      if (account === undefined) throw new Error(name)
      const inbox = await pipeline.backend.mailbox.inbox(account.id)
      const snapshot = await pipeline.backend.mailbox.snapshot(inbox)
      messages.push(snapshot.messages.filter(({ blobId }) => String(blobId) === queueId).length)
    }
    const item = await store.tables.mail.get(blobKey(queueId as string as BlobId))
    return { messages, refs: Number(item?.refs ?? 0) }
  }

  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

  /** Crashes at each call before and after its effect; `between` happens while the process is dead. */
  async function everyCrash(
    recipients: readonly string[],
    wanted: readonly number[],
    between: (pipeline: Pipeline, first: boolean) => Promise<unknown> = async () => {},
  ): Promise<void> {
    for (const effect of ['none', 'done'] as const) {
      let delivered = 0
      for (let call = 1; ; call++) {
        const store = withFaults(await openEmbeddedStore({ directory, clock }), {
          crashPoint: { call, effect },
        })
        let queueId: QueueId | undefined
        let accepted = false
        const crashed = await live(store, async (pipeline) => {
          const accepting = pipeline.accept(text, recipients, {}, () => {
            accepted = true
          })
          queueId = await accepting
          await pipeline.settle()
        })
        await withPipeline(async (pipeline, opened) => {
          if (accepted && queueId === undefined) {
            const [entry] = await Array.fromAsync(pipeline.backend.operator.list())
            queueId = entry?.message.queueId
          }
          await between(pipeline, true)
          await recover(pipeline)
          await between(pipeline, false)
          if (queueId === undefined) return
          const { messages, refs } = await traces(pipeline, opened, queueId)
          for (const [i, count] of messages.entries()) {
            expect({ effect, call, i, count }).toEqual({
              effect,
              call,
              i,
              count: count > 0 ? 1 : 0,
            })
            if (wanted[i]) expect({ effect, call, i, count }).toMatchObject({ count: 1 })
          }
          expect({ effect, call, refs }).toMatchObject({ refs: expect.any(Number) })
          expect(refs).toBeGreaterThanOrEqual(sum(messages))
          if (!crashed) expect(refs).toBe(sum(messages))
          expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
          delivered++
        })
        if (!crashed) break
      }
      expect(delivered).toBeGreaterThan(5)
    }
  }

  it('all on the spot, two of them into one folder', async () => {
    await everyCrash(to('list', 'ann+x'), [1, 1, 0])
  }, 120_000)

  it('some here and one elsewhere', async () => {
    await everyCrash([...to('list', 'ann+x'), 'x@one.test'], [1, 1, 0])
  }, 120_000)

  it('the list has other members when the process comes back', async () => {
    const members = async (pipeline: Pipeline, ...locals: readonly string[]) => {
      const list = parseAddress('list@example.test')
      if (list === undefined) throw new Error('no list')
      await pipeline.backend.directory.aliases.remove(list)
      await pipeline.addAlias('list@example.test', to(...locals))
    }
    await everyCrash(to('list'), [0, 1, 0], (pipeline, first) =>
      first ? members(pipeline, 'bob', 'carol') : members(pipeline, 'ann', 'bob'),
    )
  }, 120_000)

  async function quotaOfAnn(pipeline: Pipeline, quotaBytes: number) {
    const address = parseAddress('ann@example.test')
    const ann = address && (await pipeline.backend.directory.accounts.get(address))
    if (ann === undefined) throw new Error('no ann')
    await pipeline.backend.directory.accounts.set(ann.address, { quotaBytes })
    return ann.id
  }

  async function removeFolder({ backend: { mailbox } }: Pipeline, ann: AccountId) {
    const folder = (await mailbox.folders.tree(ann)).find('x')
    if (folder !== undefined) await mailbox.folders.remove(folder)
  }

  it('a folder goes into which cleanup delivered before the crash', async () => {
    const withFolder = async (pipeline: Pipeline) =>
      await pipeline.backend.mailbox.folders.create(await quotaOfAnn(pipeline, 0), 'x')
    await withPipeline(withFolder)
    await everyCrash(to('ann+x', 'bob'), [0, 1, 0], async (pipeline, first) => {
      if (first) await removeFolder(pipeline, await quotaOfAnn(pipeline, 0))
      else await withFolder(pipeline)
    })
  }, 120_000)

  it.each([
    { locals: ['ann', 'ann+x'], wanted: [1, 0, 0] },
    { locals: ['ann+x', 'bob'], wanted: [expect.any(Number), 1, 0] },
  ])(
    'a folder goes into which it was delivered before the crash, to $locals',
    async ({ locals, wanted }) => {
      for (const effect of ['none', 'done'] as const) {
        for (let call = 1; ; call++) {
          const queueId = await withPipeline(async (pipeline) => {
            await pipeline.backend.mailbox.folders.create(await quotaOfAnn(pipeline, 1), 'x')
            const accepted = await pipeline.accept(text, to(...locals))
            await pipeline.settle()
            await quotaOfAnn(pipeline, 0)
            await pipeline.backend.operator.release(accepted)
            return accepted
          })
          const store = withFaults(await openEmbeddedStore({ directory, clock }), {
            crashPoint: { call, effect },
          })
          const crashed = await live(store, (pipeline) => pipeline.settle())
          await withPipeline(async (pipeline, opened) => {
            await removeFolder(pipeline, await quotaOfAnn(pipeline, 0))
            await recover(pipeline)
            const { messages, refs } = await traces(pipeline, opened, queueId)
            expect({ effect, call, messages }).toEqual({ effect, call, messages: wanted })
            expect({ effect, call, refs: refs >= sum(messages) }).toMatchObject({ refs: true })
            expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
          })
          if (!crashed) break
        }
      }
    },
    120_000,
  )

  it('an operator deletes it while one of the recipients waits', async () => {
    await withPipeline(async (pipeline) => {
      const address = parseAddress('bob@example.test')
      const bob = address && (await pipeline.backend.directory.accounts.get(address))
      if (bob === undefined) throw new Error('no bob')
      await pipeline.backend.directory.accounts.set(bob.address, { quotaBytes: 1 })
    })
    for (const effect of ['none', 'done'] as const) {
      for (let call = 1; ; call++) {
        const queueId = await withPipeline(async (pipeline) => {
          const accepted = await pipeline.accept(text, to('list'))
          await pipeline.settle()
          return accepted
        })
        clock.advance(2 * GROUP_LEASE_MS)
        const store = withFaults(await openEmbeddedStore({ directory, clock }), {
          crashPoint: { call, effect },
        })
        const crashed = await live(store, ({ backend }) => backend.operator.remove(queueId))
        // Its groups may have been taken for deletion; once that is over the operator tries again.
        clock.advance(2 * GROUP_LEASE_MS)
        await withPipeline(async (pipeline, opened) => {
          await pipeline.backend.operator.remove(queueId)
          const { messages, refs } = await traces(pipeline, opened, queueId)
          expect({ effect, call, messages, refs }).toEqual({
            effect,
            call,
            messages: [1, 0, 0],
            refs: 1,
          })
          expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
        })
        if (!crashed) break
      }
    }
  }, 120_000)

  it('deleted while it is not known whether one was delivered, it keeps its references', async () => {
    await withPipeline(async (direct, opened) => {
      for (const name of names.slice(0, 2)) await direct.inbox(`${name}@example.test`)
      let transactions = 0
      const faulty = withFaults(opened, {
        // The second append happens, and nobody hears of it.
        plan: ({ name, operation }) =>
          name === 'mail' && operation === 'transact' && ++transactions === 2
            ? 'unanswered'
            : undefined,
      })
      const pipeline = onStore(faulty)
      const queueId = await pipeline.accept(text, to('list'))
      await pipeline.settle()
      const [entry] = await Array.fromAsync(pipeline.backend.operator.list())
      expect(entry?.groups).toMatchObject([{ state: 'deferred', unsettled: 1 }])
      expect(await pipeline.backend.operator.remove(queueId)).toBe(true)
      expect(await traces(pipeline, opened, queueId)).toEqual({ messages: [1, 1, 0], refs: 2 })
    })
  })

  describe('that an operator lets wait for longer than markers are kept', () => {
    const dayMs = 86_400_000
    /** Times from the arrival until it is released. */
    const daysOf = [398, 401]

    async function idOf(pipeline: Pipeline, name: string) {
      const address = parseAddress(name)
      const account = address && (await pipeline.backend.directory.accounts.get(address))
      if (account === undefined) throw new Error(name)
      return account.id
    }

    /** As a worker leaves it that died between a delivery and telling of it. */
    async function deliverSilently(pipeline: Pipeline, queueId: QueueId, name: string) {
      const { queue, mailbox } = pipeline.backend
      const [message] = await queue.load([queueId])
      if (message === undefined) throw new Error('not there')
      const blob = mailboxBlobOf(message, 'mx.example.test')
      if (message.state === 'incoming') {
        const both = to('ann', 'bob').map((address) => ({ ...recipient, address }))
        await queue.reserve(blob, both)
      }
      await mailbox.append(await mailbox.inbox(await idOf(pipeline, name)), {
        blob,
        flags: noFlags,
        internalDateMs: 0,
        prepend: '',
        once: true,
        recipient: name,
        reserved: true,
      })
    }

    const maybe = (name: string) =>
      expect.stringMatching(new RegExp(`^${name}@.*delivered already`))

    it.each(daysOf)('incoming, for %i days: nobody gets it twice', async (days) => {
      await withPipeline(async (pipeline, opened) => {
        const queueId = await pipeline.accept(text, to('list'))
        await deliverSilently(pipeline, queueId, 'ann@example.test')
        const { operator } = pipeline.backend
        expect(await operator.hold(queueId, 'wait')).toBe(true)
        for (const waitedDays of [days, 401]) {
          clock.advance(waitedDays * dayMs)
          await opened.purgeExpired(1_000)
          await operator.release(queueId)
          await pipeline.settle()
        }
        const known = days < 400
        const { messages, refs } = await traces(pipeline, opened, queueId)
        expect({ messages, refs }).toEqual({ messages: known ? [1, 1, 0] : [1, 0, 0], refs: 2 })
        expect(await operator.show(queueId)).toBeUndefined()
        expect(pipeline.notices.failures()).toEqual(known ? [] : ['ann', 'bob'].map(maybe))
      })
    })

    it.each(daysOf)(
      'as a group, for %i days: who did not get it gets it, nobody twice',
      async (days) => {
        await withPipeline(async (pipeline, opened) => {
          const { accounts } = pipeline.backend.directory
          const setQuota = async (quotaBytes: number) => {
            for (const name of to('ann', 'bob')) {
              const address = parseAddress(name)
              const account = address && (await accounts.get(address))
              if (account) await accounts.set(account.address, { quotaBytes })
            }
          }
          await setQuota(1)
          const [silent, known] = [
            await pipeline.accept(text, to('list')),
            await pipeline.accept(text, to('list')),
          ]
          await pipeline.settle()
          await setQuota(0)
          const { operator, queue } = pipeline.backend
          const [group] = (await operator.show(silent))?.groups ?? []
          expect(await queue.take(silent, group?.name ?? '')).toBeDefined()
          await deliverSilently(pipeline, silent, 'ann@example.test')
          clock.advance(GROUP_LEASE_MS)
          for (const id of [silent, known]) expect(await operator.hold(id, 'wait')).toBe(true)
          clock.advance(days * dayMs)
          await opened.purgeExpired(1_000)
          for (const id of [silent, known]) await operator.release(id)
          await pipeline.settle()
          expect((await traces(pipeline, opened, known)).messages).toEqual([1, 1, 0])
          const { messages } = await traces(pipeline, opened, silent)
          expect(messages).toEqual(days < 400 ? [1, 1, 0] : [1, 0, 0])
          expect(await operator.show(silent)).toBeUndefined()
          expect(pipeline.notices.failures()).toEqual(days < 400 ? [] : ['ann', 'bob'].map(maybe))
        })
      },
    )
  })

  it('deleted after an attempt nobody heard of and one that only deferred it, it keeps them too', async () => {
    await withPipeline(async (pipeline, opened) => {
      const setQuota = async (name: string, quotaBytes: number) => {
        const address = parseAddress(name)
        if (address === undefined) throw new Error(name)
        await pipeline.backend.directory.accounts.set(address, { quotaBytes })
      }
      for (const name of to('ann', 'bob')) await setQuota(name, 1)
      const queueId = await pipeline.accept(text, to('list'))
      await pipeline.settle()
      const { operator, queue } = pipeline.backend
      const unsettled = async () => (await operator.show(queueId))?.groups[0]?.unsettled
      expect(await unsettled()).toBe(0)
      const [group] = (await operator.show(queueId))?.groups ?? []
      expect(await queue.take(queueId, group?.name ?? '')).toBeDefined()
      expect(await unsettled()).toBe(1)
      clock.advance(2 * GROUP_LEASE_MS)
      await operator.release(queueId)
      await pipeline.settle()
      expect(await unsettled()).toBe(1)
      expect(await operator.remove(queueId)).toBe(true)
      expect(await traces(pipeline, opened, queueId)).toEqual({ messages: [0, 0, 0], refs: 2 })
    })
  })

  it('deleted while cleanup is at it, it keeps its references: they may be used this moment', async () => {
    await withPipeline(async (pipeline, opened) => {
      const queueId = await pipeline.accept(text, to('list'))
      const { queue, mailbox, directory: accounts, operator } = pipeline.backend
      const [message] = await queue.load([queueId])
      const address = parseAddress('ann@example.test')
      const ann = address && (await accounts.accounts.get(address))
      if (message === undefined || ann === undefined) throw new Error('not there')
      const blob = mailboxBlobOf(message, 'mx.example.test')
      const recipients = to('ann', 'bob').map((name) => ({ ...recipient, address: name }))
      await queue.reserve(blob, recipients)
      expect(await operator.remove(queueId)).toBe(true)
      await mailbox.append(await mailbox.inbox(ann.id), {
        blob,
        flags: noFlags,
        internalDateMs: 0,
        prepend: '',
        once: true,
        recipient: 'ann@example.test',
        reserved: true,
      })
      expect(await traces(pipeline, opened, queueId)).toEqual({ messages: [1, 0, 0], refs: 2 })
    })
  })
})

const recipient = {
  accountId: null,
  extension: null,
  original: '',
  notify: [],
  originalRecipient: null,
}
