// Lists in another order than that of their keys.

import { describe, expect, it } from 'vitest'
import { SORTED_MAX, sortedPage } from '#shared/administration/sorting.ts'

const PAGE = 700

/** Named `i`, with the measure i % 10. */
const listOf = (count: number, looked = false) => ({
  by: 'usage',
  after: undefined,
  limit: 5,
  read: async (after: string | undefined) => {
    const from = Number(after ?? 0)
    const items = Array.from({ length: Math.min(PAGE, count - from) }, (_, i) => from + i)
    const next = from + PAGE < count ? String(from + PAGE) : undefined
    return looked
      ? { items: items.slice(0, 1), next, looked: { entries: items.length } }
      : { items, next }
  },
  measure: async (all: readonly number[]) => all.map((one) => one % 10),
})

describe('a sorted list', () => {
  it('begins with the greatest, and leaves what is alike in its order', async () => {
    const list = listOf(25)
    const first = await sortedPage(list)
    expect(first).toEqual({ kind: 'sorted', items: [9, 19, 8, 18, 7], next: '5' })
    const second = await sortedPage({ ...list, after: '5' })
    expect(second).toMatchObject({ items: [17, 6, 16, 5, 15], next: '10' })
    const last = await sortedPage({ ...list, after: '20' })
    expect(last).toEqual({ kind: 'sorted', items: [11, 21, 0, 10, 20], next: undefined })
    const least = await sortedPage({ ...list, order: 'asc' })
    expect(least).toMatchObject({ items: [0, 10, 20, 1, 11] })
  })

  it('is sorted as a whole, or not at all', async () => {
    expect(await sortedPage(listOf(SORTED_MAX))).toMatchObject({ kind: 'sorted', next: '5' })
    expect(await sortedPage(listOf(SORTED_MAX + 1))).toEqual({
      ...{ kind: 'bad-value', field: 'sort', value: 'usage' },
      rule: { name: 'too-many-to-sort', max: SORTED_MAX },
    })
  })

  it('counts what was looked at, however little was found', async () => {
    expect(await sortedPage(listOf(SORTED_MAX, true))).toMatchObject({ kind: 'sorted' })
    expect(await sortedPage(listOf(SORTED_MAX + 1, true))).toMatchObject({ kind: 'bad-value' })
  })

  it.each(['x', '-1', '1.5', '12345678'])('does not go on at %j', async (after) => {
    expect(await sortedPage({ ...listOf(3), after })).toMatchObject({
      ...{ kind: 'bad-value', field: 'after', rule: { name: 'cursor' } },
    })
  })
})
