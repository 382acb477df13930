import { describe, expect, it } from 'vitest'
import { compareFolded, foldCase } from '#shared/mail/casemap.ts'

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

describe('compareFolded', () => {
  it('orders by code point, as octets of UTF-8 do', () => {
    const texts = ['\u{10000}', '\uffff', 'b', '', 'ab', 'a', '\ue000', '\u{1f600}', 'é']
    const sorted = [...texts].sort(compareFolded)
    expect(sorted).toEqual(
      [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })
})
