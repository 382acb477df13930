// RFC 6134 (extlists), section by section.

import { describe, expect, it } from 'vitest'
import { listName } from '#shared/sieve/run/list-name.ts'
import { findings, outcome, run, type Situation } from '#test/support/sieve.ts'

const needs =
  'require ["extlists", "envelope", "subaddress", "variables", "fileinto", "copy", "relational"]; '
const mylist = 'tag:example.com,2010-05-28:mylist'
const situation: Situation = {
  lists: {
    'urn:ietf:params:sieve:addrbook:default': ['coyote@desert.example', 'Hi'],
    [mylist]: ['a@b.example', 'c@d.example'],
    'tag:example.com,2026:empty': [],
    'tag:example.com,2026:wrong': ['nobody'],
    'tag:example.com,2026:many': [
      'a@b.example',
      'c@b.example',
      'd@b.example',
      'e@b.example',
      'f@b.example',
    ],
  },
}
const done = (script: string) => outcome(needs + script, situation)
const fits = async (test: string) => (await done(`if ${test} { discard; }`))[0] === 'discard'

describe('§2.2 :list', () => {
  it.each([
    ['envelope :list "from" ":addrbook:default"', true],
    ['envelope :list "from" ":ADDRBOOK:Default"', true],
    ['envelope :list "from" "urn:ietf:params:sieve:addrbook:default"', true],
    ['envelope :list "from" "urn:ietf:params:sieve:addrbook:work"', false],
    ['address :list "to" ":addrbook:default"', false],
    ['address :list "from" ["tag:example.com,2026:none", ":addrbook:default"]', true],
    ['header :list "subject" ":addrbook:default"', true],
    ['string :list ["x", "a@b.example"] "tag:example.com,2010-05-28:mylist"', true],
    // What names no list, and a list that is not known, hold nothing.
    ['string :list "Hi" "default"', false],
    ['not string :list "Hi" "tag:example.com,2026:none"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('keeps the value that the list holds', async () => {
    expect(
      await done(`if envelope :list "from" ":addrbook:default" { fileinto "\${0}"; }`),
    ).toEqual(['fileinto coyote@desert.example'])
  })

  it('waits for each answer where several tests are asked', async () => {
    expect(
      await fits(
        'anyof (envelope :list "to" ":addrbook:default", envelope :list "from" ":addrbook:default")',
      ),
    ).toBe(true)
    expect(
      await fits(
        'allof (envelope :list "from" ":addrbook:default", envelope :list "to" ":addrbook:default")',
      ),
    ).toBe(false)
  })

  it('costs what asking costs', async () => {
    const script = `${needs}if string :list "x" "${mylist}" { discard; }`
    const result = await run(script, { ...situation, limits: { steps: 50 } })
    expect(result).toMatchObject({ kind: 'failed', reason: 'the script takes more than 50 steps' })
  })
})

describe('§2.3 redirect :list', () => {
  it.each([
    [`redirect :list "${mylist}";`, ['redirect a@b.example', 'redirect c@d.example']],
    [`redirect :list :copy "${mylist}";`, ['redirect a@b.example', 'redirect c@d.example', 'keep']],
    [
      'redirect :list "tag:example.com,2026:none";',
      ['error: line 1: there is no list "tag:example.com,2026:none" to redirect to'],
    ],
    // It would be lost.
    [
      'redirect :list "tag:example.com,2026:empty";',
      ['error: line 1: the list "tag:example.com,2026:empty" has no addresses'],
    ],
    [
      'redirect :list "tag:example.com,2026:wrong";',
      ['error: line 1: "nobody" is no address to redirect to'],
    ],
    ['redirect :list "tag:example.com,2026:many";', ['error: line 1: more than 4 redirects']],
    ['set "l" "x"; redirect :list "${l}";', ['error: line 1: there is no list "x" to redirect to']],
  ])('%s', async (script, actions) => {
    expect(await done(script)).toEqual(actions)
  })
})

describe('§2.4 valid_ext_list', () => {
  it.each([
    ['valid_ext_list ":addrbook:default"', true],
    [`valid_ext_list [":addrbook:default", "${mylist}"]`, true],
    ['valid_ext_list [":addrbook:default", ":addrbook:work"]', false],
    ['valid_ext_list "mylist"', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })
})

describe('§2.6 names', () => {
  it.each([
    [':addrbook:default', 'urn:ietf:params:sieve:addrbook:default'],
    ['URN:IETF:params:sieve:addrbook:DEFAULT', 'urn:ietf:params:sieve:addrbook:default'],
    [':addrbook:Work%20mates', 'urn:ietf:params:sieve:addrbook:Work mates'],
    ['tag:example.com,2010-05-28:mylist', 'tag:example.com,2010-05-28:mylist'],
    [':addrbook:', undefined],
    [':addrbook:%FF', undefined],
    ['tag:example.com:mylist', undefined],
    ['tag:example.com,2010:my list', undefined],
    ['http://example.com/', undefined],
    [`:addrbook:${'x'.repeat(1_000)}`, undefined],
  ])('%s', (written, name) => {
    expect(listName(written)).toBe(name)
  })
})

it.each([
  ['if header :list "from" ":addrbook:default" { }', 'line 1: :list needs require "extlists"'],
  ['redirect :list ":addrbook:default";', 'line 1: :list needs require "extlists"'],
  [
    'require "extlists"; redirect :list "a@b.example";',
    'line 1: "a@b.example" is no name of a list',
  ],
  [
    'require "extlists"; if header :list :comparator "i;octet" "from" ":addrbook:default" { }',
    'line 1: a list compares in its own way: :list takes no :comparator',
  ],
  [
    'require "extlists"; if header :list :is "from" "x" { }',
    'line 1: :is and :list exclude each other',
  ],
])('%s', (script, finding) => {
  expect(findings(script)).toEqual([finding])
})
