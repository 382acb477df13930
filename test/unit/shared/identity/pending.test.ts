import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPending, PENDING_MS, type Pending } from '#shared/identity/pending.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('what waits for its answer', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let pending: Pending
  beforeAll(async () => {
    opened = await openEmbedded({ clock })
    pending = createPending(opened.store.tables.counters, clock)
  })
  afterAll(() => opened.close())

  it('is given to one of those who take it at once', async () => {
    await pending.put('one', 'challenge')
    const taken = await Promise.all([pending.take('one'), pending.take('one'), pending.take('one')])
    expect(taken.filter((value) => value !== undefined)).toEqual(['challenge'])
    expect(await pending.read('one')).toBeUndefined()
  })

  it('gives way to what is asked later', async () => {
    await pending.put('again', 'first')
    await pending.put('again', 'second')
    expect(await pending.read('again')).toBe('second')
  })

  it('ends by itself', async () => {
    await pending.put('late', 'challenge')
    clock.advance(PENDING_MS - 1_000)
    expect(await pending.read('late')).toBe('challenge')
    clock.advance(1_000)
    expect(await pending.read('late')).toBeUndefined()
    expect(await pending.take('late')).toBeUndefined()
  })
})
