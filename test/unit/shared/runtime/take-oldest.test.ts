import { describe, expect, it } from 'vitest'
import { takeOldest } from '#shared/runtime/take-oldest.ts'

const filled = (size: number) => new Map(Array.from({ length: size }, (_, n) => [n, `${n}`]))

describe('takeOldest', () => {
  it('takes nothing while there is room', () => {
    const map = filled(10)
    expect(takeOldest(map, 10)).toEqual([])
    expect(map.size).toBe(10)
  })

  it('takes away what was put in, or touched, longest ago', () => {
    const map = filled(4)
    map.delete(0)
    map.set(0, 'again')
    expect(takeOldest(map, 3)).toEqual([[1, '1']])
    expect([...map.keys()]).toEqual([2, 3, 0])
  })

  it('takes a hundredth at a time', () => {
    const map = filled(1_001)
    expect(takeOldest(map, 1_000).map(([key]) => key)).toEqual([...Array(11).keys()])
    expect(map.size).toBe(990)
  })
})
