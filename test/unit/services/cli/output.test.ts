import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clip, wrap } from '#services/cli/output.ts'

describe('text on a terminal', () => {
  it('is broken at blanks, behind its indentation', () => {
    const reason = 'host mx.example.test [192.0.2.1] said: 451 4.7.1 come back later'
    expect(wrap(reason, 40, '    ')).toEqual([
      '    host mx.example.test [192.0.2.1]',
      '    said: 451 4.7.1 come back later',
    ])
  })

  it('fits, whatever it is, and nothing of it is lost', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '1'), maxLength: 300 })
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 120 }), (text, width) => {
        const lines = wrap(text, width, '  ')
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 40))
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
      }),
    )
  })

  it('is cut off where a line must be one', () => {
    expect(clip('x'.repeat(50), 50)).toBe('x'.repeat(50))
    expect(clip('x'.repeat(51), 50)).toBe(`${'x'.repeat(49)}…`)
  })
})
