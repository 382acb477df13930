import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SET_RANGES_MAX } from '#shared/imap/limits.ts'
import {
  countNumbers,
  eachNumber,
  formatSequenceSet,
  holdsNumber,
  intersectRanges,
  largestNamed,
  mergeRanges,
  NUMBER_MAX,
  parseSequenceSet,
  rangesOf,
  resolveSet,
  type SequenceSet,
} from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'

const resolved = (text: string, largest: number) =>
  formatSequenceSet(resolveSet(parseSequenceSet(text), largest))

describe('parseSequenceSet and formatSequenceSet', () => {
  it.each(['1', '1:2', '1,3', '2,4:7,9,12:*', '*', '1:*', `1:${NUMBER_MAX}`, '5,5,5', '7,3:4'])(
    'give back %s',
    (text) => {
      expect(formatSequenceSet(parseSequenceSet(text))).toBe(text)
    },
  )

  // RFC 9051 §9 seq-range: the order of the ends does not matter.
  it.each([
    ['4:2', '2:4'],
    ['*:4', '4:*'],
    ['*:*', '*'],
    ['3:3', '3'],
  ])('read %s as %s', (text, same) => {
    expect(formatSequenceSet(parseSequenceSet(text))).toBe(same)
  })

  it.each([
    '',
    '0',
    '1:0',
    '01',
    '1,',
    ',1',
    '1,,2',
    '1:',
    ':1',
    '1:2:3',
    '1-2',
    'a',
    '-1',
    '**',
    '1*',
    '1 ',
    '$',
    '+1',
    '1.5',
    `${NUMBER_MAX + 1}`,
    '99999999999999999999',
  ])('refuse %j', (text) => {
    expect(() => parseSequenceSet(text)).toThrow(ImapSyntaxError)
  })

  it('take as many ranges as the limit and not one more', () => {
    const set = (ranges: number) => Array.from({ length: ranges }, () => '1').join(',')
    expect(parseSequenceSet(set(SET_RANGES_MAX))).toHaveLength(SET_RANGES_MAX)
    expect(() => parseSequenceSet(set(SET_RANGES_MAX + 1))).toThrow('too many ranges')
  })
})

describe('resolveSet', () => {
  it.each([
    // RFC 9051 §9 sequence-set
    ['2,4:7,9,12:*', 15, '2,4:7,9,12:15'],
    ['*:4,5:7', 10, '4:10'],
    // seq-range: 559:* always has the last message, also when 559 is beyond it.
    ['559:*', 300, '300'],
    ['*', 7, '7'],
    ['7:*', 7, '7'],
    ['1:*', 0, ''],
    ['3,1,2', 9, '1:3'],
    ['1:5,3:9,20', 30, '1:9,20'],
    ['1:5,2:3', 9, '1:5'],
    ['5:6,7:8', 9, '5:8'],
    // Beyond the largest without *: left for the caller to judge.
    ['5:7', 3, '5:7'],
  ] as const)('makes of %s, largest %i: %j', (text, largest, result) => {
    expect(resolved(text, largest)).toBe(result)
  })

  it('does not change the set it is given', () => {
    const ranges = parseSequenceSet('9,1:*,4')
    const before = structuredClone(ranges)
    resolveSet(ranges, 5)
    expect(ranges).toEqual(before)
  })

  it('holds the same numbers as the set, ascending and disjoint', () => {
    const number = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1 }), (pairs) => {
        const numbers = new Set<number>()
        for (const [a, b] of pairs) {
          for (let n = Math.min(a, b); n <= Math.max(a, b); n++) numbers.add(n)
        }
        const merged = resolveSet(
          parseSequenceSet(pairs.map(([a, b]) => `${a}:${b}`).join(',')),
          100,
        )
        const ascending = [...numbers].sort((a, b) => a - b)
        expect([...eachNumber(merged)]).toEqual(ascending)
        expect(countNumbers(merged)).toBe(ascending.length)
        for (let n = 0; n <= 41; n++) expect(holdsNumber(merged, n)).toBe(numbers.has(n))
        expect(rangesOf(ascending)).toEqual(merged)
        for (const [i, { first }] of merged.entries()) {
          const before = merged[i - 1]
          if (before !== undefined) expect(first).toBeGreaterThan(before.last + 1)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('rangesOf', () => {
  it('joins neighbours', () => {
    expect(formatSequenceSet(rangesOf([1, 2, 3, 5, 7, 8]))).toBe('1:3,5,7:8')
    expect(formatSequenceSet(rangesOf(Uint32Array.of(4)))).toBe('4')
    expect(rangesOf([])).toEqual([])
  })
})

describe('largestNamed', () => {
  it.each([
    ['1:5,3', 5],
    ['7:*', 7],
    ['*', 0],
    ['3:*,9', 9],
  ] as const)('of %s is %i', (text, largest) => {
    expect(largestNamed(parseSequenceSet(text))).toBe(largest)
  })
})

describe('mergeRanges', () => {
  it('leaves an empty and a single set as they are', () => {
    const one: SequenceSet = [{ first: 3, last: 4 }]
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
