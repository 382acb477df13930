import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STEP_BYTES } from '#shared/search/pace.ts'
import { sortInTurns } from '#shared/search/sort-in-turns.ts'
import { CountingPace, quietPace } from './message-store.ts'

/** Counts comparisons. */
function counting() {
  const compare = (a: number, b: number) => {
    compare.count++
    return a - b
  }
  compare.count = 0
  return compare
}

const tens = (a: number, b: number) => Math.floor(a / 10) - Math.floor(b / 10)

describe('sortInTurns', () => {
  it('sorts as the engine does, equal ones in the order they came in', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 300 }), async (items) => {
        const sorted = await sortInTurns(items, tens, { pace: quietPace(), bytes: 1 })
        expect(sorted).toEqual(items.toSorted(tens))
      }),
    ))

  it('makes few comparisons between two looks at the clock', async () => {
    const pace = new CountingPace()
    const items = Array.from({ length: 10_000 }, (_, at) => (at * 7_919) % 10_007)
    const compare = counting()
    await sortInTurns(items, compare, { pace, bytes: 16 })
    expect(pace.bytesAtOnce).toBeLessThan(STEP_BYTES)
    expect(pace.bytes).toBeGreaterThan(8 * compare.count)
  })

  it('leaves what is in order as it is', async () => {
    const compare = counting()
    const items = Array.from({ length: 10_000 }, (_, at) => at)
    await sortInTurns(items, compare, { pace: quietPace(), bytes: 1 })
    expect(compare.count).toBeLessThanOrEqual(items.length)
  })
})
