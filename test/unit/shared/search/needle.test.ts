import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Needle, NeedleScan } from '#shared/search/needle.ts'

function scanned(needles: readonly string[], pieces: readonly string[]) {
  const wanted = needles.map((folded) => new Needle(folded))
  const found = new Set<Needle>()
  const scan = new NeedleScan(wanted, found)
  scan.begin()
  for (const piece of pieces) scan.push(piece)
  return { found: wanted.map((needle) => found.has(needle)), compared: scan.compared }
}

describe('NeedleScan', () => {
  it('finds what String.includes finds, whatever the pieces', () => {
    const text = (maxLength: number) =>
      fc.string({ unit: fc.constantFrom('a', 'a', 'b', '\u{1f600}'), maxLength })
    fc.assert(
      fc.property(
        fc.array(
          text(20).filter((needle) => needle !== ''),
          { minLength: 1, maxLength: 4 },
        ),
        fc.array(text(30), { maxLength: 8 }),
        (needles, pieces) => {
          const whole = pieces.join('')
          const expected = needles.map((needle) => whole.includes(needle))
          expect(scanned(needles, pieces).found).toEqual(expected)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('finds nothing across two texts', () => {
    const needle = new Needle('ab')
    const found = new Set<Needle>()
    const scan = new NeedleScan([needle], found)
    scan.push('a')
    scan.begin()
    scan.push('b')
    expect(found.size).toBe(0)
  })

  const text = 'a'.repeat(100_000)
  it.each([
    ['a…b…a', `${'a'.repeat(4_000)}b${'a'.repeat(4_000)}`],
    ['a…b', `${'a'.repeat(8_000)}b`],
    ['b…a', `b${'a'.repeat(8_000)}`],
    ['a short one', 'aaaaaaab'],
  ])('compares each character a few times only: %s', (_, needle) => {
    const pieces = Array.from({ length: 100 }, (_, at) => text.slice(at * 1_000, (at + 1) * 1_000))
    expect(scanned([needle], pieces).compared).toBeLessThan(3 * text.length)
    expect(scanned([needle], [text]).compared).toBeLessThan(3 * text.length)
  })

  it('leaves most of honest text to the engine', () => {
    const honest = 'the quick brown fox jumps over the lazy dog '.repeat(1_000)
    expect(scanned(['meeting tomorrow'], [honest]).compared).toBeLessThan(honest.length / 10)
  })
})
