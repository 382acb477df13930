import { describe, expect, it } from 'vitest'
import {
  compilePattern,
  PATTERN_WILDCARDS_MAX,
} from '#services/imap/mailbox-list/mailbox-pattern.ts'

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
})
