// Whatever a listener may take fits into the queue table, whose items hold 400,000 bytes.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { INDEX_TEXT_BYTES_MAX } from '#shared/mail/index/text-budget.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { apartKey, groupKey, messageKey } from '#shared/queue/keys.ts'
import type { NewGroup } from '#shared/queue/new-groups.ts'
import { storedGroupState } from '#shared/queue/records.ts'
import { heldChanges } from '#shared/queue/writes.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { itemsOf } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const recipientsMax = 1_000

/** As long as an address and an ORCPT may be. */
function longRecipients(count: number): EnvelopeRecipient[] {
  return Array.from({ length: count }, (_, i) => {
    const local = `r${i}`.padEnd(64, 'x')
    const labels = Array.from({ length: 3 }, () => 'd'.repeat(60)).join('.')
    return {
      address: `${local}@${labels}.test`,
      notify: ['SUCCESS', 'FAILURE', 'DELAY'],
      originalRecipient: `rfc822;${String(i).padEnd(493, 'o')}`,
    }
  })
}

/** Fills the index as far as its budget goes, with many long Delivered-To. */
function greedyHeader(): string {
  const deliveredTo = Array.from({ length: 100 }, (_, i) => `Delivered-To: ${i}${'d'.repeat(900)}`)
  const to = Array.from({ length: 1_000 }, (_, i) => `"${'n'.repeat(100)}" <u${i}@many.test>`)
  return `${deliveredTo.join('\r\n')}\r\nTo: ${to.join(',\r\n ')}\r\n\r\nbody\r\n`
}

describe('a message with the most of everything', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let taken: string[]

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    taken = []
  })
  afterEach(() => opened.close())

  const pipelineWith = (...set: string[]) =>
    createPipeline(opened.store, clock, {
      set,
      deliverRemote: async (_, __, recipients) => {
        taken.push(...recipients.map(({ address }) => address))
        return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
      },
    })

  const queueItems = (queueId: QueueId) => itemsOf(opened.store, queueId)

  it('is taken, comes back as it was, and leaves nothing behind', async () => {
    const pipeline = pipelineWith()
    const recipients = longRecipients(recipientsMax)
    const queueId = await pipeline.accept(greedyHeader(), [], { envelope: { recipients } })
    const items = await queueItems(queueId)
    expect(items.length).toBeGreaterThan(2)
    expect(Math.max(...items.map(itemBytes))).toBeLessThan(400_000)
    const [message] = await pipeline.backend.queue.load([queueId])
    expect(message?.envelope.recipients).toEqual(recipients)
    expect(message?.index.byteLength).toBeGreaterThan(INDEX_TEXT_BYTES_MAX / 2)
    await pipeline.settle()
    expect(taken.sort()).toEqual(recipients.map(({ address }) => address).sort())
    expect(await queueItems(queueId)).toEqual([])
  })

  it('goes to one relay host in deliveries that fit into an item each', async () => {
    const pipeline = pipelineWith('defaultDestinationRecipientLimit=1000', 'relayhost=relay.test')
    const recipients = longRecipients(recipientsMax)
    const queueId = await pipeline.accept(greedyHeader(), [], { envelope: { recipients } })
    await pipeline.settle()
    expect(taken).toHaveLength(recipientsMax)
    expect(await queueItems(queueId)).toEqual([])
  })

  it('can be held, released and deleted', async () => {
    const pipeline = pipelineWith()
    const recipients = longRecipients(recipientsMax)
    const queueId = await pipeline.accept(greedyHeader(), [], { envelope: { recipients } })
    const { operator } = pipeline.backend
    expect(await operator.hold(queueId, 'odd')).toBe(true)
    expect(await operator.release(queueId)).toBe(true)
    expect(await operator.remove(queueId)).toBe(true)
    expect(await queueItems(queueId)).toEqual([])
  })

  it('is gone when something that lies apart is gone', async () => {
    const pipeline = pipelineWith()
    const recipients = longRecipients(recipientsMax)
    const queueId = await pipeline.accept(greedyHeader(), [], { envelope: { recipients } })
    await opened.store.tables.queue.write({ delete: apartKey(queueId, 'INDEX') })
    expect(await pipeline.backend.queue.load([queueId])).toEqual([undefined])
  })
})

describe('a message with very many groups', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  const domains = 250
  const recipients = Array.from({ length: domains }, (_, i) => `x@d${i}.test`)

  it('is held, released and deleted whole', async () => {
    const pipeline = createPipeline(opened.store, clock)
    const queueId = await pipeline.accept('Subject: x\r\n\r\n', recipients)
    await pipeline.settle()
    const { operator } = pipeline.backend
    const states = async () =>
      Object.groupBy((await operator.show(queueId))?.groups ?? [], ({ state }) => state)
    expect((await states()).deferred).toHaveLength(domains)
    await operator.hold(queueId, 'odd')
    expect((await states()).held).toHaveLength(domains)
    await operator.release(queueId)
    expect((await states()).held).toBeUndefined()
    expect(await operator.remove(queueId)).toBe(true)
    expect(await itemsOf(opened.store, queueId)).toEqual([])
  })

  const newGroup = (address: string): NewGroup => ({
    destination: { kind: 'remote', slot: address.slice(2) },
    recipients: [
      {
        address,
        accountId: null,
        extension: null,
        original: address,
        notify: [],
        originalRecipient: null,
      },
    ],
    state: { kind: 'waiting' },
  })

  it('holds nothing of a split that did not come to its end, of an older version', async () => {
    const pipeline = createPipeline(opened.store, clock)
    const queueId = await pipeline.accept('Subject: x\r\n\r\n', recipients)
    const [message] = await pipeline.backend.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    const faulty = withFaults(opened.store, {
      plan: ({ operation }) => (operation === 'transact' ? 'throttled' : undefined),
    })
    const dying = createPipeline(faulty, clock).backend.queue
    await expect(dying.split(message, recipients.map(newGroup))).rejects.toThrow(TemporaryFailure)
    // It put on hold at once who had failed.
    for (const { name } of (await pipeline.backend.queue.loadGroups(queueId)).slice(0, 3)) {
      const { set, remove } = heldChanges(queueId, name)
      await opened.store.tables.queue.write({
        update: groupKey(queueId, name),
        changes: { set: { ...set, state: storedGroupState.held }, remove },
        if: { exists: 'pk' },
      })
    }
    const { sweeper } = pipeline.workers
    expect(await sweeper.countHeld()).toBe(3)
    await pipeline.settle()
    expect((await pipeline.backend.operator.show(queueId))?.groups).toHaveLength(domains)
    expect(await sweeper.countHeld()).toBe(0)
  })

  it('is split whole where they are few enough for a transaction, and too large', async () => {
    const pipeline = createPipeline(opened.store, clock)
    const { queue } = pipeline.backend
    const queueId = await pipeline.accept('Subject: x\r\n\r\n', recipients)
    const [message] = await queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    const groups = longRecipients(60 * 90).map(({ address, notify, originalRecipient }) => {
      const facts = { address, original: address, notify, originalRecipient }
      return { ...facts, accountId: null, extension: null }
    })
    const given = Array.from(
      { length: 90 },
      (_, i): NewGroup => ({
        destination: { kind: 'remote', slot: `d${i}.test` },
        recipients: groups.slice(60 * i, 60 * (i + 1)),
        state: { kind: 'waiting' },
      }),
    )
    expect(await queue.split(message, given)).toBe(true)
    const entry = await pipeline.backend.operator.show(queueId)
    expect(entry?.message).toMatchObject({ state: 'split', groups: 90 })
    expect(entry?.groups).toHaveLength(90)
  })

  it('counts no group of a split that another worker was faster than', async () => {
    const taken: string[] = []
    let late = false
    const pipeline = createPipeline(opened.store, clock, {
      deliverRemote: async (_, route, all) => {
        const host = formatRoute(route)
        const takes = late || host < 'd2'
        if (takes) taken.push(host)
        return all.map(() =>
          takes
            ? { kind: 'delivered', reply: '250 ok' }
            : { kind: 'deferred', status: '4.4.1', reply: 'later' },
        )
      },
    })
    const queueId = await pipeline.accept('Subject: x\r\n\r\n', recipients)
    const { queue, operator } = pipeline.backend
    const [message] = await queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    await pipeline.settle()
    const waiting = (await operator.show(queueId))?.groups.length ?? 0
    expect(waiting).toBe(domains - taken.length)
    // The other worker had read the message before, and is slow.
    expect(await queue.split(message, recipients.map(newGroup))).toBe(false)
    expect((await operator.show(queueId))?.groups).toHaveLength(waiting)
    late = true
    for (let round = 0; round < 3; round++) {
      clock.advance(20 * 60_000)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
    expect(taken.sort()).toEqual(recipients.map((address) => address.slice(2)).sort())
    expect(await itemsOf(opened.store, queueId)).toEqual([])
  })
})

describe('items stored before', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  it('a message and its groups without what was added since are delivered', async () => {
    const pipeline = createPipeline(opened.store, clock)
    await pipeline.addAccount('ann@example.test')
    const { accountId } = await pipeline.backend.directory
      .resolve({ local: 'ann', domain: 'example.test' as never })
      .then((found) => (found.kind === 'account' ? found : Promise.reject(found)))
    const queueId = await pipeline.accept('Subject: old\r\n\r\n', ['ann@example.test'])
    const { queue } = opened.store.tables
    // As the version before wrote a deferred group.
    await queue.transact([
      {
        put: {
          ...groupKey(queueId, 'local/0'),
          state: 'deferred',
          nextHop: null,
          recipients: [['ann@example.test', accountId, null, 'ann@example.test', [], null]],
          attempts: 1,
          lastReply: 'mailbox full',
          dueMs: 0,
          leaseUntilMs: 0,
        },
      },
      {
        update: messageKey(queueId),
        changes: { set: { state: 'active', groups: 1 }, remove: ['duePk', 'dueSk'] },
      },
    ])
    const [message] = await pipeline.backend.queue.load([queueId])
    expect(message).toMatchObject({ reserved: 0, used: 0, starts: 0, apart: [], split: null })
    await opened.store.queues.active.send([`${queueId} local/0`])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })
})
