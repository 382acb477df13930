import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SWEEP_SLOT_MAX } from '#services/sweeper/sweeper.ts'
import { queueIdMs } from '#shared/mail/queue-id.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { Store } from '#shared/storage/ports.ts'
import { bellsOf, queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const later = { kind: 'deferred', status: '4.4.1', reply: 'refused' } as const

describe('the sweeper', () => {
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
  afterEach(() => opened.close())

  const sweep = () => pipeline.workers.sweeper.ringDue()

  it('tells how old the oldest message is that it tries again', async () => {
    const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['bob@elsewhere.test'])
    expect(queueIdMs(queueId)).toBe(clock.now())
    await pipeline.settle()
    clock.advance(5 * HOUR_MS)
    await pipeline.accept('Subject: b\r\n\r\n', ['carol@elsewhere.test'])
    await pipeline.settle()
    clock.advance(2 * HOUR_MS)
    const { rung, oldestMs } = await sweep()
    expect(rung).toBe(2)
    expect(oldestMs).toBe(7 * HOUR_MS)
    expect((await sweep()).oldestMs).toBe(0)
  })

  it('counts an incoming message as late, not as tried again', async () => {
    await pipeline.accept('Subject: a\r\n\r\n', ['ann@example.test'])
    clock.advance(HOUR_MS)
    expect(await sweep()).toMatchObject({ rung: 1, oldestMs: 0 })
  })

  it('rings at a start what is incoming, due or not, and groups only when they are due', async () => {
    await pipeline.accept('Subject: a\r\n\r\n', ['bob@elsewhere.test'])
    await pipeline.settle()
    const incoming = await pipeline.accept('Subject: b\r\n\r\n', ['ann@example.test'])
    const { rung } = await pipeline.workers.sweeper.ringDue({ isStart: true })
    expect(rung).toBe(1)
    const receive = { max: 10, visibilitySeconds: 60, waitSeconds: 0 }
    expect(await store.queues.active.receive(receive)).toEqual([])
    const bells = await store.queues.incoming.receive(receive)
    expect(new Set(bells.map(({ body }) => body))).toEqual(new Set([incoming]))
  })

  describe('of deferred groups', () => {
    async function bells(name: 'active' | 'deferred'): Promise<readonly string[]> {
      const all = await store.queues[name].receive({ max: 9, visibilitySeconds: 9, waitSeconds: 0 })
      await store.queues[name].acknowledge(all.map(({ receipt }) => receipt))
      return all.map(({ body }) => body)
    }
    /** Deferred for so long after a first attempt. */
    async function deferredFor(ms: number) {
      const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['bob@elsewhere.test'])
      await pipeline.settle()
      const name = 'elsewhere.test/0'
      const taken = await pipeline.backend.queue.take(queueId, name)
      if (taken === undefined) throw new Error('not taken')
      const results = taken.group.recipients.map((recipient) => ({ recipient, result: later }))
      await pipeline.backend.queue.settle(taken.group, { results, dueMs: clock.now() + ms })
      // That of the first attempt.
      clock.advance(6 * MINUTE_MS)
      await bells('deferred')
      return { body: `${queueId} ${name}`, leftMs: ms - 6 * MINUTE_MS }
    }

    it('sends the bell when it comes within reach, once, and it rings when they are due', async () => {
      const { body, leftMs } = await deferredFor(60 * MINUTE_MS)
      clock.advance(leftMs - 15 * MINUTE_MS)
      expect((await sweep()).rung).toBe(0)
      clock.advance(MINUTE_MS)
      expect(await sweep()).toMatchObject({ rung: 1, lateMs: 0 })
      expect((await sweep()).rung).toBe(0)
      clock.advance(14 * MINUTE_MS - 1)
      expect(await bells('deferred')).toEqual([])
      clock.advance(1)
      expect(await bells('deferred')).toEqual([body])
      expect(await bells('active')).toEqual([])
    })

    it('rings at once for those whose bell was lost, after a while', async () => {
      const { body, leftMs } = await deferredFor(10 * MINUTE_MS)
      clock.advance(leftMs + 2 * MINUTE_MS - 1)
      expect((await sweep()).rung).toBe(0)
      clock.advance(1)
      expect((await sweep()).rung).toBe(1)
      expect(await bells('active')).toEqual([body])
      expect((await sweep()).rung).toBe(0)
    })

    it('sends the bell of what is overdue, when it comes late itself', async () => {
      const { body, leftMs } = await deferredFor(60 * MINUTE_MS)
      clock.advance(leftMs + HOUR_MS)
      expect((await sweep()).rung).toBe(1)
      expect(await bells('deferred')).toEqual([body])
      expect((await sweep()).rung).toBe(0)
    })

    it('has no more in work than there is room for, and goes on the next time', async () => {
      for (let n = 0; n < 5; n++) {
        await pipeline.accept(`Subject: ${n}\r\n\r\n`, ['bob@elsewhere.test'])
      }
      await pipeline.settle()
      clock.advance(HOUR_MS)
      const { sweeper } = pipeline.workers
      expect((await sweeper.ringDue({ groupsMax: 0 })).rung).toBe(0)
      expect((await sweeper.ringDue({ groupsMax: 3 })).rung).toBe(3)
      expect((await sweeper.ringDue({ groupsMax: 3 })).rung).toBe(2)
    })

    it('rings in one run only some of those for one destination', async () => {
      const { queue } = pipeline.backend
      for (let n = 0; n < 12; n++) {
        const message = queuedMessage(clock.now())
        await queue.add(message)
        await queue.split(
          message,
          Array.from({ length: 200 }, (_, i) => ({
            destination: { kind: 'remote', slot: 'big.test' },
            recipients: [recipient(`${i}@big.test`)],
            state: { kind: 'waiting' },
          })),
        )
      }
      const other = await pipeline.accept('Subject: a\r\n\r\n', ['bob@elsewhere.test'])
      await pipeline.workers.cleanup.handle([{ id: 'b', body: other, receipt: 'r', receives: 1 }])
      clock.advance(HOUR_MS)
      expect((await sweep()).rung).toBe(SWEEP_SLOT_MAX + 1)
      // What was passed over comes by later.
      expect((await sweep()).rung).toBe(0)
      clock.advance(GROUP_LEASE_MS)
      expect((await sweep()).rung).toBe(SWEEP_SLOT_MAX + 1)
    }, 30_000)
  })

  it('rings at a start what waits, whose bell went with the process before', async () => {
    const { queue } = pipeline.backend
    const message = queuedMessage(clock.now())
    await queue.add(message)
    const destination = { kind: 'remote', slot: 'a.test' } as const
    const group = (name: string) => ({ destination, recipients: [recipient(`${name}@a.test`)] })
    await queue.split(message, [
      { ...group('waits'), state: { kind: 'waiting' } },
      { ...group('taken'), state: { kind: 'waiting' } },
      { ...group('later'), state: { kind: 'deferred', dueMs: clock.now() + MINUTE_MS } },
    ])
    await queue.take(message.queueId, 'a.test/1')
    await bellsOf(store, 'active')
    expect((await sweep()).rung).toBe(0)
    expect((await pipeline.workers.sweeper.ringDue({ isStart: true })).rung).toBe(1)
    expect(await bellsOf(store, 'active')).toEqual([`${message.queueId} a.test/0`])
  })

  it('counts what waits for an operator, over pages', async () => {
    expect(await pipeline.workers.sweeper.countHeld()).toBe(0)
    for (let n = 0; n < 3; n++) {
      const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['ann@example.test'])
      await pipeline.backend.queue.markCorrupt(queueId, 'a test')
    }
    expect(await pipeline.workers.sweeper.countHeld()).toBe(3)
  })
})
