import { describe, expect, it } from 'vitest'
import { concurrently } from '#shared/runtime/concurrently.ts'

describe('concurrently', () => {
  it('works on so many at a time and answers in order', async () => {
    let now = 0
    let most = 0
    const results = await concurrently([5, 1, 4, 2, 3], 2, async (n) => {
      most = Math.max(most, ++now)
      for (let turn = 0; turn < n; turn++) await new Promise((resolve) => setImmediate(resolve))
      now--
      return n * 10
    })
    expect(results).toEqual([50, 10, 40, 20, 30])
    expect(most).toBe(2)
  })

  it('rejects with what one of them rejects with', async () => {
    const work = async (n: number) => (n === 2 ? Promise.reject(new Error('two')) : n)
    await expect(concurrently([1, 2, 3], 2, work)).rejects.toThrow('two')
    expect(await concurrently([], 2, work)).toEqual([])
  })
})
