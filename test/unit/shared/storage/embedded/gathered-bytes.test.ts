import { describe, expect, it } from 'vitest'
import { GatheredBytes } from '#shared/storage/embedded/gathered-bytes.ts'
import { seededRandom } from '#test/support/faults/plan.ts'

describe('GatheredBytes', () => {
  it('gives back what was pushed, in order, whatever the pieces were', () => {
    const random = seededRandom(7)
    const gathered = new GatheredBytes()
    for (let round = 0; round < 50; round++) {
      const pieces = Array.from({ length: 40 }, () =>
        Buffer.alloc(Math.floor(random() ** 4 * 6_000), Math.floor(random() * 256)),
      )
      for (const piece of pieces) gathered.push(piece)
      const all = Buffer.concat(pieces)
      expect(gathered.length).toBe(all.length)
      expect(Buffer.concat(gathered.take()).equals(all)).toBe(true)
      expect(gathered.length).toBe(0)
    }
  })

  it('keeps single bytes in few pieces', () => {
    const gathered = new GatheredBytes()
    for (let i = 0; i < 64 * 1_024; i++) gathered.push(Buffer.from([i & 255]))
    expect(gathered.take()).toHaveLength(16)
  })

  it('keeps what was taken as it is', () => {
    const gathered = new GatheredBytes()
    gathered.push(Buffer.from('one'))
    const taken = gathered.take()
    gathered.push(Buffer.from('two'))
    expect(Buffer.concat(taken).toString()).toBe('one')
    expect(Buffer.concat(gathered.take()).toString()).toBe('two')
  })
})
