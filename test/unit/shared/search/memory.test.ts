import { describe, expect, it } from 'vitest'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { SearchMemory, SearchTooLarge } from '#shared/search/memory.ts'
import { inParallel } from '#shared/search/read-blobs.ts'

const limitOf = (work: () => void) => {
  try {
    work()
  } catch (error) {
    if (error instanceof SearchTooLarge) return error.limit
    throw error
  }
  return 'held'
}

describe('SearchMemory', () => {
  it('holds what one command may hold, and no byte more', () => {
    using memory = new SearchMemory(new ByteBudget(10_000), 1_000)
    expect(limitOf(() => memory.hold(1_000))).toBe('held')
    expect(limitOf(() => memory.hold(1))).toBe('one search')
  })

  it('is refused when all searches together hold too much', () => {
    const shared = new ByteBudget(1_000)
    using one = new SearchMemory(shared)
    using other = new SearchMemory(shared)
    expect(limitOf(() => one.hold(600))).toBe('held')
    expect(limitOf(() => other.hold(400))).toBe('held')
    expect(limitOf(() => other.hold(1))).toBe('all searches')
  })

  it('gives back at the end, also after a refusal', () => {
    const shared = new ByteBudget(1_000)
    for (let i = 0; i < 3; i++) {
      using memory = new SearchMemory(shared)
      memory.hold(900)
      expect(limitOf(() => memory.hold(900))).toBe('all searches')
    }
    expect(shared.taken).toBe(0)
  })

  it('takes little more than small searches need', () => {
    const shared = new ByteBudget(10_000)
    const searches = Array.from({ length: 50 }, () => new SearchMemory(shared))
    for (const memory of searches) for (let i = 0; i < 10; i++) memory.hold(10)
    expect(shared.taken).toBeLessThanOrEqual(2 * 50 * 100)
    for (const memory of searches) memory[Symbol.dispose]()
    expect(shared.taken).toBe(0)
  })
})

describe('inParallel', () => {
  it('has ended whatever it began when it fails', async () => {
    let running = 0
    const begun: number[] = []
    const work = async (item: number) => {
      begun.push(item)
      running++
      await new Promise((done) => setImmediate(done))
      running--
      if (item === 3) throw new Error('three')
    }
    const items = Array.from({ length: 1_000 }, (_, at) => at)
    await expect(inParallel(items, work)).rejects.toThrow('three')
    expect(running).toBe(0)
    expect(begun.length).toBeLessThan(100)
  })
})
