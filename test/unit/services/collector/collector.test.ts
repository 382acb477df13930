import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEAD_GRACE_MS, ORPHAN_AGE_MS } from '#services/collector/collector.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { objectKey } from '#shared/queue/blob.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('the collector', () => {
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
  afterEach(async () => {
    await opened.close()
  })

  /** As a crash between storing and queueing leaves it. */
  async function orphan(): Promise<string> {
    const key = objectKey(newQueueId(clock.now()))
    await store.objects.put(key, Buffer.from('lost'))
    return key
  }

  it('finds orphans of more than a day, and nothing that belongs to the queue or a mailbox', async () => {
    const { collector } = pipeline.workers
    const old = await orphan()
    await pipeline.accept('Subject: here\r\n\r\n', ['ann@example.test'])
    await pipeline.settle()
    await pipeline.accept('Subject: queued\r\n\r\n', ['far@elsewhere.test'])
    await pipeline.settle()
    clock.advance(ORPHAN_AGE_MS + 60_000)
    const young = await orphan()
    expect(await collector.findOrphans()).toBe(1)
    expect(await collector.findOrphans()).toBe(0) // it is a dead blob now
    clock.advance(DEAD_GRACE_MS + 60_000)
    expect(await collector.collectDead()).toBe(1)
    expect(await store.objects.size(old)).toBeUndefined()
    expect(await store.objects.size(young)).toBe(4)
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('looks at nothing made before the time it is given', async () => {
    const before = await orphan()
    clock.advance(3_600_000)
    const sinceMs = clock.now()
    await orphan()
    clock.advance(ORPHAN_AGE_MS + 60_000)
    expect(await pipeline.workers.collector.findOrphans(sinceMs)).toBe(1)
    expect(await pipeline.workers.collector.findOrphans()).toBe(1)
    expect(await store.objects.size(before)).toBe(4)
  })
})
