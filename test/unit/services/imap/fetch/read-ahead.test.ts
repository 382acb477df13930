import { describe, expect, it } from 'vitest'
import { readAhead } from '#services/imap/fetch/read-ahead.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'

/** Reads numbers that are their own size; `most` is how much was begun and not taken. */
async function run(
  items: readonly number[],
  limits: { items: number; bytes: number },
  memory = new ByteBudget(1_000),
) {
  let open = { items: 0, bytes: 0 }
  const most = { items: 0, bytes: 0 }
  const results: number[] = []
  const read = async (item: number) => {
    open = { items: open.items + 1, bytes: open.bytes + item }
    most.items = Math.max(most.items, open.items)
    most.bytes = Math.max(most.bytes, open.bytes)
    return item
  }
  for await (const result of readAhead(items, read, {
    ...limits,
    memory,
    bytesOf: (item) => item,
  })) {
    open = { items: open.items - 1, bytes: open.bytes - result }
    results.push(result)
  }
  return { results, most }
}

describe('readAhead', () => {
  it('gives results in order and begins no more than so many', async () => {
    const items = Array.from({ length: 20 }, () => 1)
    expect(await run(items, { items: 4, bytes: 100 })).toEqual({
      results: items,
      most: { items: 4, bytes: 4 },
    })
  })

  it('begins no more than so many bytes, but always one item', async () => {
    const { results, most } = await run([3, 4, 5, 50, 1, 1], { items: 10, bytes: 10 })
    expect(results).toEqual([3, 4, 5, 50, 1, 1])
    expect(most).toEqual({ items: 2, bytes: 50 })
  })

  it('passes on a failure when its turn comes, and no later one is unhandled', async () => {
    const taken: number[] = []
    const memory = new ByteBudget(1_000)
    const read = async (item: number) => {
      if (item > 1) throw new Error(`item ${item}`)
      return item
    }
    const reading = async () => {
      const limits = { items: 5, bytes: 100, bytesOf: () => 1, memory }
      for await (const result of readAhead([0, 1, 2, 3], read, limits)) taken.push(result)
    }
    await expect(reading()).rejects.toThrow('item 2')
    expect(taken).toEqual([0, 1])
    expect(memory.taken).toBe(0)
  })

  it('reads one item at a time where memory is short, and gives back what it took', async () => {
    const memory = new ByteBudget(2)
    const items = Array.from({ length: 10 }, () => 1)
    // The first is always read; two more fit.
    expect((await run(items, { items: 5, bytes: 100 }, memory)).most.items).toBe(3)
    expect(memory.taken).toBe(0)
    memory.tryTake(2)
    expect(await run(items, { items: 5, bytes: 100 }, memory)).toEqual({
      results: items,
      most: { items: 1, bytes: 1 },
    })
    expect(memory.taken).toBe(2)
  })

  it('gives back what it took when nobody wants the rest', async () => {
    const memory = new ByteBudget(10)
    const limits = { items: 5, bytes: 100, bytesOf: () => 1, memory }
    for await (const result of readAhead([1, 2, 3, 4], async (item) => item, limits)) {
      if (result === 2) break
      expect(memory.taken).toBe(3)
    }
    expect(memory.taken).toBe(0)
  })

  it('has nothing of nothing', async () => {
    expect((await run([], { items: 1, bytes: 1 })).results).toEqual([])
  })
})
