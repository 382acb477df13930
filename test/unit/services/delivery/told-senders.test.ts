// What delivery asks of the notices, when, and what becomes of whom nobody can be told of: no recipient leaves the queue without a word.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { isEnded } from '#shared/queue/records.ts'
import { CREATED_BYTES_MAX } from '#shared/queue/writes.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { bounce, createFakeNotices, type FakeNotices, mute } from '#test/support/fake-notices.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: x\r\n\r\nbody\r\n'
const remoteMta = 'mx.away.test[192.0.2.1]'
const DAY_MS = 86_400_000

describe('delivery', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let pipeline: Pipeline
  let log: MemoryLog
  let isMute: boolean
  /** How other hosts answer, by address. */
  let answer: (address: string) => DeliveryResult | Promise<DeliveryResult>
  let sent: string[]

  const failed: DeliveryResult = { kind: 'failed', status: '5.1.1', reply: '550 nobody' }
  const later: DeliveryResult = { kind: 'deferred', status: '4.2.0', reply: '450 later' }

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    log = new MemoryLog()
    isMute = false
    sent = []
    answer = () => failed
    pipeline = pipelineWith(createFakeNotices((...given) => (isMute ? mute : bounce)(...given)))
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => opened.close())

  const pipelineWith = (notices: FakeNotices) =>
    createPipeline(opened.store, clock, {
      log,
      notices,
      deliverRemote: async (_message, _route, recipients, onContact) => {
        sent.push(...recipients.map(({ address }) => address))
        onContact({ relay: `${remoteMta}:25`, connectMs: 1 })
        return await Promise.all(recipients.map(({ address }) => answer(address)))
      },
    })

  const accept = (...to: readonly string[]) =>
    pipeline.accept(text, to, { envelope: { sender: 'ann@example.test' } })

  const groupsOf = async (queueId: QueueId) =>
    (await pipeline.backend.operator.show(queueId))?.groups ?? []
  const queued = async () => await Array.fromAsync(pipeline.backend.operator.list())

  /** Rung when its time has come, in whole seconds. */
  async function again(queueId: QueueId) {
    const [group] = await groupsOf(queueId)
    if (group?.dueMs == null) throw new Error('nothing is due')
    clock.advance(Math.max(0, group.dueMs - clock.now()) + 1_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
  }

  it('asks after an attempt with what became of everybody, and who said so', async () => {
    answer = (address) =>
      address.startsWith('a')
        ? failed
        : address.startsWith('b')
          ? later
          : { kind: 'delivered', reply: '250 ok', relaysDsn: true }
    const queueId = await accept('a@away.test', 'b@away.test', 'c@away.test')
    await pipeline.settle()
    expect(pipeline.notices.asked[0]).toMatchObject({
      message: { queueId },
      attempt: {
        atMs: clock.now(),
        recipients: [
          { recipient: { address: 'a@away.test' }, result: failed, remoteMta, relaysDsn: false },
          { recipient: { address: 'b@away.test' }, result: later, remoteMta, relaysDsn: false },
          { result: { kind: 'delivered' }, remoteMta, relaysDsn: true },
        ],
      },
    })
    expect((await groupsOf(queueId)).map(({ recipients }) => recipients.length)).toEqual([1])
    expect(await pipeline.inbox('ann@example.test')).toEqual([
      expect.stringContaining('a@away.test 5.1.1 550 nobody'),
    ])
  })

  it('tells of who waited too long exactly when he leaves', async () => {
    answer = () => later
    const queueId = await accept('a@away.test')
    await pipeline.settle()
    clock.advance(30 * DAY_MS)
    await again(queueId)
    expect(await queued()).toEqual([])
    expect(pipeline.notices.failures()).toEqual([
      'a@away.test 5.4.7 delivery time expired: 450 later',
    ])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it.each([
    ['refused', 0, () => failed, '5.1.1 550 nobody'],
    ['waited too long', 30 * DAY_MS, () => later, '5.4.7 delivery time expired: 450 later'],
  ] as const)(
    'keeps who %s while his sender cannot be told, and tries nothing until he is',
    async (...[, ms, said, why]) => {
      answer = () => later
      const queueId = await accept('a@away.test')
      await pipeline.settle()
      clock.advance(ms)
      isMute = true
      answer = said
      await again(queueId)
      expect(log.find('sender cannot be told now')).toMatchObject({ queueId, level: 'error' })
      sent = []
      for (let round = 0; round < 3; round++) {
        const groups = await groupsOf(queueId)
        expect(groups.map(isEnded)).toEqual([true])
        expect(groups).toMatchObject([{ state: 'deferred', attempts: 2, unsettled: 0 }])
        clock.advance(10 * DAY_MS)
        await again(queueId)
      }
      isMute = false
      await again(queueId)
      expect(sent).toEqual([])
      expect(await queued()).toEqual([])
      const { attempt } = pipeline.notices.asked.at(-1) ?? {}
      expect(attempt?.recipients).toMatchObject([{ remoteMta }])
      expect(await pipeline.inbox('ann@example.test')).toEqual([
        expect.stringContaining(`a@away.test ${why}`),
      ])
    },
  )

  it('keeps who failed beside those who are tried again, as long as nobody can be told', async () => {
    isMute = true
    answer = (address) => (address.startsWith('a') ? failed : later)
    const queueId = await accept('a@away.test', 'b@away.test')
    await pipeline.settle()
    const lasts = async () =>
      (await groupsOf(queueId)).map(({ recipients }) => recipients.map(({ last }) => last?.kind))
    expect((await lasts()).map((kinds) => kinds.sort())).toEqual([['deferred', 'failed']])
    isMute = false
    answer = (address) => (address.startsWith('a') ? failed : { kind: 'delivered', reply: '250' })
    await again(queueId)
    expect(await queued()).toEqual([])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('ends a group of those whom nothing is tried with, and never asks a host', async () => {
    await pipeline.addAlias('list@example.test', ['ann@example.test', 'gone@example.test'])
    const queueId = await accept('list@example.test')
    await pipeline.settle()
    expect(sent).toEqual([])
    expect(await queued()).toEqual([])
    expect(pipeline.notices.asked.at(0)).toMatchObject({
      message: { queueId },
      attempt: {
        recipients: [
          {
            recipient: { address: 'gone@example.test', last: { kind: 'failed' } },
            result: { kind: 'failed', reply: '<gone@example.test>: User unknown' },
            remoteMta: null,
          },
        ],
      },
    })
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(2)
  })

  it('creates nothing where the results are refused, since another has the group', async () => {
    answer = async () => {
      const [entry] = await queued()
      clock.advance(2 * GROUP_LEASE_MS)
      // A second worker, of whom the first does not know.
      Object.assign(pipeline.backend.queue, { settle: refusing })
      await pipeline.backend.queue.take(
        entry?.message.queueId ?? ('' as QueueId),
        entry?.groups[0]?.name ?? '',
      )
      return failed
    }
    const { settle } = pipeline.backend.queue
    const answers: boolean[] = []
    const refusing: typeof settle = async (group, settlement) => {
      expect(settlement.creates).toHaveLength(1)
      // With the lease that it had when it began.
      const stale = { ...group, leaseUntilMs: group.leaseUntilMs - 1 }
      answers.push(await settle(stale, settlement))
      return answers.at(-1) ?? false
    }
    const queueId = await accept('a@away.test')
    await pipeline.settle()
    expect(answers).toEqual([false])
    expect((await queued()).map(({ message }) => message.queueId)).toEqual([queueId])
    expect(await groupsOf(queueId)).toMatchObject([{ state: 'leased' }])
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    expect(log.find('lease lost while delivering')).toMatchObject({ queueId })
  })

  it('keeps who failed while what is to be told cannot be stored', async () => {
    const queueId = await accept('a@away.test')
    const { objects } = opened.store
    const { put } = objects
    Object.assign(objects, { put: () => Promise.reject(new TemporaryFailure('no disk')) })
    try {
      await pipeline.settle()
    } finally {
      Object.assign(objects, { put })
    }
    expect((await groupsOf(queueId)).map(isEnded)).toEqual([true])
    await again(queueId)
    expect(await queued()).toEqual([])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('keeps who failed while more is to be told than a transaction holds', async () => {
    let prepend = `X: ${'x'.repeat(CREATED_BYTES_MAX)}\r\n`
    pipeline = pipelineWith(
      createFakeNotices(async (message, attempt) => {
        const notices = await bounce(message, attempt)
        return notices.map((notice) => ({ ...notice, message: { ...notice.message, prepend } }))
      }),
    )
    const queueId = await accept('a@away.test')
    await pipeline.settle()
    expect((await groupsOf(queueId)).map(isEnded)).toEqual([true])
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    prepend = ''
    await again(queueId)
    expect(await queued()).toEqual([])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  describe('what an operator does while nobody can be told of success', () => {
    let queueId: QueueId

    beforeEach(async () => {
      answer = (address) =>
        address.startsWith('a') ? { kind: 'delivered', reply: '250 ok' } : later
      isMute = true
      const [a, b] = ['a@away.test', 'b@away.test'].map((address) => ({
        address,
        notify: ['SUCCESS', 'FAILURE'] as const,
        originalRecipient: null,
      }))
      queueId = await pipeline.accept(text, [], {
        envelope: { sender: 'ann@example.test', recipients: a && b ? [a, b] : [] },
      })
      await pipeline.settle()
      expect(await lasts()).toEqual({ 'a@away.test': 'delivered', 'b@away.test': 'deferred' })
      sent = []
    })

    const lasts = async () =>
      Object.fromEntries(
        (await groupsOf(queueId)).flatMap(({ recipients }) =>
          recipients.map(({ address, last }) => [address, last?.kind]),
        ),
      )

    it('delivers nothing twice when it is released', async () => {
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      await pipeline.settle()
      expect(sent).toEqual(['b@away.test'])
      expect(await lasts()).toEqual({ 'a@away.test': 'delivered', 'b@away.test': 'deferred' })
    })

    it('does not make it a failure of who has it when it is expired', async () => {
      expect(await pipeline.backend.operator.expire(queueId)).toBe(true)
      isMute = false
      await pipeline.settle()
      expect(await queued()).toEqual([])
      expect(await pipeline.inbox('ann@example.test')).toEqual([
        expect.stringContaining(
          '\r\n\r\nb@away.test 5.4.7 administratively expired: 450 later\r\n',
        ),
      ])
    })
  })

  it('still tells of an alias that was released meanwhile', async () => {
    isMute = true
    await pipeline.addAlias('list@example.test', ['a@away.test', 'b@away.test'])
    answer = () => later
    const queueId = await pipeline.accept(text, [], {
      envelope: {
        sender: 'ann@example.test',
        recipients: [
          { address: 'list@example.test', notify: ['SUCCESS'], originalRecipient: null },
        ],
      },
    })
    await pipeline.settle()
    const all = async () =>
      (await groupsOf(queueId)).flatMap(({ recipients }) => recipients.map((one) => one.address))
    const before = (await all()).sort()
    expect(before).toEqual(['a@away.test', 'b@away.test', 'list@example.test'])
    expect(await pipeline.backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect((await all()).sort()).toEqual(before)
    expect(sent.sort()).toEqual(['a@away.test', 'a@away.test', 'b@away.test', 'b@away.test'])
  })
})
