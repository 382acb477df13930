import { describe, expect, it } from 'vitest'
import { substituted } from '#shared/settings/patterns/check-action.ts'
import {
  NESTED_IFS_MAX,
  parsePatternTable,
  RULES_MAX,
} from '#shared/settings/patterns/pattern-table.ts'
import { translatePattern } from '#shared/settings/patterns/translate-pattern.ts'

const rule = (line: string) => parsePatternTable(line).rules[0]
const faults = (text: string) =>
  parsePatternTable(text).faults.map(({ line, reason }) => `${line}: ${reason}`)

describe('a pattern table', () => {
  it('has a pattern and an action a line, comments and empty lines left out', () => {
    const { rules, faults: wrong } = parsePatternTable(
      ['# comment', '', '/^Subject: buy/ REJECT no', ' thanks', '!/x/ dunno', '%a/b%im WARN'].join(
        '\n',
      ),
    )
    expect(wrong).toEqual([])
    expect(rules).toEqual([
      {
        kind: 'match',
        source: '^Subject: buy',
        flags: 'is',
        isNegated: false,
        line: 3,
        action: { verb: 'reject', text: 'no thanks' },
      },
      {
        kind: 'match',
        source: 'x',
        flags: 'is',
        isNegated: true,
        line: 5,
        action: { verb: 'dunno', text: '' },
      },
      {
        kind: 'match',
        source: 'a/b',
        flags: 'ms',
        isNegated: false,
        line: 6,
        action: { verb: 'warn', text: '' },
      },
    ])
  })

  it('has conditions in each other', () => {
    const { rules, faults: wrong } = parsePatternTable(
      ['if /a/', '/b/ HOLD', 'if !/c/', '/d/ HOLD', 'endif', 'ENDIF', '/e/ HOLD'].join('\n'),
    )
    expect(wrong).toEqual([])
    expect(
      rules.map((one) => (one.kind === 'if' ? `${one.source}>${one.end}` : one.source)),
    ).toEqual(['a>4', 'b', 'c>4', 'd', 'e'])
  })

  it.each([
    ['/a/ NOSUCH', '1: unknown action: NOSUCH'],
    ['/a/', '1: unknown action: '],
    ['a REJECT', '1: a pattern between slashes is missing: /pattern/ ACTION'],
    ['/a REJECT', '1: no / ends the pattern'],
    ['/a/xyz REJECT', '1: unknown flags: xyz'],
    ['/(/ REJECT', '1: Invalid regular expression: /(|/is: Unterminated group'],
    ['/a++/ REJECT', expect.stringContaining('1: Invalid regular expression')],
    ['/(?>a)/ REJECT', '1: not understood here: (?>a)'],
    ['/\\hx/ REJECT', '1: not understood here: \\hx'],
    ['/[[:nosuch:]]/ REJECT', '1: not understood here: [[:nosuch:]]'],
    ['/a/ PREPEND', '1: PREPEND what?'],
    ['/a/ REDIRECT', '1: REDIRECT to which address?'],
    ['/a/ FILTER smtp', '1: FILTER transport:destination'],
    ['/a/ DUNNO x', '1: nothing stands behind DUNNO'],
    ['/(a)/ REPLACE $2', '1: $2 is no group of the pattern'],
    ['!/(a)/ REPLACE $1', '1: what did not match has no $1'],
    ['if /a/\n/b/ HOLD', '1: if without endif'],
    ['endif', '1: endif without if'],
    ['if /a/ HOLD\nendif', '1: nothing stands behind the pattern of an if'],
  ])('tells what is wrong with %j', (text, fault) => {
    expect(faults(text)).toEqual([fault])
  })

  it('is bounded', () => {
    const many = (count: number) => Array.from({ length: count }, () => '/a/ HOLD').join('\n')
    expect(faults(many(RULES_MAX))).toEqual([])
    expect(faults(many(RULES_MAX + 1))).toEqual([`0: more than ${RULES_MAX} lines`])
    const nested = (depth: number) => `${'if /a/\n'.repeat(depth)}${'endif\n'.repeat(depth)}`
    expect(faults(nested(NESTED_IFS_MAX))).toEqual([])
    expect(faults(nested(NESTED_IFS_MAX + 1))).toHaveLength(1)
  })
})

describe('patterns of POSIX and PCRE tables', () => {
  it.each([
    ['/[[:space:]]+x/ HOLD', 'a \tx', true],
    ['/^[]a]+$/ HOLD', ']a', true],
    ['/^[^]a]+$/ HOLD', ']', false],
    ['/^[[a]+$/ HOLD', '[a', true],
    ['/a\\/b/ HOLD', 'a/b', true],
    ['/a\\@b/ HOLD', 'a@b', true],
    ['/ABC/ HOLD', 'abc', true],
    ['/ABC/i HOLD', 'abc', false],
    ['/(?i)ABC/i HOLD', 'abc', true],
    ['/a.b/ HOLD', 'a\nb', true],
    ['/a.b/s HOLD', 'a\nb', false],
    ['/^b/ HOLD', 'a\nb', false],
    ['/^b/m HOLD', 'a\nb', true],
    ['/ä/ HOLD', Buffer.from('ä').toString('latin1'), true],
    ['/a(?!b)/ HOLD', 'ab', false],
    ['/x\\x41/i HOLD', 'xA', true],
  ])('%s of %j', (line, text, matches) => {
    const { source = '', flags = '' } = rule(line) ?? {}
    expect(new RegExp(source, flags).test(text)).toBe(matches)
  })

  it('have as many groups as they have', () => {
    expect(translatePattern('(a)(?:b)(?<c>d)', new Set())).toMatchObject({ groups: 2 })
  })
})

describe('what matched, in the text of an action', () => {
  it.each([
    ['$1', 'one'],
    ['$' + '{1}2 $(2)', 'one2 two'],
    ['$$1', '$1'],
    ['$0', 'all'],
    ['$9', ''],
    ['$x', '$x'],
  ])('%s', (text, result) => {
    expect(substituted(text, ['all', 'one', 'two'])).toBe(result)
  })
})
