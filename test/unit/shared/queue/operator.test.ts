// What an operator may do with messages in each state, and what is refused. Aliases followed anew: test/scenarios/release.test.ts.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId } from '#shared/queue/blob.ts'
import { createListing } from '#shared/queue/listing.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import { createFakeNotices, mute } from '#test/support/fake-notices.ts'
import { bellsOf, itemsOf } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: a\r\n\r\n'

describe('an operator', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let pipeline: Pipeline
  let operator: QueueOperator
  /** How other hosts answer, by address. */
  let answer: (address: string) => DeliveryResult
  let sent: string[]
  /** Whether senders can be told of what failed. */
  let canTell: boolean

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    sent = []
    canTell = false
    answer = () => ({ kind: 'deferred', status: '4.4.1', reply: 'refused' })
    pipeline = createPipeline(opened.store, clock, {
      notices: createFakeNotices((...given) => (canTell ? [] : mute(...given))),
      deliverRemote: async (_message, _hop, recipients) =>
        recipients.map(({ address }) => {
          sent.push(address)
          return answer(address)
        }),
    })
    operator = pipeline.backend.operator
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => opened.close())

  const incoming = () => pipeline.accept(text, ['ann@example.test'])

  async function corrupt(): Promise<QueueId> {
    const queueId = await incoming()
    await pipeline.backend.queue.markCorrupt(queueId, 'a bug')
    return queueId
  }

  async function held(): Promise<QueueId> {
    const queueId = await incoming()
    await operator.hold(queueId, 'odd')
    return queueId
  }

  async function deferred(...to: readonly string[]): Promise<QueueId> {
    const queueId = await pipeline.accept(text, to.length > 0 ? to : ['x@far.test'])
    await pipeline.settle()
    return queueId
  }

  /** His sender could not be told so far. */
  async function failed(): Promise<QueueId> {
    answer = () => ({ kind: 'failed', status: '5.1.1', reply: 'unknown' })
    return deferred()
  }

  async function heldGroup(): Promise<QueueId> {
    const queueId = await deferred()
    await operator.hold(queueId, 'odd')
    return queueId
  }

  async function leased(): Promise<QueueId> {
    const queueId = await deferred()
    await pipeline.backend.queue.take(queueId, 'far.test/0')
    return queueId
  }

  const messageState = async (queueId: QueueId) => (await operator.show(queueId))?.message.state
  const groupStates = async (queueId: QueueId) =>
    (await operator.show(queueId))?.groups.map(({ state }) => state)
  const nowhere = '01M7V41F00AAAAAAAA' as QueueId

  it('sees all messages, oldest first, and what waits for what', async () => {
    const ids: QueueId[] = []
    for (const make of [corrupt, deferred, held, failed, heldGroup, incoming]) {
      ids.push(await make())
      clock.advance(10)
    }
    const entries = await Array.fromAsync(operator.list())
    expect(entries.map(({ message }) => message.queueId)).toEqual(ids)
    expect(await operator.count()).toEqual({ incoming: 1, waiting: 2, held: 3 })
  })

  it('sees nothing of what is not there', async () => {
    expect(await operator.show(nowhere)).toBeUndefined()
    expect(await operator.hold(nowhere, 'odd')).toBe(false)
    expect(await operator.release(nowhere)).toBe(false)
    expect(await operator.remove(nowhere)).toBe(false)
  })

  describe('holds', () => {
    it('an incoming message, with the reason', async () => {
      const queueId = await held()
      expect((await operator.show(queueId))?.message.reason).toBe('odd')
      await pipeline.settle()
      expect(await pipeline.inbox('ann@example.test')).toEqual([])
    })

    it('deferred groups, which nothing rings any more', async () => {
      const queueId = await deferred()
      expect(await operator.hold(queueId, 'odd')).toBe(true)
      clock.advance(GROUP_LEASE_MS * 100)
      expect((await pipeline.workers.sweeper.ringDue()).rung).toBe(0)
      expect(await operator.count()).toEqual({ incoming: 0, waiting: 0, held: 1 })
    })

    it('not a group that a worker has this moment', async () => {
      expect(await operator.hold(await leased(), 'odd')).toBe(false)
    })

    it('not what is held or corrupt already', async () => {
      expect(await operator.hold(await heldGroup(), 'odd')).toBe(false)
      const queueId = await corrupt()
      expect(await operator.hold(queueId, 'odd')).toBe(false)
      expect(await messageState(queueId)).toBe('corrupt')
    })
  })

  describe('releases', () => {
    it('a held message to cleanup, whose bell is rung', async () => {
      const queueId = await held()
      await bellsOf(opened.store, 'incoming')
      expect(await operator.release(queueId)).toBe(true)
      expect(await messageState(queueId)).toBe('incoming')
      expect((await operator.show(queueId))?.message.reason).toBeNull()
      expect(await bellsOf(opened.store, 'incoming')).toEqual([queueId])
    })

    it('a corrupt message, which is tried anew with nothing held against it', async () => {
      const queueId = await incoming()
      await pipeline.backend.queue.countStart(queueId)
      await pipeline.backend.queue.markCorrupt(queueId, 'a bug')
      expect(await operator.release(queueId)).toBe(true)
      expect((await operator.show(queueId))?.message).toMatchObject({
        state: 'incoming',
        starts: 0,
      })
    })

    it.each([
      ['held', heldGroup],
      ['deferred', deferred],
      ['failed, whose sender was not told', failed],
    ])('groups that are %s, which are tried again at once', async (_, make) => {
      const queueId = await make()
      answer = () => ({ kind: 'delivered', reply: '250 ok' })
      expect(await operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual(['x@far.test', 'x@far.test'])
      expect(await operator.show(queueId)).toBeUndefined()
    })

    it('only the recipients that are meant, and the others of their group wait on', async () => {
      const queueId = await deferred('x@far.test', 'y@far.test')
      sent = []
      expect(await operator.release(queueId, ['X@far.test'])).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual(['x@far.test'])
      expect(await groupStates(queueId)).toEqual(['deferred', 'deferred'])
    })

    it('nobody whom the message does not wait for', async () => {
      const queueId = await deferred()
      expect(await operator.release(queueId, ['z@far.test'])).toBe(false)
      // Not split yet: the whole of it can be released, and no part.
      expect(await operator.release(await held(), ['ann@example.test'])).toBe(false)
    })

    it('not a group that a worker has this moment', async () => {
      expect(await operator.release(await leased())).toBe(false)
    })
  })

  describe('deletes', () => {
    it.each([
      ['incoming', incoming],
      ['held', held],
      ['corrupt', corrupt],
      ['deferred', deferred],
      ['failed, and its sender not told', failed],
      ['leased', leased],
    ] as const)('a message that is %s, and its object is dead', async (_, make) => {
      const queueId = await make()
      expect(await operator.remove(queueId)).toBe(true)
      expect(await itemsOf(opened.store, queueId)).toEqual([])
      const blob = await opened.store.tables.mail.get(blobKey(blobId(queueId)))
      expect(blob).toMatchObject({ refs: 0, deadPk: 'DEAD' })
      expect(await operator.remove(queueId)).toBe(false)
    })
  })

  describe('expires', () => {
    beforeEach(() => {
      canTell = true
    })
    const told = () => pipeline.notices.asked.flatMap(({ attempt }) => attempt.recipients)

    it('what is deferred: its sender is told the last reason, and it is gone', async () => {
      const queueId = await deferred('x@far.test', 'y@far.test')
      sent = []
      expect(await operator.expire(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual([])
      expect(told().slice(-2)).toMatchObject([
        {
          recipient: { address: 'x@far.test' },
          result: { kind: 'failed', status: '5.4.7', reply: 'administratively expired: refused' },
        },
        { recipient: { address: 'y@far.test' }, result: { kind: 'failed' } },
      ])
      expect(await operator.show(queueId)).toBeUndefined()
      expect(await operator.expire(queueId)).toBe(false)
    })

    it('what is held only when it is released, and is not tried again then', async () => {
      const queueId = await deferred()
      sent = []
      await operator.hold(queueId, 'odd')
      expect(await operator.expire(queueId)).toBe(true)
      expect(await operator.expire(queueId)).toBe(false)
      await pipeline.settle()
      expect(await groupStates(queueId)).toEqual(['held'])
      expect(await operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual([])
      expect(await operator.show(queueId)).toBeUndefined()
    })

    it('what is held at once, where that is wanted', async () => {
      const queueId = await deferred()
      await operator.hold(queueId, 'odd')
      await operator.expire(queueId)
      expect(await operator.expire(queueId, { heldToo: true })).toBe(true)
      await pipeline.settle()
      expect(await operator.show(queueId)).toBeUndefined()
    })

    it.each([
      ['held', held],
      ['corrupt', corrupt],
    ] as const)('a whole message that is %s, of which nobody has anything', async (_, make) => {
      const queueId = await make()
      expect(await operator.expire(queueId, { heldToo: true })).toBe(true)
      await pipeline.settle()
      expect(told().at(-1)).toMatchObject({
        recipient: { address: 'ann@example.test' },
        result: { kind: 'failed', reply: 'administratively expired' },
      })
      expect(await itemsOf(opened.store, queueId)).toEqual([])
      expect(await pipeline.inbox('ann@example.test')).toEqual([])
    })

    it('neither what cleanup is to work on, nor what a worker has, nor a whole message on hold', async () => {
      expect(await operator.expire(await incoming(), { heldToo: true })).toBe(false)
      expect(await operator.expire(await leased(), { heldToo: true })).toBe(false)
      expect(await operator.expire(await held())).toBe(false)
      expect(await operator.expire(nowhere)).toBe(false)
    })
  })

  describe('lists', () => {
    it.each([1, 2, 3, 7, 100])('in order, each once, with %i ids in memory', async (idsMax) => {
      const ids: QueueId[] = []
      for (let i = 0; i < 6; i++) {
        ids.push(await deferred('x@far.test', 'y@away.test'))
        clock.advance(10)
      }
      const { queue, store } = pipeline.backend
      const { list, listYoungest } = createListing(queue, store.tables.queue, idsMax)
      const listed = async (after?: QueueId) =>
        (await Array.fromAsync(list(after))).map(({ message }) => message.queueId)
      expect(await listed()).toEqual(ids)
      expect(await listed(ids[2])).toEqual(ids.slice(3))
      expect(await listed(ids[5])).toEqual([])
      const youngest = async (before?: QueueId) =>
        (await Array.fromAsync(listYoungest(before))).map(({ message }) => message.queueId)
      expect(await youngest()).toEqual(ids.toReversed())
      expect(await youngest(ids[3])).toEqual(ids.slice(0, 3).toReversed())
      expect(await youngest(ids[0])).toEqual([])
    })
  })

  describe('flushes', () => {
    it('all that is deferred, and neither what is held nor what a worker has', async () => {
      await leased()
      await heldGroup()
      answer = () => ({ kind: 'deferred', status: '4.4.1', reply: 'refused' })
      const queueId = await deferred('x@far.test', 'y@away.test')
      expect(await operator.flush()).toBe(1)
      expect(await bellsOf(opened.store, 'active')).toEqual([
        `!${queueId} away.test/1`,
        `!${queueId} far.test/0`,
      ])
    })

    it('only what goes to one next hop, and nothing that goes to a mailbox here', async () => {
      const address = parseAddress('ann@example.test')
      if (address) await pipeline.backend.directory.accounts.set(address, { quotaBytes: 1 })
      const queueId = await deferred('ann@example.test', 'x@far.test', 'y@away.test')
      expect(await groupStates(queueId)).toEqual(['deferred', 'deferred', 'deferred'])
      expect(await operator.flush('away.test')).toBe(1)
      expect(await bellsOf(opened.store, 'active')).toEqual([`!${queueId} away.test/2`])
      expect(await operator.flush('nowhere.test')).toBe(0)
    })
  })
})
