// An operator mends an alias and releases what waited for it: the aliases are followed again, who has the message does not get it
// twice, and a crash at any storage call of the release changes nothing of that.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { groupKey, messageKey } from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { REACHED_MAX } from '#shared/queue/reached.ts'
import { REACHED_MORE_MAX } from '#shared/queue/release.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { createFakeNotices, mute } from '#test/support/fake-notices.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { itemsOf } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = 'Subject: again\r\n\r\nbody\r\n'
const names = ['ann', 'bob', 'carol'] as const
const here = (local: string) => `${local}@example.test`

describe('a release', () => {
  let resources: AsyncDisposableStack
  let directory: string
  let clock: ReturnType<typeof manualClock>
  /** To whom other hosts were sent it, in order. */
  let sent: string[]
  let answer: 'delivered' | 'failed'
  /** Whom other hosts tell to come again. */
  let later: Set<string>

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    directory = resources.use(await temporaryFolder()).path
    clock = manualClock()
    sent = []
    answer = 'delivered'
    later = new Set()
    await withPipeline(async (pipeline) => {
      for (const name of names) await pipeline.addAccount(here(name))
    })
  })
  afterEach(() => resources.disposeAsync())

  const onStore = (store: Store) =>
    createPipeline(store, clock, {
      // Whoever failed waits for that, and is there to be released.
      notices: createFakeNotices(mute),
      deliverRemote: async (_message, _hop, recipients) => {
        sent.push(...recipients.map(({ address }) => address))
        return recipients.map(({ address }) =>
          later.has(address)
            ? { kind: 'deferred', status: '4.2.0', reply: '450 later' }
            : answer === 'delivered'
              ? { kind: 'delivered', reply: '250 ok' }
              : { kind: 'failed', status: '5.1.1', reply: '550 unknown' },
        )
      },
    })

  async function withPipeline<T>(work: (pipeline: Pipeline, store: Store) => Promise<T>) {
    await using store = await openEmbeddedStore({ directory, clock })
    return await work(onStore(store), store)
  }

  async function setAlias({ backend }: Pipeline, name: string, targets: readonly string[]) {
    const address = parseAddress(here(name))
    if (address === undefined) throw new Error(name)
    await backend.directory.aliases.remove(address)
    const added = await backend.directory.aliases.add(
      address,
      targets.flatMap((target) => parseAddress(target) ?? []),
    )
    expect(added.kind).toBe('ok')
  }

  async function inboxes(pipeline: Pipeline): Promise<number[]> {
    return Promise.all(names.map(async (name) => (await pipeline.inbox(here(name))).length))
  }

  async function refs(store: Store, queueId: QueueId): Promise<number> {
    const item = await store.tables.mail.get(blobKey(queueId as string as BlobId))
    return Number(item?.refs ?? 0)
  }

  async function waiting({ backend }: Pipeline, queueId: QueueId) {
    const { groups = [] } = (await backend.operator.show(queueId)) ?? {}
    return groups.map(({ state, recipients }) => ({
      state,
      to: recipients.map(({ address }) => address),
      lastReply: recipients[0]?.last?.reply ?? null,
    }))
  }

  it('delivers what was caught in a loop, once it is mended', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('one'), [here('two')])
      await pipeline.addAlias(here('two'), [here('one')])
      const queueId = await pipeline.accept(text, [here('one'), here('ann')])
      await pipeline.settle()
      const loop = [
        { state: 'deferred', to: [here('one')], lastReply: '<one@example.test>: Alias loop' },
      ]
      expect(await waiting(pipeline, queueId)).toEqual(loop)
      // Not yet mended: it waits on, with the reason.
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toEqual(loop)
      await setAlias(pipeline, 'two', [here('ann'), here('bob'), 'far@away.test'])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toEqual([])
      expect(await inboxes(pipeline)).toEqual([1, 1, 0])
      expect(sent).toEqual(['far@away.test'])
      expect(await refs(store, queueId)).toBe(2)
    })
  })

  it('follows the alias from its beginning, and reaches nobody twice', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [
        here('ann'),
        here('bbo'),
        here('brb'),
        'far@away.test',
        here('carol'),
      ])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      expect(await inboxes(pipeline)).toEqual([1, 0, 1])
      expect((await waiting(pipeline, queueId)).map(({ to }) => to)).toEqual([
        [here('bbo')],
        [here('brb')],
      ])
      await setAlias(pipeline, 'list', [here('ann'), here('bob'), 'far@away.test', 'x@new.test'])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toEqual([])
      expect(await inboxes(pipeline)).toEqual([1, 1, 1])
      expect(sent.sort()).toEqual(['far@away.test', 'x@new.test'])
      // Two were reserved at first, and used; the new one has its own.
      expect(await refs(store, queueId)).toBe(3)
    })
  })

  it('ends a message when all its aliases lead to has it', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [here('ann'), here('bob'), here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await setAlias(pipeline, 'list', [here('bob')])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
      expect(await inboxes(pipeline)).toEqual([1, 1, 0])
      expect(await refs(store, queueId)).toBe(2)
      expect(await itemsOf(store, queueId)).toEqual([])
    })
  })

  it('sends what another host refused to where the alias leads now', async () => {
    await withPipeline(async (pipeline) => {
      await pipeline.addAlias(here('list'), ['old@away.test', 'far@away.test'])
      answer = 'failed'
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      answer = 'delivered'
      await setAlias(pipeline, 'list', ['far@away.test', 'new@away.test'])
      sent = []
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent.sort()).toEqual(['far@away.test', 'new@away.test'])
      expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    })
  })

  it('may be of one recipient, by his address or the one he was reached by', async () => {
    await withPipeline(async (pipeline) => {
      await pipeline.addAlias(here('list'), [here('nobody'), 'far@away.test'])
      await pipeline.addAlias(here('other'), [here('noone'), here('none')])
      answer = 'failed'
      const queueId = await pipeline.accept(text, [here('list'), here('other')])
      await pipeline.settle()
      answer = 'delivered'
      sent = []
      const { operator } = pipeline.backend
      expect(await operator.release(queueId, ['else@example.test'])).toBe(false)
      expect(await operator.release(queueId, ['FAR@away.test'])).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual(['far@away.test'])
      const left = async () => (await waiting(pipeline, queueId)).map(({ to }) => to[0]).sort()
      expect(await left()).toEqual([here('nobody'), here('none'), here('noone')])
      await pipeline.addAccount(here('noone'))
      expect(await operator.release(queueId, [here('other')])).toBe(true)
      await pipeline.settle()
      expect(await pipeline.inbox(here('noone'))).toHaveLength(1)
      expect(await left()).toEqual([here('nobody'), here('none')])
      expect(sent).toEqual(['far@away.test'])
    })
  })

  it('of one recipient leaves the others of his group waiting', async () => {
    await withPipeline(async (pipeline) => {
      const [x, y] = ['x@away.test', 'y@away.test']
      later = new Set([x, y])
      const queueId = await pipeline.accept(text, [x, y])
      await pipeline.settle()
      later = new Set()
      const before = (await pipeline.backend.operator.show(queueId))?.groups[0]
      expect(await pipeline.backend.operator.release(queueId, [x])).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual([x, y, x])
      const left = before?.recipients.filter(({ address }) => address === y)
      expect((await pipeline.backend.operator.show(queueId))?.groups).toEqual([
        { ...before, recipients: left, dueMs: (before?.dueMs ?? 0) + 1 },
      ])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual([x, y, x, y])
      expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    })
  })

  it('ends those who lead nowhere by their reasons, and many together', async () => {
    await withPipeline(async (pipeline) => {
      const nobodies = (name: string) => Array.from({ length: 12 }, (_, n) => here(`${name}${n}`))
      await pipeline.addAlias(here('list'), nobodies('no'))
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await setAlias(pipeline, 'list', nobodies('none'))
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      const left = await waiting(pipeline, queueId)
      const together = left.filter(({ to }) => to.length > 1)
      expect(together).toMatchObject([{ lastReply: 'several addresses lead nowhere' }])
      expect(left).toHaveLength(11)
      expect(left.flatMap(({ to }) => to).sort()).toEqual(nobodies('none').sort())
    })
  })

  // Ten reasons have a group each, all others are in groups of a hundred, of which there are about twenty.
  it.each([
    [1_900, true],
    [2_100, false],
  ])('of an alias that leads to %i who lead nowhere ends them: %s', async (count, isTaken) => {
    await withPipeline(async (pipeline) => {
      const aliases = ['one', 'two', 'three'] as const
      for (const alias of aliases) await pipeline.addAlias(here(alias), [here(`no${alias}`)])
      const queueId = await pipeline.accept(text, aliases.map(here))
      await pipeline.settle()
      const { operator } = pipeline.backend
      const before = await waiting(pipeline, queueId)
      const all = Array.from({ length: count }, (_, n) => here(`none${n}`))
      for (const [n, alias] of aliases.entries()) {
        await setAlias(pipeline, alias, all.slice(n * 900, (n + 1) * 900))
      }
      const released = operator.release(queueId)
      if (isTaken) expect(await released).toBe(true)
      else await expect(released).rejects.toThrow(TemporaryFailure)
      const after = await waiting(pipeline, queueId)
      if (isTaken) expect(after.flatMap(({ to }) => to).sort()).toEqual(all.sort())
      else expect(after).toEqual(before)
    })
  })

  it.each([
    [REACHED_MAX + REACHED_MORE_MAX - 1, true],
    [REACHED_MAX + REACHED_MORE_MAX, false],
  ])('remembers whom it reached, beside %i others: %s', async (others, isTaken) => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      const before = await waiting(pipeline, queueId)
      const reached = new BigUint64Array(Array.from({ length: others }, (_, n) => BigInt(n)))
      await store.tables.queue.write({
        update: messageKey(queueId),
        changes: { set: { reached: new Uint8Array(reached.buffer) } },
      })
      await setAlias(pipeline, 'list', ['x@away.test'])
      const released = pipeline.backend.operator.release(queueId)
      if (isTaken) expect(await released).toBe(true)
      else await expect(released).rejects.toThrow(TemporaryFailure)
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toEqual(isTaken ? [] : before)
      expect(sent).toEqual(isTaken ? ['x@away.test'] : [])
    })
  })

  it.each([
    [40, true],
    [41, false],
  ])('of a message from an older version makes %i groups: %s', async (hosts, isTaken) => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await store.tables.queue.write({
        update: messageKey(queueId),
        changes: { remove: ['reached'] },
      })
      const many = Array.from({ length: hosts }, (_, n) => `x@host${n}.test`)
      await pipeline.addAlias(here('nobody'), many)
      const released = pipeline.backend.operator.release(queueId)
      if (isTaken) expect(await released).toBe(true)
      // Of several steps it would not be known whom the first ones reached.
      else await expect(released).rejects.toThrow(TemporaryFailure)
      await pipeline.settle()
      expect(sent.sort()).toEqual(isTaken ? many.sort() : [])
    })
  })

  it('takes nobody out of the hands of a worker', async () => {
    await withPipeline(async (pipeline) => {
      answer = 'failed'
      const queueId = await pipeline.accept(text, ['far@away.test', 'x@one.test'])
      await pipeline.settle()
      const { operator, queue } = pipeline.backend
      await operator.release(queueId)
      const [first] = (await operator.show(queueId))?.groups ?? []
      const taken = await queue.take(queueId, first?.name ?? '')
      expect(taken).toBeDefined()
      expect(await operator.release(queueId, [taken?.group.recipients[0]?.address ?? ''])).toBe(
        false,
      )
      expect(await operator.release(queueId)).toBe(true)
      expect((await operator.show(queueId))?.groups).toContainEqual(taken?.group)
      expect(await operator.hold(queueId, 'wait')).toBe(true)
      // A leased group is not held either: its worker tells what became of it.
      expect((await operator.show(queueId))?.groups).toContainEqual(taken?.group)
    })
  })

  it('gives way to a worker that takes the group while the aliases are followed', async () => {
    await withPipeline(async (pipeline, store) => {
      answer = 'failed'
      const queueId = await pipeline.accept(text, ['far@away.test'])
      await pipeline.settle()
      await pipeline.backend.operator.release(queueId)
      const [group] = (await pipeline.backend.operator.show(queueId))?.groups ?? []
      const take = () => pipeline.backend.queue.take(queueId, group?.name ?? '')
      // A worker died; its lease is over.
      expect(await take()).toBeDefined()
      clock.advance(2 * GROUP_LEASE_MS)
      const { queue } = store.tables
      let taken: Awaited<ReturnType<typeof take>>
      const late = beforeTransact(queue, async () => {
        taken ??= await take()
      })
      const beside = onStore({ ...store, tables: { ...store.tables, queue: late } })
      expect(await beside.backend.operator.release(queueId)).toBe(false)
      expect(taken).toBeDefined()
      expect((await pipeline.backend.operator.show(queueId))?.groups).toEqual([taken?.group])
    })
  })

  it('understands postmaster without a domain as its arrival did', async () => {
    await using store = await openEmbeddedStore({ directory, clock })
    const { backend, accept, settle, inbox } = createPipeline(store, clock, {
      notices: createFakeNotices(mute),
      set: ['defaultDomain='],
    })
    const ann = parseAddress(here('ann'))
    if (ann === undefined) throw new Error('ann')
    await backend.directory.accounts.set(ann, { enabled: false })
    const queueId = await accept(text, ['postmaster'])
    await settle()
    await backend.directory.accounts.set(ann, { enabled: true })
    expect(await backend.operator.release(queueId)).toBe(true)
    await settle()
    expect(await inbox(here('ann'))).toHaveLength(1)
  })

  it('sends nothing again to whom a worker sent it while the aliases were followed', async () => {
    await withPipeline(async (pipeline, store) => {
      const [x, y] = ['x@away.test', 'y@away.test']
      later = new Set([x, y])
      const queueId = await pipeline.accept(text, [x, y])
      await pipeline.settle()
      expect((await waiting(pipeline, queueId)).map(({ to }) => to)).toEqual([[x, y]])
      later = new Set([y])
      const { operator } = pipeline.backend
      let flushed: number | undefined
      const late = beforeTransact(store.tables.queue, async () => {
        if (flushed !== undefined) return
        flushed = await operator.flush()
        await pipeline.settle()
      })
      const beside = onStore({ ...store, tables: { ...store.tables, queue: late } })
      expect(await beside.backend.operator.release(queueId)).toBe(true)
      expect(flushed).toBe(1)
      later = new Set()
      await pipeline.settle()
      expect(sent).toEqual([x, y, x, y, y])
      expect(await operator.show(queueId)).toBeUndefined()
    })
  })

  it('counts the groups anew when one came to its end while the aliases were followed', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [here('nobody')])
      later = new Set(['far@away.test'])
      const queueId = await pipeline.accept(text, [here('list'), 'far@away.test'])
      await pipeline.settle()
      later = new Set()
      const { operator } = pipeline.backend
      let flushed: number | undefined
      const late = beforeTransact(store.tables.queue, async () => {
        if (flushed !== undefined) return
        flushed = await operator.flush()
        await pipeline.settle()
      })
      await pipeline.addAlias(here('nobody'), [here('bob')])
      const beside = onStore({ ...store, tables: { ...store.tables, queue: late } })
      expect(await beside.backend.operator.release(queueId, [here('list')])).toBe(true)
      expect(flushed).toBe(1)
      await pipeline.settle()
      expect(await inboxes(pipeline)).toEqual([0, 1, 0])
      expect(await operator.show(queueId)).toBeUndefined()
    })
  })

  it('of two operators at once forgets nothing of what either reached', async () => {
    await withPipeline(async (pipeline, store) => {
      const aliases = ['one', 'two', 'three'] as const
      for (const name of aliases) await pipeline.addAlias(here(name), [here(`no${name}`)])
      const queueId = await pipeline.accept(text, aliases.map(here))
      await pipeline.settle()
      await setAlias(pipeline, 'one', ['x@one.test'])
      await setAlias(pipeline, 'two', ['y@two.test'])
      await setAlias(pipeline, 'three', ['x@one.test', 'y@two.test'])
      const { queue } = store.tables
      const { operator } = pipeline.backend
      let first: boolean | undefined
      const late = beforeTransact(queue, async () => {
        first ??= await operator.release(queueId, [here('one')])
      })
      const beside = onStore({ ...store, tables: { ...store.tables, queue: late } })
      expect(await beside.backend.operator.release(queueId, [here('two')])).toBe(true)
      expect(first).toBe(true)
      await pipeline.settle()
      expect(sent.sort()).toEqual(['x@one.test', 'y@two.test'])
      expect(await operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toHaveLength(2)
      expect(await operator.show(queueId)).toBeUndefined()
    })
  })

  it('counts no reference as used that nobody reserved', async () => {
    await withPipeline(async (pipeline, store) => {
      const carol = parseAddress(here('carol'))
      if (carol === undefined) throw new Error('no carol')
      await pipeline.backend.directory.accounts.set(carol, { quotaBytes: 1 })
      await pipeline.inbox(here('bob'))
      await pipeline.addAlias(here('list'), [here('ann'), here('carol'), here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await pipeline.addAlias(here('nobody'), [here('bob')])
      expect(await pipeline.backend.operator.release(queueId, [here('nobody')])).toBe(true)
      // It is delivered to Bob, and nobody hears of it: the second transaction, since the first finds that others are reserved.
      let answers = 0
      const deaf = withFaults(store, {
        plan: ({ name, operation }) =>
          name === 'mail' && operation === 'transact' && ++answers === 2 ? 'unanswered' : undefined,
      })
      await onStore(deaf).settle()
      expect(await inboxes(pipeline)).toEqual([1, 1, 0])
      clock.advance(2 * GROUP_LEASE_MS)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toMatchObject([{ to: [here('carol')] }])
      // Ann's and Carol's are reserved, Bob has his own.
      expect(await refs(store, queueId)).toBe(3)
      expect(await pipeline.backend.operator.remove(queueId)).toBe(true)
      expect(await refs(store, queueId)).toBe(2)
    })
  })

  it('counts as used what somebody may have used who is dropped', async () => {
    await withPipeline(async (pipeline, store) => {
      for (const name of names) await pipeline.inbox(here(name))
      await pipeline.addAlias(here('list'), [here('ann'), here('carol'), here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      let answers = 0
      const deaf = withFaults(store, {
        plan: ({ name, operation }) =>
          name === 'mail' && operation === 'transact' && ++answers === 2 ? 'unanswered' : undefined,
      })
      await onStore(deaf).settle()
      expect(await inboxes(pipeline)).toEqual([1, 0, 1])
      const unsettled = (await waiting(pipeline, queueId)).find(({ state }) => state === 'deferred')
      expect(unsettled?.to).toHaveLength(1)
      await setAlias(pipeline, 'list', [here('nobody')])
      expect(await pipeline.backend.operator.release(queueId, unsettled?.to)).toBe(true)
      expect(await waiting(pipeline, queueId)).toMatchObject([{ to: [here('nobody')] }])
      expect(await pipeline.backend.operator.remove(queueId)).toBe(true)
      expect(await refs(store, queueId)).toBe(2)
    })
  })

  it.each([
    ['who is elsewhere', 'far@away.test'],
    ['for whom nothing was reserved', here('bob')],
  ])('counts no reference as used by one dropped %s', async (_, to) => {
    await withPipeline(async (pipeline, store) => {
      const carol = parseAddress(here('carol'))
      if (carol === undefined) throw new Error('no carol')
      await pipeline.backend.directory.accounts.set(carol, { quotaBytes: 1 })
      await pipeline.addAlias(here('list'), [here('ann'), here('carol'), here('nobody')])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await pipeline.addAlias(here('nobody'), [to])
      const { operator, queue } = pipeline.backend
      expect(await operator.release(queueId, [here('nobody')])).toBe(true)
      // A worker takes it, and dies.
      const { groups = [] } = (await operator.show(queueId)) ?? {}
      const group = groups.find(({ recipients }) => recipients[0]?.address === to)
      expect(await queue.take(queueId, group?.name ?? '')).toBeDefined()
      clock.advance(2 * GROUP_LEASE_MS)
      await setAlias(pipeline, 'nobody', [here('ann')])
      expect(await operator.release(queueId, [to])).toBe(true)
      expect(await waiting(pipeline, queueId)).toMatchObject([{ to: [here('carol')] }])
      expect(await operator.remove(queueId)).toBe(true)
      // Carol's is given back.
      expect(await refs(store, queueId)).toBe(1)
    })
  })

  it('of a message from an older version follows the addresses that wait', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('list'), [
        here('ann'),
        here('nobody'),
        'far@away.test',
        'slow@away.test',
      ])
      later = new Set(['slow@away.test'])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      await store.tables.queue.write({
        update: messageKey(queueId),
        changes: { remove: ['reached'] },
      })
      later = new Set()
      sent = []
      await setAlias(pipeline, 'list', ['other@away.test'])
      await pipeline.addAlias(here('nobody'), [here('bob'), here('carol')])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await inboxes(pipeline)).toEqual([1, 1, 1])
      const [message] = await pipeline.inbox(here('bob'))
      expect(message).toMatch(/^X-Original-To: list@example\.test\r\n/)
      expect(sent).toEqual(['slow@away.test'])
      expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    })
  })

  it('of what an older version had tried for ever: its sender is to be told, then it is delivered', async () => {
    await withPipeline(async (pipeline, store) => {
      await pipeline.addAlias(here('one'), [here('two')])
      await pipeline.addAlias(here('two'), [here('one')])
      const queueId = await pipeline.accept(text, [here('one')])
      await pipeline.settle()
      const [group] = (await pipeline.backend.operator.show(queueId))?.groups ?? []
      await store.tables.queue.write({
        update: groupKey(queueId, group?.name ?? ''),
        changes: { set: { state: 'deferred' } },
      })
      await store.queues.active.send([`${queueId} ${group?.name}`])
      await pipeline.settle()
      expect(await waiting(pipeline, queueId)).toMatchObject([{ state: 'deferred' }])
      await setAlias(pipeline, 'two', [here('ann')])
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(await inboxes(pipeline)).toEqual([1, 0, 0])
    })
  })

  it('to more hosts than one transaction holds makes all of them, and again nobody twice', async () => {
    await withPipeline(async (pipeline) => {
      const many = Array.from({ length: 130 }, (_, i) => `x@host${i}.test`)
      await pipeline.addAlias(here('list'), [here('nobody'), ...many.slice(0, 15)])
      const queueId = await pipeline.accept(text, [here('list')])
      await pipeline.settle()
      expect(sent).toHaveLength(15)
      await setAlias(pipeline, 'list', many.slice(0, 100))
      await pipeline.addAlias(here('more'), many)
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent.sort()).toEqual(many.slice(0, 100).sort())
      expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    })
  })

  it.each(['none', 'done'] as const)(
    'dies at each storage call (effect: %s): all get it, nobody here twice, nothing is lost',
    async (effect) => {
      for (let call = 1; ; call++) {
        const queueId = await withPipeline(async (pipeline) => {
          await setAlias(pipeline, 'list', [here('ann'), here('nobody'), here('no'), 'x@one.test'])
          const accepted = await pipeline.accept(text, [here('list'), here('carol')])
          await pipeline.settle()
          await setAlias(pipeline, 'list', [here('ann'), here('bob'), 'x@one.test', 'y@two.test'])
          sent = []
          return accepted
        })
        const store = withFaults(await openEmbeddedStore({ directory, clock }), {
          crashPoint: { call, effect },
        })
        try {
          const pipeline = onStore(store)
          await pipeline.backend.operator.release(queueId)
          await pipeline.settle()
        } catch {
          // Dead.
        }
        const { crashed } = store
        await store[Symbol.asyncDispose]()
        clock.advance(2 * GROUP_LEASE_MS)
        await withPipeline(async (pipeline, opened) => {
          // The operator saw his command die, and repeats it.
          await pipeline.backend.operator.release(queueId)
          for (let round = 0; round < 3; round++) {
            await pipeline.settle()
            clock.advance(2 * GROUP_LEASE_MS)
            await pipeline.workers.sweeper.ringDue()
          }
          await pipeline.settle()
          const left = await waiting(pipeline, queueId)
          const each = { effect, call }
          expect({ ...each, left }).toEqual({ ...each, left: [] })
          expect({ ...each, inboxes: await inboxes(pipeline) }).toEqual({
            ...each,
            inboxes: [call, call, call],
          })
          // Only where the peer's answer was not written down may it go there twice.
          expect({ ...each, sent: [...new Set(sent)] }).toEqual({ ...each, sent: ['y@two.test'] })
          expect(sent.length).toBeLessThanOrEqual(2)
          expect(await refs(opened, queueId)).toBeGreaterThanOrEqual(3)
          if (!crashed) expect(await refs(opened, queueId)).toBe(3)
        })
        if (!crashed) break
      }
    },
    120_000,
  )
})

/** The same table, on which something else happens before each transaction. */
function beforeTransact(table: Table, happen: () => Promise<void>): Table {
  return new Proxy(table, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name)
      if (typeof value !== 'function') return value
      if (name !== 'transact') return value.bind(of)
      return async (...given: readonly unknown[]) => {
        await happen()
        return value.apply(of, given)
      }
    },
  })
}
