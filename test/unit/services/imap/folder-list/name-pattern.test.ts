import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, PATTERN_WILDCARDS_MAX } from '#services/imap/folder-list/name-pattern.ts'

const names = ['INBOX', 'INBOX/lists', 'INBOXES', 'a', 'a/b', 'a/b/c', 'ab', 'b', 'Café', '100%']

const matching = (pattern: string, reference = '') =>
  names.filter(compilePattern(reference, pattern)).join(' ')

describe('compilePattern', () => {
  it.each([
    // RFC 9051 §6.3.9: without wildcards a name is itself.
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['A', ''],
    // % is anything within one level.
    ['%', 'INBOX INBOXES a ab b Café 100%'],
    ['a%', 'a ab'],
    ['%b', 'ab b'],
    ['%/%', 'INBOX/lists a/b'],
    ['%/b', 'a/b'],
    ['a/%', 'a/b'],
    ['%%', 'INBOX INBOXES a ab b Café 100%'],
    // * is anything.
    ['*', names.join(' ')],
    ['a*', 'a a/b a/b/c ab'],
    ['*b', 'a/b ab b'],
    ['*/c', 'a/b/c'],
    ['a/*', 'a/b a/b/c'],
    ['a/*/c', 'a/b/c'],
    ['a/*c', 'a/b/c'],
    ['%*', names.join(' ')],
    ['*%', names.join(' ')],
    ['%/*', 'INBOX/lists a/b a/b/c'],
    // RFC 9051 §5.1: INBOX in any case, and what is below it.
    ['inbox', 'INBOX'],
    ['inb%', 'INBOX'],
    ['inbox/%', 'INBOX/lists'],
    ['inbox/LISTS', ''],
    ['inbox%', 'INBOX'],
    ['INBOX%', 'INBOX INBOXES'],
    // What means something in a regular expression means itself.
    ['.', ''],
    ['[ab]', ''],
    ['100%', '100%'],
    // Names are compared in one normal form.
    ['Cafe\u0301', 'Café'],
    ['Cafe\u0301%', 'Café'],
  ])('%s matches %s', (pattern, expected) => {
    expect(matching(pattern)).toBe(expected)
  })

  it('puts the reference before the pattern as it is', () => {
    expect(matching('%', 'a/')).toBe('a/b')
    expect(matching('/%', 'a')).toBe('a/b')
    expect(matching('%', 'a')).toBe('a ab')
  })

  it('follows as many wildcards as are allowed, and no more', () => {
    const wildcards = (count: number) => 'x*'.repeat(count)
    const name = 'xx'.repeat(PATTERN_WILDCARDS_MAX)
    expect(compilePattern('', wildcards(PATTERN_WILDCARDS_MAX))(name)).toBe(true)
    expect(compilePattern('', wildcards(PATTERN_WILDCARDS_MAX + 1))(name)).toBe(false)
  })

  it('looks at each character of a hostile pattern a bounded number of times', () => {
    // With backtracking this would not end.
    const hostile = compilePattern('', `${'*a'.repeat(PATTERN_WILDCARDS_MAX)}b`)
    expect(hostile('a'.repeat(900))).toBe(false)
  })

  it('matches what its definition matches', () => {
    const letters = fc.constantFrom(
      'a',
      'b',
      '/',
      'aab',
      'ba/',
      'I',
      'INBOX',
      'inbox/',
      'ab'.repeat(20),
    )
    const wild = fc.constantFrom('*', '%')
    const text = (part: fc.Arbitrary<string>, maxLength: number) =>
      fc.array(part, { maxLength }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text(fc.oneof(letters, wild), 12), text(letters, 12), (pattern, path) => {
        fc.pre((pattern.match(/[*%]+/g)?.length ?? 0) <= PATTERN_WILDCARDS_MAX)
        fc.pre(pattern.length < 900)
        expect(compilePattern('', pattern)(path)).toBe(naive(pattern, path))
      }),
      { numRuns: 5_000 },
    )
  })

  it('matches nothing with more than any path can have', () => {
    expect(compilePattern('', `*${'a'.repeat(2_000)}`)('a'.repeat(2_000))).toBe(false)
  })
})

/** By trying everything, remembering what was tried. */
function naive(pattern: string, path: string): boolean {
  const caseless = path === 'INBOX' || path.startsWith('INBOX/') ? 5 : 0
  const tried = new Map<number, boolean>()
  const from = (p: number, i: number): boolean => {
    const key = p * 10_000 + i
    const known = tried.get(key)
    if (known !== undefined) return known
    const wanted = pattern[p]
    const character = path[i]
    let result: boolean
    if (wanted === undefined) result = character === undefined
    else if (wanted === '*' || wanted === '%') {
      const takes = character !== undefined && (wanted === '*' || character !== '/')
      result = from(p + 1, i) || (takes && from(p, i + 1))
    } else {
      const same = wanted === character || (i < caseless && wanted.toUpperCase() === character)
      result = same && from(p + 1, i + 1)
    }
    tried.set(key, result)
    return result
  }
  return from(0, 0)
}
