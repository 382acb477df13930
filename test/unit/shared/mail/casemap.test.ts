import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { compareFolded, foldCase, foldedPieces } from '#shared/mail/casemap.ts'

describe('foldCase', () => {
  const same: readonly [string, string][] = [
    ['abc', 'ABC'],
    ['grüße', 'GRÜSSE'],
    ['é', 'e\u0301'],
    ['ﬁ', 'fi'],
    ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['ж', 'Ж'],
    ['Å', 'å'],
    ['ǆ', 'ǅ'],
    ['ᾀ', 'ᾈ'],
    ['１', '1'],
    ['𐐨', '𐐀'],
  ]
  it.each(same)('makes %s the same as %s', (one, other) => {
    expect(foldCase(one)).toBe(foldCase(other))
  })

  it.each([
    ['e', 'é'],
    ['a', 'b'],
    ['о', 'o'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(foldCase(one)).not.toBe(foldCase(other))
  })

  it('keeps what was folded', () => {
    for (const [one, other] of same) {
      expect(foldCase(foldCase(one + other))).toBe(foldCase(one + other))
    }
  })
})

describe('foldCase and foldedPieces, of long texts', () => {
  afterEach(() => vi.restoreAllMocks())
  const atOnce = (text: string) => text.normalize('NFKD').toUpperCase().normalize('NFKD')
  const unit = fc.constantFrom(
    'a',
    'é',
    'e\u0323\u0301',
    'ß',
    '中',
    '\u{1f600}',
    '\uff76\uff9e',
    'x\u0301',
  )

  it('fold as if at once', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), fc.nat(300), (units, times) => {
        const text = units.join('').repeat(times)
        const expected = atOnce(text)
        // Not shown when they differ: they are long.
        expect(foldCase(text) === expected).toBe(true)
        expect([...foldedPieces(text)].join('') === expected).toBe(true)
      }),
    )
  })

  it.each(['\u0301\u0323', '\ufdfa', 'é', '\u{1f600}'])(
    'normalise pieces of bounded length, of rows of %j too',
    (row) => {
      const lengths: number[] = []
      const { normalize } = String.prototype
      vi.spyOn(String.prototype, 'normalize').mockImplementation(function (this: string, form) {
        lengths.push(this.length)
        return normalize.call(this, form)
      })
      foldCase(row.repeat(50_000))
      // One becomes 18 at most.
      expect(Math.max(...lengths)).toBeLessThanOrEqual(18 * 1_024)
    },
  )
})

describe('compareFolded', () => {
  it('orders by code point, as octets of UTF-8 do', () => {
    const texts = ['\u{10000}', '\uffff', 'b', '', 'ab', 'a', '\ue000', '\u{1f600}', 'é']
    const sorted = [...texts].sort(compareFolded)
    expect(sorted).toEqual(
      [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })
})
