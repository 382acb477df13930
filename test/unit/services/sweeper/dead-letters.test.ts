import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SET_ASIDE_MAX, STARTS_FATAL } from '#services/sweeper/dead-letters.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('dead letters', () => {
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

  const drain = () => pipeline.workers.sweeper.deadLetters.drain()
  const accept = () => pipeline.accept('Subject: a\r\n\r\n', ['ann@example.test'])
  const stateOf = async (queueId: Awaited<ReturnType<typeof accept>>) =>
    (await pipeline.backend.queue.load([queueId]))[0]?.state

  async function isEmpty(name: 'incoming-dead' | 'active-dead'): Promise<boolean> {
    const left = await store.queues[name].receive({ max: 1, visibilitySeconds: 1, waitSeconds: 0 })
    return left.length === 0
  }

  /** A message on which a worker has died so often. */
  async function fatal() {
    const queueId = await accept()
    for (let start = 0; start < STARTS_FATAL; start++)
      await pipeline.backend.queue.countStart(queueId)
    return queueId
  }

  it('of messages that no worker was started for are dropped', async () => {
    const queueId = await accept()
    await store.queues['incoming-dead'].send([queueId])
    await drain()
    expect(await stateOf(queueId)).toBe('incoming')
    expect(await isEmpty('incoming-dead')).toBe(true)
  })

  it('have their messages set aside, until an operator releases them', async () => {
    const queueId = await fatal()
    await store.queues['incoming-dead'].send([queueId])
    await drain()
    expect(await stateOf(queueId)).toBe('corrupt')
    expect(await isEmpty('incoming-dead')).toBe(true)
    await pipeline.backend.operator.release(queueId)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('set nothing aside when there are so many that the worker must be broken', async () => {
    const ids = await Promise.all(Array.from({ length: SET_ASIDE_MAX + 1 }, fatal))
    await store.queues['incoming-dead'].send(ids)
    await drain()
    expect(await Promise.all(ids.map(stateOf))).toEqual(ids.map(() => 'incoming'))
    expect(await isEmpty('incoming-dead')).toBe(true)
  })

  it('set as many aside as are taken for poison', async () => {
    const ids = await Promise.all(Array.from({ length: SET_ASIDE_MAX }, fatal))
    await store.queues['incoming-dead'].send([...ids, ...ids])
    await drain()
    expect(await Promise.all(ids.map(stateOf))).toEqual(ids.map(() => 'corrupt'))
  })

  it('leave alone what is delivered, unknown or no queue id', async () => {
    const queueId = await accept()
    await pipeline.settle()
    await store.queues['incoming-dead'].send([queueId, 'nonsense', '01ABCDEFGHJKMNPQRS'])
    await drain()
    expect(await isEmpty('incoming-dead')).toBe(true)
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('of deliveries are only noted: the group has its time', async () => {
    await store.queues['active-dead'].send(['01ABCDEFGHJKMNPQRS local/0'])
    await drain()
    expect(await isEmpty('active-dead')).toBe(true)
  })
})
