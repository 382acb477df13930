import { describe, expect, it } from 'vitest'
import { OpenBoundaries } from '#shared/mail/index/open-boundaries.ts'

/** Boundaries by depth, outermost first, and what a line of them matches: depth, with `--` when closing. */
function match(boundaries: readonly string[], line: string): string | null {
  const open = new OpenBoundaries()
  for (const [depth, boundary] of boundaries.entries()) open.open(boundary, depth)
  const bytes = Buffer.from(`xx${line}xx`, 'latin1')
  const found = open.match(bytes, 2, bytes.length - 2)
  return found === null ? null : `${found.depth}${found.isClosing ? '--' : ''}`
}

// RFC 2046 §5.1.1
describe('OpenBoundaries', () => {
  const rows: readonly [readonly string[], string, string | null][] = [
    [['a'], '--a', '0'],
    [['a'], '--a--', '0--'],
    [['a'], '--a-', '0'],
    [['a'], '--a  ', '0'],
    [['a'], '--a--  ', '0--'],
    [['a'], '--a --', '0'],
    [['a'], '--', null],
    [['a'], '--b', null],
    [['ab'], '--a', null],
    [['a'], '--abc', '0'],
    [['a', 'ab'], '--ab', '1'],
    [['ab', 'a'], '--ab', '0'],
    [['ab', 'a'], '--a', '1'],
    [['ab', 'a'], '--ac', '1'],
    [['a', 'ab'], '--ab--', '1--'],
    [['a', 'ab', 'abc'], '--abd', '1'],
    [['a', 'a'], '--a', '1'],
    [['a', 'a--'], '--a--', '1'],
    [['-'], '----', '0'],
    [['-'], '-----', '0--'],
    [[], '--a', null],
    // Long ones are compared in another way.
    [['x'.repeat(41), 'y'.repeat(41)], `--${'x'.repeat(41)}`, '0'],
    [['x'.repeat(41)], `--${'x'.repeat(41)}--`, '0--'],
    [['x'.repeat(41)], `--${'x'.repeat(40)}y`, null],
    [['x'.repeat(41)], `--y${'x'.repeat(41)}`, null],
    [['x'.repeat(41)], `--${'x'.repeat(40)}`, null],
  ]
  for (const [boundaries, line, expected] of rows) {
    it(`[${boundaries.join(' ')}] at ${line} gives ${expected}`, () => {
      expect(match(boundaries, line)).toBe(expected)
    })
  }

  it('forgets the boundaries of a depth and deeper', () => {
    const open = new OpenBoundaries()
    for (const [depth, boundary] of ['aaa', 'bb', 'c'].entries()) open.open(boundary, depth)
    const found = (line: string) => open.match(Buffer.from(line), 0, line.length)?.depth
    open.closeFrom(3)
    expect([found('--aaa'), found('--bb'), found('--c')]).toEqual([0, 1, 2])
    open.closeFrom(1)
    expect([found('--aaa'), found('--bb'), found('--c')]).toEqual([0, undefined, undefined])
  })

  it('knows how short a delimiter can be', () => {
    const open = new OpenBoundaries()
    expect(open.lineBytesMin).toBe(Number.POSITIVE_INFINITY)
    open.open('aaa', 1)
    open.open('b', 2)
    expect(open.lineBytesMin).toBe(3)
    open.closeFrom(2)
    expect(open.lineBytesMin).toBe(5)
    open.closeFrom(0)
    expect(open.lineBytesMin).toBe(Number.POSITIVE_INFINITY)
  })
})
