import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatSequenceSet } from '#shared/imap/sequence-set.ts'
import {
  intersectRanges,
  mergeRanges,
  type NumberRange,
  rangesOf,
} from '#shared/runtime/number-ranges.ts'

describe('rangesOf', () => {
  it('joins neighbours', () => {
    expect(formatSequenceSet(rangesOf([1, 2, 3, 5, 7, 8]))).toBe('1:3,5,7:8')
    expect(formatSequenceSet(rangesOf(Uint32Array.of(4)))).toBe('4')
    expect(rangesOf([])).toEqual([])
  })
})

describe('mergeRanges', () => {
  it('leaves an empty and a single set as they are', () => {
    const one: readonly NumberRange[] = [{ first: 3, last: 4 }]
    expect(mergeRanges([])).toEqual([])
    expect(mergeRanges([...one])).toEqual(one)
  })
})

describe('intersectRanges', () => {
  it('holds what both sets hold', () => {
    const member = fc.uniqueArray(fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(member, member, (a, b) => {
        const ascending = (numbers: number[]) => rangesOf(numbers.sort((x, y) => x - y))
        const both = a.filter((number) => b.includes(number))
        expect(intersectRanges(ascending(a), ascending(b))).toEqual(ascending(both))
      }),
    )
  })
})
