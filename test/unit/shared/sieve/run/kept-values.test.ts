// What tests compare is kept as long as there is room, and is the same beyond it.

import { describe, expect, it } from 'vitest'
import { VALUES_KEPT_CHARACTERS_MAX } from '#shared/sieve/limits.ts'
import { Header } from '#shared/sieve/message.ts'
import { asciiCasemap, comparators } from '#shared/sieve/run/comparator.ts'
import { ComparedValue } from '#shared/sieve/run/compared-value.ts'
import { KeptValues } from '#shared/sieve/run/kept-values.ts'
import { containsKeys, isKeys, matchesKeys } from '#shared/sieve/run/ready-keys.ts'
import { Run } from '#shared/sieve/run/run.ts'
import { must } from '#test/support/must.ts'
import { contextOf, run } from '#test/support/sieve.ts'

/** Beside the characters of a value. */
const OF_VALUE = 64

describe('values of a header', () => {
  const header = new Header([])

  /** How often it is asked what they are, of two times. */
  function asked(kept: KeptValues, what: string, texts: readonly string[], of = header): number {
    let times = 0
    for (let i = 0; i < 2; i++) {
      const values = kept.of(of, what, () => {
        times++
        return texts
      })
      expect(values.map(({ text }) => text)).toEqual(texts)
    }
    return times
  }

  it.each([
    [0, 1],
    [1, 2],
  ])('with %i characters more than are kept are found %i times', (more, times) => {
    const long = 'a'.repeat(VALUES_KEPT_CHARACTERS_MAX - OF_VALUE + more)
    expect(asked(new KeptValues(), 'text a', [long])).toBe(times)
  })

  it('take room that others do not have, also where there are none', () => {
    const kept = new KeptValues()
    const count = VALUES_KEPT_CHARACTERS_MAX / OF_VALUE
    for (let i = 0; i < count; i++) expect(asked(kept, `text ${i}`, [])).toBe(1)
    expect(asked(kept, 'text', [])).toBe(2)
  })

  it('are those of the header that is asked for, which has room of its own', () => {
    const kept = new KeptValues()
    const long = 'a'.repeat(VALUES_KEPT_CHARACTERS_MAX - OF_VALUE)
    expect(asked(kept, 'text a', [long])).toBe(1)
    const other = new Header([])
    expect(asked(kept, 'text a', [`${long.slice(1)}b`], other)).toBe(1)
    expect(asked(kept, 'text a', ['c'])).toBe(1)
  })
})

describe('what is folded', () => {
  function counting() {
    const folded: string[] = []
    const fold = (text: string) => {
      folded.push(text)
      return asciiCasemap.fold(text)
    }
    return { comparator: { ...asciiCasemap, fold }, folded }
  }

  it.each([isKeys, containsKeys, matchesKeys])('is folded once for all runs: %o', (ready) => {
    const { comparator, folded } = counting()
    const keys = ready(comparator, ['one', 'two'])
    const value = new ComparedValue('three')
    for (let i = 0; i < 3; i++) {
      const run = new Run(contextOf({}), async () => 'missing')
      expect(keys.soon(run, value)).toBe(false)
    }
    expect(folded.toSorted()).toEqual(['one', 'three', 'two'])
  })

  it('is kept for the comparator that asked last', () => {
    const value = new ComparedValue('Straße')
    const unicode = must(comparators.get('i;unicode-casemap'))
    for (let i = 0; i < 2; i++) {
      expect(value.folded(asciiCasemap)).toBe('STRAßE')
      expect(value.folded(unicode)).toBe('STRASSE')
      expect(value.soonSubject(asciiCasemap)?.text).toBe('STRA\u00c3\u009fE')
      expect(value.soonSubject(unicode)).toBeUndefined()
    }
  })

  it('is not kept where it is much longer than what came', () => {
    const unicode = must(comparators.get('i;unicode-casemap'))
    const value = new ComparedValue('\ufdfa')
    expect(value.folded(unicode)).toHaveLength(18)
    expect(value.folded(asciiCasemap)).toBe('\ufdfa')
  })

  it('character by character is counted as the work that it is', async () => {
    const script = `require "comparator-i;unicode-casemap";
if header :matches :comparator "i;unicode-casemap" "subject" "*b" {}`
    const stepsOf = async (value: string) =>
      (await run(script, { message: `Subject: ${value}\n\nx` })).steps
    expect((await stepsOf('ä'.repeat(8_000))) - (await stepsOf('a'.repeat(8_000)))).toBe(1_000)
  })
})
