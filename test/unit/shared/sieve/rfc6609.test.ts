// RFC 6609, scripts within scripts, section by section.

import { describe, expect, it } from 'vitest'
import { INCLUDE_DEPTH_MAX, INCLUDES_MAX } from '#shared/sieve/limits.ts'
import { findings, outcome } from '#test/support/sieve.ts'

const required = 'require ["include", "variables", "fileinto", "relational"];\n'

describe('§3.2 include', () => {
  // The example of the section: four scripts of the user's, one of the administrator's.
  const personal = {
    always_allow: `if address :is "from" "boss@example.com" { keep; }
elsif address :is "from" "ceo@example.com" { keep; }`,
    spam_tests: `require ["reject"];
if header :contains "Subject" "XXXX" { reject "Subject XXXX is unacceptable."; }
elsif address :is "from" "money@example.com" { reject "Mail from this sender is unwelcome."; }`,
    mailing_lists: `require ["fileinto"];
if header :is "List-ID" "sieve.ietf.example" { fileinto "lists.sieve"; }
elsif header :is "List-ID" "ietf-imapext.example" { fileinto "lists.imapext"; }`,
  }
  const global = {
    spam_tests: `require ["reject"];
if anyof (header :contains "Subject" "$$", header :contains "Subject" "Make money")
{ reject "No thank you."; }`,
  }
  const active = `require ["include"];
include :personal "always_allow";
include :global "spam_tests";
include :personal "spam_tests";
include :personal "mailing_lists";`
  it.each([
    ['From: boss@example.com\n\nx', ['keep']],
    ['Subject: Make money\n\nx', ['reject No thank you.']],
    ['Subject: xxxx\n\nx', ['reject Subject XXXX is unacceptable.']],
    ['List-ID: sieve.ietf.example\n\nx', ['fileinto lists.sieve']],
    ['Subject: x\n\nx', ['keep']],
  ])('%j: %j', async (message, expected) => {
    expect(await outcome(active, { message, personal, global })).toEqual(expected)
  })

  it('stop ends all of them', async () => {
    const script = `${required} include "a"; fileinto "B";`
    expect(await outcome(script, { personal: { a: 'stop;' } })).toEqual(['keep'])
  })

  it.each([
    ['include "a";', 'error: line 2: there is no script :personal "a"'],
    ['include :global "b";', 'error: line 2: there is no script :global "b"'],
    ['include :optional "a";', 'keep'],
    // Longer than a name may be, which no store could be asked for.
    [`include :optional "${'\u00e9'.repeat(600)}";`, 'keep'],
    // As it is kept, and not as it is written.
    ['include "o\u0308";', 'discard'],
    ['include :optional :global "b"; include :optional "a";', 'keep'],
  ])('%s', async (script, expected) => {
    expect(
      await outcome(required + script, { personal: { b: 'discard;', '\u00f6': 'discard;' } }),
    ).toEqual([expected])
  })

  it(':once runs a script once, from wherever it is included', async () => {
    const personal = {
      a: 'require "fileinto"; fileinto "A";',
      b: 'require "include"; include :once "a";',
    }
    const script = `${required} include "b"; include :once "a"; include "b"; include "a";`
    expect(await outcome(script, { personal })).toEqual(['fileinto A', 'fileinto A'])
    // The same name of the administrator's is another script.
    const both = `${required} include "a"; include :once :global "a";`
    expect(await outcome(both, { personal, global: { a: 'discard;' } })).toEqual([
      'fileinto A',
      'discard',
    ])
  })

  it.each([
    [
      'a script in itself',
      { a: 'require "include"; include "a";' },
      ':personal "a" includes itself',
    ],
    [
      'around a corner',
      { a: 'require "include"; include "b";', b: 'require "include"; include "a";' },
      ':personal "a" includes itself',
    ],
  ])('%s is an error', async (_name, personal, reason) => {
    expect(await outcome(`${required} include "a";`, { personal })).toEqual([
      `error: line 1: ${reason}`,
    ])
  })

  const nested = (depth: number) =>
    Object.fromEntries(
      Array.from({ length: depth }, (_, i) => [
        `s${i}`,
        i === depth - 1 ? 'discard;' : `require "include"; include "s${i + 1}";`,
      ]),
    )
  it('so deep, and no deeper', async () => {
    const script = `${required} include "s0";`
    expect(await outcome(script, { personal: nested(INCLUDE_DEPTH_MAX) })).toEqual(['discard'])
    expect(await outcome(script, { personal: nested(INCLUDE_DEPTH_MAX + 1) })).toEqual([
      `error: line 1: more than ${INCLUDE_DEPTH_MAX} scripts within each other`,
    ])
  })

  it('so many, and no more', async () => {
    const script = (count: number) => `${required}${'include "a";'.repeat(count)}`
    const personal = { a: '' }
    expect(await outcome(script(INCLUDES_MAX), { personal })).toEqual(['keep'])
    expect(await outcome(script(INCLUDES_MAX + 1), { personal })).toEqual([
      `error: line 2: more than ${INCLUDES_MAX} includes`,
    ])
  })

  it.each([
    ['include "${a}";', 'include takes no variables here'],
    ['include "";', 'include takes the name of a script'],
    ['include ["a"];', 'include takes a string here'],
    ['include :personal :global "a";', ':global and :personal exclude each other'],
  ])('%s is refused', (script, message) => {
    expect(findings(required + script)).toContain(`line 2: ${message}`)
  })
})

describe('§3.3 return', () => {
  it('ends the script it stands in, and no other', async () => {
    const personal = { a: 'require ["include", "fileinto"]; if true { return; } fileinto "A";' }
    const script = `${required} include "a"; fileinto "B";`
    expect(await outcome(script, { personal })).toEqual(['fileinto B'])
  })

  it('of the outermost one, as it does without including any', async () => {
    expect(await outcome(`${required} if true { return; } fileinto "A";`)).toEqual(['keep'])
  })
})

describe('§3.4 variables', () => {
  it('are those of each script alone', async () => {
    const personal = { a: 'require "variables"; set "x" "inner";' }
    const script = `${required} set "x" "outer"; include "a"; fileinto "\${x}";`
    expect(await outcome(script, { personal })).toEqual(['fileinto outer'])
    const read = { a: 'require ["variables", "fileinto"]; fileinto "<${x}${1}>";' }
    const given = `${required} set "x" "y"; if string :matches "z" "*" { include "a"; }`
    expect(await outcome(given, { personal: read })).toEqual(['fileinto <>'])
  })

  it('what a script matches stays its own', async () => {
    const personal = { a: 'require ["variables"]; if string :matches "inner" "*" {}' }
    const script = `${required} if string :matches "outer" "*" { include "a"; fileinto "\${1}"; }`
    expect(await outcome(script, { personal })).toEqual(['fileinto outer'])
  })
})

describe('§3.4.1 global', () => {
  const personal = {
    subject_tests: `require ["include", "variables"];
global ["test", "test_mailbox"];
if header :contains "Subject" "\${test}" { set "test_mailbox" "spam-\${test}"; }`,
  }
  // The example of the section.
  const active = `require ["fileinto", "include", "variables", "relational"];
global "test";
global "test_mailbox";
set "test" "$$";
include "subject_tests";
set "test" "Make money";
include "subject_tests";
if string :count "eq" "\${test_mailbox}" "1" { fileinto "\${test_mailbox}"; stop; }`
  it.each([
    ['Subject: $$\n\nx', 'fileinto spam-$$'],
    ['Subject: make MONEY $$\n\nx', 'fileinto spam-Make money'],
    ['Subject: x\n\nx', 'keep'],
  ])('%j: %s', async (message, expected) => {
    expect(await outcome(active, { message, personal })).toEqual([expected])
  })

  it('a script that does not say so has its own', async () => {
    const own = { a: 'require "variables"; set "x" "inner";' }
    const script = `${required} global "x"; set "x" "outer"; include "a"; fileinto "\${x}";`
    expect(await outcome(script, { personal: own })).toEqual(['fileinto outer'])
  })

  it('what was set before is an error', async () => {
    expect(await outcome(`${required} set "x" "1"; global "X";`)).toEqual([
      'error: line 2: "X" was set before it was said to be global',
    ])
  })

  it.each([
    ['global "1";', '"1" names no variable that can be global'],
    ['global ["a", "a.b"];', '"a.b" names no variable that can be global'],
    ['global "${a}";', 'global takes no variables here'],
  ])('%s is refused', (script, message) => {
    expect(findings(required + script)).toContain(`line 2: ${message}`)
  })

  it('needs variables', () => {
    expect(findings('require "include"; global "a";')).toEqual([
      'line 1: global needs require "variables"',
    ])
  })
})

describe('§3.4.2 the namespace global.', () => {
  it('is the same as global', async () => {
    const script = `${required} global "x"; set "global.x" "1"; fileinto "\${x}\${GLOBAL.X}";`
    expect(await outcome(script)).toEqual(['fileinto 11'])
  })

  it('is shared without a word about it', async () => {
    const personal = { a: 'require ["include", "variables"]; set "global.x" "1";' }
    const script = `${required} include "a"; fileinto "\${global.x}\${x}";`
    expect(await outcome(script, { personal })).toEqual(['fileinto 1'])
  })

  it('needs include', () => {
    expect(findings('require "variables"; set "global.x" "1";')).toEqual([
      'line 1: global. of a variable needs require "include"',
    ])
  })
})
