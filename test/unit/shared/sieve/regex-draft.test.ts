// draft-murchison-sieve-regex-07, section by section. What an expression fits is in regex/search.test.ts.

import { describe, expect, it } from 'vitest'
import { REGEX_SCRIPT_INSTRUCTIONS_MAX } from '#shared/sieve/limits.ts'
import { findings, outcome } from '#test/support/sieve.ts'

const required =
  'require ["regex", "variables", "fileinto", "imap4flags", "comparator-i;unicode-casemap"];\n'

async function fits(test: string, message = 'Subject: Hallo Welt\nTo: me+x@company.com\n\nx') {
  const [first] = await outcome(`${required}if ${test} { discard; }`, { message })
  return first === 'discard'
}

describe('§3 the match type :regex', () => {
  // The example of the section.
  const script = `require "regex";
if anyof (
  not address :regex ["to", "cc", "bcc"] "me(\\\\+.*)?@company\\\\.com",
  header :regex :comparator "i;octet" "subject" "^[^[:lower:]]+$" ) {
  discard;
}`
  it.each([
    ['To: me@company.com\nSubject: Hi\n\nx', 'keep'],
    ['To: me+work@company.com\nSubject: Hi\n\nx', 'keep'],
    ['To: you@company.com\nSubject: Hi\n\nx', 'discard'],
    ['To: me@company.com\nSubject: BUY NOW!\n\nx', 'discard'],
  ])('%j: %s', async (message, expected) => {
    expect(await outcome(script, { message })).toEqual([expected])
  })

  it.each([
    ['header :regex "subject" "^hallo"', true],
    ['header :regex :comparator "i;octet" "subject" "^hallo"', false],
    ['header :regex "subject" ["^nobody", "WELT$"]', true],
    ['address :domain :regex "to" "^company\\\\."', true],
    ['string :regex "abc" "b"', true],
    ['header :regex :comparator "i;unicode-casemap" "x-u" "^größe$"', true],
    ['header :regex "x-u" "^größe$"', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test, 'Subject: Hallo Welt\nTo: me@company.com\nX-U: GRÖßE\n\nx')).toBe(
      expected,
    )
  })

  it('its groups are match variables, the whole of what fits the first', async () => {
    const script = `if header :regex "subject" "(h)(x)?(.*) (w)" { fileinto "\${0}|\${1}|\${2}|\${3}|\${4}|\${5}"; }`
    expect(await outcome(required + script, { message: 'Subject: oh Hallo Welt\n\nx' })).toEqual([
      'fileinto h Hallo W|h||' + ' Hallo|W|',
    ])
  })

  it('an expression with variables in it is read when it is used', async () => {
    const script = `set "who" "hallo"; if header :regex "subject" "^\${who} w" { discard; }`
    expect(await outcome(required + script, { message: 'Subject: Hallo Welt\n\nx' })).toEqual([
      'discard',
    ])
    const wrong = `set "who" "(";\nif header :regex "subject" "a\${who}" { }`
    expect(await outcome(required + wrong)).toEqual([
      'error: line 3: the expression "a(" at 2: this ( has no )',
    ])
  })

  it('one without is read when the script is, and its place is told', () => {
    const script = `${required}if header :regex "subject" [\n  "fine",\n  "a(b"] { }`
    expect(findings(script)).toEqual(['line 4: the expression "a(b" at 2: this ( has no )'])
  })

  it.each([
    [
      'if header :regex :comparator "i;ascii-numeric" "a" "b" {}',
      '"i;ascii-numeric" compares whole values: it has no :regex',
    ],
    ['if header :regex :is "a" "b" {}', ':is and :regex exclude each other'],
  ])('%s is refused', (script, message) => {
    expect(findings(`require ["regex", "comparator-i;ascii-numeric"]; ${script}`)).toContain(
      `line 1: ${message}`,
    )
  })

  it('needs require', () => {
    expect(findings('if header :regex "a" "b" {}')).toEqual([
      'line 1: :regex needs require "regex"',
    ])
  })
})

describe(':quoteregex', () => {
  const special = 'a.b*c+d?e[f]g{h}i(j)k|l^m$n\\\\o-p/q"'
  it('makes an expression that fits the text alone', async () => {
    const text = special.replace(/"/, '\\"')
    const script = `set :quoteregex "q" "${text}"; if allof (string :regex "${text}" "^\${q}$", not string :regex "axb" "^\${q}$") { discard; }`
    expect(await outcome(required + script)).toEqual(['discard'])
  })

  it('needs require', () => {
    expect(findings('require "variables"; set :quoteregex "a" "b";')).toEqual([
      'line 1: :quoteregex needs require "regex"',
    ])
  })
})

describe('§4 what it costs', () => {
  it('is counted in steps', async () => {
    const message = `Subject: ${'a'.repeat(5_000)}\n\nx`
    const script = `${required}if header :regex "subject" "(a*)*(a*)*(a|a)*b" { discard; }`
    expect(await outcome(script, { message, limits: { steps: 100_000 } })).toEqual(['keep'])
    expect(await outcome(script, { message, limits: { steps: 500 } })).toEqual([
      'error: line 2: the script takes more than 500 steps',
    ])
  })

  it('is bounded for all expressions of a script', () => {
    // 3,902 states each.
    const script = (count: number) =>
      `${required}if header :regex "a" [${Array.from({ length: count }, (_, i) => `"${i % 10}a{250}{15}b{150}"`).join()}] {}`
    const fitting = Math.floor(REGEX_SCRIPT_INSTRUCTIONS_MAX / 3_902)
    expect(findings(script(fitting)).filter((each) => !each.includes('warning'))).toEqual([])
    expect(findings(script(fitting + 1))).toContain(
      `line 2: the expressions of a script have ${REGEX_SCRIPT_INSTRUCTIONS_MAX} states at most`,
    )
  })
})
