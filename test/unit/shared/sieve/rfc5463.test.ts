// RFC 5463, extensions that may be missing, section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

describe('§4 ihave', () => {
  it.each([
    [
      'an extension is granted from there on, behind its block too',
      'if ihave "fileinto" { } fileinto "A";',
      'fileinto A',
    ],
    [
      'before that it is an error when it is reached',
      'fileinto "A"; if ihave "fileinto" { }',
      'error: line 2: fileinto needs "fileinto"',
    ],
    ['what is not reached is none', 'if false { fileinto "A"; nonsense "x"; }', 'keep'],
    [
      'an unknown command',
      'if not ihave "nonsense" { nonsense :much "x" { keep; } }',
      'error: line 2: no command is named nonsense',
    ],
    ['an unknown test', 'if allof (ihave "nonsense", nonsense "x") { discard; }', 'keep'],
    ['an unknown tag', 'if ihave "nonsense" { keep :much; }', 'keep'],
    [
      'an unknown comparator that is not reached',
      'if allof (ihave "x", header :comparator "i;x" "a" "b") { discard; }',
      'keep',
    ],
    [
      'one that is',
      'if header :comparator "i;x" "a" "b" { }',
      'error: line 2: the comparator "i;x" is not known here',
    ],
    [
      'a comparator is an extension as others are',
      'if ihave "comparator-i;ascii-numeric" { if header :comparator "i;ascii-numeric" "x-n" "1" { discard; } }',
      'discard',
    ],
    ['a tag is', 'if ihave "imap4flags" { keep :flags "a"; }', 'keep [a]'],
    [
      'a match type is',
      'if allof (ihave "relational", header :count "eq" "x-n" "1") { discard; }',
      'discard',
    ],
    [
      'a part of the envelope is',
      'if allof (ihave ["envelope", "envelope-dsn"], envelope "notify" "NEVER") { discard; }',
      'keep',
    ],
    [
      'what comes with another is',
      'if ihave "vacation-seconds" { vacation :seconds 1 "x"; }',
      'vacation x',
    ],
    [
      'all or none of a list',
      'if ihave ["fileinto", "nonsense"] { } fileinto "A";',
      'error: line 2: fileinto needs "fileinto"',
    ],
    ['the names are compared as they are', 'if ihave "FILEINTO" { discard; }', 'keep'],
    ['variables cannot come late', 'if ihave "variables" { discard; }', 'keep'],
    ['nor encoded characters', 'if ihave "encoded-character" { discard; }', 'keep'],
  ])('%s', async (_name, script, expected) => {
    const [first] = await outcome(`require "ihave";\n${script}`, { message: 'X-N: 01\n\nx' })
    expect(first).toBe(expected)
  })

  it('what is required is there', async () => {
    const script = 'require ["ihave", "variables"]; if ihave "variables" { discard; }'
    expect(await outcome(script)).toEqual(['discard'])
  })

  it('an included script is granted what it asks for itself', async () => {
    const script = 'require ["ihave", "include"]; if ihave "fileinto" { include "a"; }'
    const personal = { a: 'require "ihave"; fileinto "A";' }
    expect(await outcome(script, { personal })).toEqual([
      'error: line 1: fileinto needs "fileinto"',
    ])
  })

  it.each([
    ['if ihave "${a}" {}', 'ihave takes no variables here'],
    ['if ihave :is "a" {}', 'ihave has no :is'],
    ['redirect "nobody";', '"nobody" is no address with a domain'],
    ['keep "x";', 'keep takes no arguments but tags'],
  ])('%s is wrong whatever there is', (script, message) => {
    const all = findings(`require ["ihave", "variables"];\n${script}`)
    expect(
      all.filter((each) => each.startsWith('line 2') && !each.includes('warning')),
    ).toHaveLength(message.startsWith('ihave has') ? 0 : 1)
    if (!message.startsWith('ihave has')) expect(all).toContain(`line 2: ${message}`)
  })
})

describe('§5 error', () => {
  it('ends the script with its words, and the message is kept', async () => {
    expect(await outcome('require "ihave";\ndiscard;\nerror "no ${a}";')).toEqual([
      'error: line 3: no ${a}',
    ])
  })

  it('needs require', () => {
    expect(findings('error "x";')).toEqual(['line 1: error needs require "ihave"'])
  })
})
