// A group belongs to one worker at a time, and only that one writes down what became of it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId } from '#shared/queue/blob.ts'
import { groupKey, messageKey } from '#shared/queue/keys.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { GROUP_LEASE_MS, LOCAL_GROUP_RECIPIENTS_MAX } from '#shared/queue/new-groups.ts'
import type { Group } from '#shared/queue/records.ts'
import type { RecipientResult } from '#shared/queue/results.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('a group of recipients elsewhere', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let pipeline: Pipeline
  let queueId: QueueId
  const name = 'far.example/0'

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    pipeline = createPipeline(opened.store, clock)
    queueId = await pipeline.accept('Subject: x\r\n\r\n', ['a@far.example', 'b@far.example'])
    const [bell] = await opened.store.queues.incoming.receive({
      max: 1,
      visibilitySeconds: 60,
      waitSeconds: 0,
    })
    if (bell === undefined) throw new Error('no bell')
    // Only expanded: the test is the worker.
    await pipeline.workers.cleanup.handle([bell])
  })
  afterEach(() => opened.close())

  async function taken(): Promise<Group> {
    const found = await pipeline.backend.queue.take(queueId, name)
    if (found === undefined) throw new Error('not taken')
    return found.group
  }

  const all = (group: Group, kind: 'delivered' | 'deferred'): RecipientResult[] =>
    group.recipients.map((recipient) => ({
      recipient,
      result:
        kind === 'delivered'
          ? { kind, reply: '250 ok' }
          : { kind, status: '4.4.1', reply: 'connect: refused' },
    }))

  const stored = () => opened.store.tables.queue.get(groupKey(queueId, name), { consistent: true })

  it('is taken by one, and by another when the first has died', async () => {
    const { queue } = pipeline.backend
    const first = await taken()
    expect(first.leaseUntilMs).toBe(clock.now() + GROUP_LEASE_MS)
    expect(await queue.take(queueId, name)).toBeUndefined()
    clock.advance(GROUP_LEASE_MS)
    await taken()
  })

  it('is not renewed by who has lost it', async () => {
    const { queue } = pipeline.backend
    const first = await taken()
    clock.advance(GROUP_LEASE_MS)
    const second = await taken()
    expect(await queue.renew(first)).toBeUndefined()
    expect(await stored()).toMatchObject({ leaseUntilMs: second.leaseUntilMs })
    clock.advance(GROUP_LEASE_MS / 2)
    expect(await queue.renew(second)).toMatchObject({ leaseUntilMs: clock.now() + GROUP_LEASE_MS })
  })

  it.each([
    ['is lost', new TemporaryFailure('no answer')],
    ['is that it was done before', new ConditionFailed([])],
  ])('stays renewed where the answer %s', async (_what, error) => {
    const { queue } = pipeline.backend
    const first = await taken()
    clock.advance(GROUP_LEASE_MS / 3)
    const table = opened.store.tables.queue
    const { write } = table
    Object.assign(table, {
      write: async (...given: Parameters<typeof write>) => {
        await write.apply(table, given)
        throw error
      },
    })
    const renewed = await queue.renew(first)
    Object.assign(table, { write })
    expect(renewed).toMatchObject({ leaseUntilMs: clock.now() + GROUP_LEASE_MS })
    if (renewed === undefined) return
    const results = all(renewed, 'delivered')
    expect(await queue.settle(renewed, { results, dueMs: clock.now() })).toBe(true)
  })

  it.each(['delivered', 'deferred'] as const)(
    'is not settled as %s by who has lost it',
    async (kind) => {
      const { queue } = pipeline.backend
      const first = await taken()
      clock.advance(GROUP_LEASE_MS)
      await taken()
      const before = await stored()
      expect(await queue.settle(first, { results: all(first, kind), dueMs: clock.now() })).toBe(
        false,
      )
      expect(await stored()).toEqual(before)
      expect(await queue.load([queueId])).toMatchObject([{ state: 'split', groups: 1 }])
    },
  )

  it('is not taken while its message is not yet split into groups', async () => {
    // As a split of more groups than a transaction holds leaves it when it dies in the middle.
    const { queue } = pipeline.backend
    await opened.store.tables.queue.write({
      update: messageKey(queueId),
      changes: { set: { state: 'incoming' } },
    })
    expect(await queue.take(queueId, name)).toBeUndefined()
  })

  it('is not set aside as corrupt with its message once that is split', async () => {
    const { queue } = pipeline.backend
    await queue.markCorrupt(queueId, 'no worker survived')
    expect(await queue.load([queueId])).toMatchObject([{ state: 'split', reason: null }])
  })

  it('takes the message with it when it is delivered, and its object is dead', async () => {
    const { queue } = pipeline.backend
    const { mail } = opened.store.tables
    const group = await taken()
    expect(await mail.get(blobKey(blobId(queueId)))).toBeUndefined()
    expect(
      await queue.settle(group, { results: all(group, 'delivered'), dueMs: clock.now() }),
    ).toBe(true)
    expect(await queue.load([queueId])).toEqual([undefined])
    expect(await mail.get(blobKey(blobId(queueId)))).toMatchObject({ refs: 0, deadPk: 'DEAD' })
  })
})

describe('a group of recipients here, with references reserved', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let queue: MailQueue
  let queueId: QueueId
  let name: string

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    const pipeline = createPipeline(opened.store, clock)
    queue = pipeline.backend.queue
    // More than cleanup delivers by itself.
    const recipients = Array.from(
      { length: LOCAL_GROUP_RECIPIENTS_MAX + 50 },
      (_, n) => `u${n}@example.test`,
    )
    for (const recipient of recipients) await pipeline.addAccount(recipient)
    queueId = await pipeline.accept('Subject: x\r\n\r\n', recipients)
    const [bell] = await opened.store.queues.incoming.receive({
      max: 1,
      visibilitySeconds: 60,
      waitSeconds: 0,
    })
    if (bell === undefined) throw new Error('no bell')
    await pipeline.workers.cleanup.handle([bell])
    const [first, second] = await queue.loadGroups(queueId)
    if (first === undefined || second === undefined) throw new Error('not two groups')
    name = first.name
  })
  afterEach(() => opened.close())

  /** Each time by one more worker, of whom the one before is dead. */
  async function taken(): Promise<Group> {
    clock.advance(GROUP_LEASE_MS)
    const found = await queue.take(queueId, name)
    if (found === undefined) throw new Error('not taken')
    return found.group
  }

  const there = { kind: 'delivered', reply: 'already there' } as const
  const full = { kind: 'deferred', status: '4.2.2', reply: 'mailbox full' } as const

  const settle = (group: Group, resultOf: (n: number) => Omit<RecipientResult, 'recipient'>) =>
    queue.settle(group, {
      results: group.recipients.map((recipient, n) => ({ recipient, ...resultOf(n) })),
      dueMs: clock.now(),
    })

  it('counts as used what an attempt may have used of which nothing is known', async () => {
    await taken()
    // What the next one finds delivered used a reference, whoever delivered it.
    const again = await taken()
    expect(await settle(again, (n) => ({ result: n < 3 ? full : there }))).toBe(true)
    const used = again.recipients.length - 3
    expect(await queue.load([queueId])).toMatchObject([{ used }])
  })

  const never = { kind: 'failed', status: '5.2.1', reply: 'disabled' } as const

  // He may have it, and his reference with it: given back, it would take the bytes from under his mailbox.
  it('counts as used what those who fail may have used in an attempt of which nothing is known', async () => {
    await taken()
    expect(await settle(await taken(), (n) => ({ result: n < 3 ? never : full }))).toBe(true)
    expect(await queue.load([queueId])).toMatchObject([{ used: 3 }])
  })

  it('counts as used what this attempt may have used, of those who leave by it', async () => {
    const unknown = { uncertain: true }
    const group = await taken()
    await settle(group, (n) => (n < 3 ? { result: never, ...unknown } : { result: full }))
    expect(await queue.load([queueId])).toMatchObject([{ used: 3 }])
  })

  it('counts nothing as used by those who fail, where all is known, nor while they stay', async () => {
    await settle(await taken(), (n) => ({ result: n < 3 ? never : full }))
    const untold = { result: never, uncertain: true, untold: true }
    await settle(await taken(), (n) => (n < 3 ? untold : { result: full }))
    expect(await queue.load([queueId])).toMatchObject([{ used: 0 }])
  })

  it('counts nothing as used but what was, where all is known', async () => {
    const group = await taken()
    expect(await settle(group, (n) => ({ result: there, usedReserved: n < 3 }))).toBe(true)
    expect(await queue.load([queueId])).toMatchObject([{ used: 3 }])
  })

  it('counts nothing as used a second time once its recipients add their own', async () => {
    await settle(await taken(), () => ({ result: full, usedReserved: true }))
    const used = LOCAL_GROUP_RECIPIENTS_MAX
    expect(await queue.load([queueId])).toMatchObject([{ used }])
    await taken()
    expect(await settle(await taken(), () => ({ result: there }))).toBe(true)
    expect(await queue.load([queueId])).toMatchObject([{ used, groups: 1 }])
  })

  describe('that an operator removes', () => {
    const references = () => opened.store.tables.mail.get(blobKey(blobId(queueId)))

    async function removed(groups?: readonly Group[]): Promise<void> {
      const [message] = await queue.load([queueId])
      if (message === undefined) throw new Error('not queued')
      await queue.settleRemoved(message, groups ?? (await queue.loadGroups(queueId)))
    }

    it('gives back what nobody used', async () => {
      await removed()
      expect(await references()).toMatchObject({ refs: 0, settled: true })
    })

    it.each([
      ['has', 1],
      ['had, and of whom nothing is known', GROUP_LEASE_MS],
    ])('gives nothing back while there is one that a worker %s', async (_, ms) => {
      await taken()
      clock.advance(ms)
      await removed()
      expect(await references()).not.toHaveProperty('settled')
    })

    it('gives nothing back where it has another group than were seen', async () => {
      const [seen] = await queue.loadGroups(queueId)
      if (seen === undefined) throw new Error('no group')
      await removed([seen])
      expect(await references()).not.toHaveProperty('settled')
    })
  })
})
