import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { queueIdMs } from '#shared/mail/queue-id.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR_MS = 3_600_000

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

  it('counts what waits for an operator, over pages', async () => {
    expect(await pipeline.workers.sweeper.countHeld()).toBe(0)
    for (let n = 0; n < 3; n++) {
      const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['ann@example.test'])
      await pipeline.backend.queue.markCorrupt(queueId, 'a test')
    }
    expect(await pipeline.workers.sweeper.countHeld()).toBe(3)
  })
})
