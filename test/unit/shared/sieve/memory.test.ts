// What scripts remember between messages, on the embedded driver.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFilterMemory, type FilterMemory, type Note } from '#shared/sieve/memory.ts'
import { account } from '#test/support/mailbox.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const note = (by: string, name = 'bob@remote.test'): Note => ({
  account,
  kind: 'answered',
  name,
  by,
})

describe('the memory of scripts', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let memory: FilterMemory
  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    memory = createFilterMemory({ counters: opened.store.tables.counters, clock })
  })
  afterEach(() => opened.close())

  it('gives a note to one message, as often as it asks', async () => {
    expect(await memory.take(note('m1'), 60)).toBe(true)
    expect(await memory.take(note('m2'), 60)).toBe(false)
    expect(await memory.take(note('m1'), 60)).toBe(true)
    expect(await memory.isNoted(note('m1'))).toBe(false)
    expect(await memory.isNoted(note('m2'))).toBe(true)
  })

  it('gives it to one of several at once', async () => {
    const taken = await Promise.all(['m1', 'm2', 'm3'].map((by) => memory.take(note(by), 60)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('ends with its time', async () => {
    await memory.take(note('m1'), 60)
    clock.advance(59_999)
    expect(await memory.isNoted(note('m2'))).toBe(true)
    clock.advance(1)
    expect(await memory.isNoted(note('m2'))).toBe(false)
    expect(await memory.take(note('m2'), 60)).toBe(true)
  })

  it('is prolonged by others, and stays whose it was', async () => {
    await memory.take(note('m1'), 60)
    clock.advance(30_000)
    await memory.prolong(note('m2'), 60)
    clock.advance(59_999)
    expect(await memory.isNoted(note('m2'))).toBe(true)
    expect(await memory.isNoted(note('m1'))).toBe(false)
  })

  it('tells names, kinds and accounts apart, of any length', async () => {
    const long = 'x'.repeat(100_000)
    await memory.take(note('m1', long), 60)
    expect(await memory.isNoted(note('m2', `${long}y`))).toBe(false)
    expect(await memory.isNoted({ ...note('m2', long), kind: 'seen' })).toBe(false)
    expect(await memory.isNoted(note('m2', long))).toBe(true)
  })
})
