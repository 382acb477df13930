// What is told to the owner of a script that runs all the same, and old names of what has another one now.

import { describe, expect, it } from 'vitest'
import { PROBLEMS_MAX } from '#shared/sieve/limits.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { findings } from '#test/support/sieve.ts'

describe('what nobody needs', () => {
  it('is told with its place', () => {
    const script = 'require ["fileinto",\n  "copy", "variables"];\nfileinto "a";'
    expect(findings(script)).toEqual([
      'line 2: warning: nothing here needs "copy"',
      'line 2: warning: nothing here needs "variables"',
    ])
  })

  it.each([
    ['variables', 'keep; if true { set "a" "b"; }'],
    ['variables', 'redirect "${a}@b.example";'],
    ['encoded-character', 'if exists "${hex:61}" {}'],
    ['ihave', 'if ihave "copy" {}'],
    ['copy', 'redirect :copy "a@b.example";'],
    ['relational', 'if header :count "eq" "a" "b" {}'],
    ['regex', 'if header :regex "a" "b" {}'],
    ['comparator-i;ascii-numeric', 'if header :comparator "i;ascii-numeric" "a" "1" {}'],
    ['comparator-i;octet', 'keep;'],
    ['vacation-seconds', 'vacation "x";'],
    ['vacation-seconds", "vacation', 'vacation :seconds 1 "x";'],
    ['envelope", "envelope-dsn', 'if envelope "ret" "FULL" {}'],
    ['spamtestplus', 'if spamtest "1" {}'],
  ])('%s is needed by %s', (extension, script) => {
    expect(findings(`require ["${extension}"]; ${script}`)).toEqual([])
  })

  it.each([...vocabulary.extensions])('a script with %s and nothing else runs', (extension) => {
    const all = findings(`require "${extension}";`)
    expect(all.filter((each) => !each.includes('warning: nothing here needs'))).toEqual([])
  })
})

describe('what is never reached', () => {
  it.each([
    ['stop;\nkeep;\ndiscard;', ['line 2: warning: behind stop nothing is reached']],
    ['if true {\nstop;\nkeep; }\nkeep;', ['line 3: warning: behind stop nothing is reached']],
    [
      'require "ihave"; if ihave "x" {\nerror "x";\nkeep; }',
      ['line 3: warning: behind error nothing is reached'],
    ],
    ['require "include"; return;\nkeep;', ['line 2: warning: behind return nothing is reached']],
    ['if true { stop; } else { stop; }', []],
    ['keep; stop;', []],
  ])('%j', (script, expected) => {
    expect(findings(script)).toEqual(expected)
  })
})

describe('old names', () => {
  it.each([
    ['imapflags', 'imap4flags'],
    ['notify', 'enotify'],
    ['vnd.dovecot.duplicate', 'duplicate'],
  ])('%s is now %s', (old, now) => {
    expect(findings(`require "${old}";`)).toEqual([
      `line 1: "${old}" is the name of an old draft; its words are now those of require "${now}"`,
    ])
  })

  it('mark is now a flag', () => {
    expect(findings('require "imap4flags"; mark;')).toContain(
      'line 1: no command is named mark; write addflag "\\\\Flagged"',
    )
  })
})

describe('fields without addresses', () => {
  it('fit nothing, which is told', () => {
    expect(findings('if address "Subject" "x" {}')).toEqual([
      'line 1: warning: Subject is no field of addresses: nothing in it fits',
    ])
    const some =
      '["From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Resent-From", "Delivered-To", "X-Original-To", "Return-Path"]'
    expect(findings(`if address ${some} "x" {}`)).toEqual([])
  })
})

describe('many problems', () => {
  it('an error is told, and refuses the script, whatever was told before', () => {
    const warned = 'if address "Subject" "x" {}\n'.repeat(PROBLEMS_MAX + 10)
    const all = findings(`${warned}nonsense;`)
    expect(all).toHaveLength(PROBLEMS_MAX)
    expect(all.at(-1)).toBe(`line ${PROBLEMS_MAX + 11}: no command is named nonsense`)
  })

  it(`${PROBLEMS_MAX} are told at once`, () => {
    expect(findings('nonsense;'.repeat(PROBLEMS_MAX))).toHaveLength(PROBLEMS_MAX)
    expect(findings('nonsense;'.repeat(PROBLEMS_MAX + 1))).toHaveLength(PROBLEMS_MAX)
  })
})

describe('an argument of the wrong kind', () => {
  it.each([
    'require "variables"; set ["a"] "b";',
    'require "variables"; set 1 2;',
    'redirect ["a"];',
    'require "include"; include ["a"]; global 1;',
    'require "envelope"; if envelope 1 2 {}',
    'if size :over {}',
    'if header :comparator "a" {}',
    'require "imap4flags"; setflag ["a"] "b"; if hasflag 1 {}',
    'require "vacation"; vacation :from ["a"] :days "x" 1;',
  ])('%s is told', (script) => {
    expect(findings(script).length).toBeGreaterThan(0)
  })
})
