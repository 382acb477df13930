// A key is found where it is, and however long it is, and whatever stands in the text, others have their turn meanwhile.

import { describe, expect, it } from 'vitest'
import { asciiCasemap } from '#shared/sieve/run/comparator.ts'
import { ComparedValue } from '#shared/sieve/run/compared-value.ts'
import { finderOf, placeIn } from '#shared/sieve/run/piecewise.ts'
import { containsKeys } from '#shared/sieve/run/ready-keys.ts'
import { Run } from '#shared/sieve/run/run.ts'
import { matchPattern, parsePattern, unitSubject } from '#shared/sieve/run/wildcards.ts'
import { seededRandom } from '#test/support/seed.ts'
import { contextOf } from '#test/support/sieve.ts'

/** What it comes to, and how often others may have their turn before. */
function ended<T>(work: Generator<undefined, T>): { readonly value: T; readonly turns: number } {
  for (let turns = 0; ; turns++) {
    const { done, value } = work.next()
    if (done) return { value, turns }
  }
}

const letters = 'A'.repeat(1_000_000)
const long = `${'A'.repeat(10_000)}B${'A'.repeat(10_000)}`

describe('a place in a text', () => {
  it('is the first one from where it is looked for', () => {
    const random = seededRandom('places in texts')
    const text = Array.from({ length: 300_000 }, () => 'ab'[Math.floor(random() * 2)]).join('')
    for (let i = 0; i < 40; i++) {
      const at = Math.floor(random() * 290_000)
      const key = text.slice(at, at + 20 + Math.floor(random() * 9_000))
      const from = Math.floor(random() * 290_000)
      expect(ended(placeIn(text, key, from)).value).toBe(text.indexOf(key, from))
      expect(ended(placeIn(text, `${key}c`, from)).value).toBe(-1)
    }
  })

  it('of a long key in a long text is looked for in turns', () => {
    const text = `${letters}B${letters}`
    expect(ended(placeIn(text, long))).toEqual({ value: 990_000, turns: 15 })
    expect(ended(placeIn(letters, long))).toEqual({ value: -1, turns: 16 })
  })

  it('is the same for a text in pieces', () => {
    const finder = finderOf(long)
    expect(
      ['A'.repeat(9_000), 'A'.repeat(1_000), 'BA', 'A'.repeat(9_998)].map((piece) =>
        finder.push(piece),
      ),
    ).toEqual([false, false, false, false])
    expect(finder.push('A')).toBe(true)
  })
})

describe('a pattern with a long text', () => {
  it('fits where the text stands a second time, and overlaps the first', () => {
    const beginning = 'A'.repeat(20_000)
    const text = `${'A'.repeat(20_005)}XB`
    const pattern = parsePattern(`*${beginning}?B`, (part) => part)
    const inTheMiddle = parsePattern(`*${beginning}?B*`, (part) => part)
    for (const each of [pattern, inTheMiddle]) {
      const { value } = ended(matchPattern(each, unitSubject(text), () => {}))
      expect(value?.slice(0, 1)).toEqual([[0, 5]])
    }
  })
})

describe('others have their turn while', () => {
  const run = new Run(contextOf({}), async () => 'missing')

  it(':contains looks for a long key', () => {
    const keys = containsKeys(asciiCasemap, [long])
    const value = new ComparedValue(letters)
    expect(keys.soon(run, value)).toBeUndefined()
    expect(ended(keys.test(run, value))).toEqual({ value: false, turns: 17 })
  })

  it(':matches looks for a long text between two *', () => {
    const pattern = parsePattern(`*${long}*`, (text) => text)
    const work = matchPattern(pattern, unitSubject(letters), () => {})
    expect(ended(work)).toEqual({ value: undefined, turns: 16 })
  })
})
