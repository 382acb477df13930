// RFC 5235 (spamtest, spamtestplus, virustest), section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome, type Situation } from '#test/support/sieve.ts'

const numbers = '"fileinto", "relational", "comparator-i;ascii-numeric"'

const spam = (spamPercent: number | undefined): Situation => ({ verdict: { spamPercent } })

describe('§3.2.1 spamtest: 0 to 10', () => {
  it.each([
    [undefined, '0'],
    [0, '1'],
    [1, '2'],
    [37, '4'],
    [50, '6'],
    [99, '9'],
    [100, '10'],
  ])('%s percent is %s', async (percent, value) => {
    const script = `require "spamtest"; if spamtest "${value}" { discard; }`
    expect(await outcome(script, spam(percent))).toEqual(['discard'])
  })

  it.each([
    [undefined, ['fileinto INBOX.unclassified']],
    [0, ['keep']],
    [80, ['fileinto INBOX.spam-trap']],
  ])('the example, of %s percent', async (percent, actions) => {
    const script = `require ["spamtest", ${numbers}];
      if spamtest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.unclassified"; }
      elsif spamtest :value "ge" :comparator "i;ascii-numeric" "3" { fileinto "INBOX.spam-trap"; }`
    expect(await outcome(script, spam(percent))).toEqual(actions)
  })
})

describe('§3.2.2 spamtest :percent', () => {
  const first = 'spamtest :value "eq" :comparator "i;ascii-numeric" "0"'
  const counted = 'spamtest :percent :count "eq" :comparator "i;ascii-numeric" "0"'
  describe.each([first, counted])('the example with %s', (untested) => {
    it.each([
      [undefined, ['fileinto INBOX.unclassified']],
      [0, ['fileinto INBOX.not-spam']],
      [1, ['fileinto INBOX.spam-trap']],
      [36, ['fileinto INBOX.spam-trap']],
      [37, ['discard']],
      [100, ['discard']],
    ])('of %s percent', async (percent, actions) => {
      const script = `require ["spamtestplus", ${numbers}];
        if ${untested} { fileinto "INBOX.unclassified"; }
        elsif spamtest :percent :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.not-spam"; }
        elsif spamtest :percent :value "lt" :comparator "i;ascii-numeric" "37" { fileinto "INBOX.spam-trap"; }
        else { discard; }`
      expect(await outcome(script, spam(percent))).toEqual(actions)
    })
  })
})

describe('§3.3 virustest', () => {
  const script = `require ["virustest", ${numbers}];
    if virustest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.unclassified"; }
    if virustest :value "eq" :comparator "i;ascii-numeric" "4" { fileinto "INBOX.quarantine"; }
    elsif virustest :value "eq" :comparator "i;ascii-numeric" "5" { discard; }`
  it.each([
    [0, ['fileinto INBOX.unclassified']],
    [1, ['keep']],
    [4, ['fileinto INBOX.quarantine']],
    [5, ['discard']],
  ] as const)('of %s', async (virus, actions) => {
    expect(await outcome(script, { verdict: { virus } })).toEqual(actions)
  })

  it.each([
    [0, '0'],
    [1, '1'],
  ] as const)('§3.1: of %s, counts %s', async (virus, count) => {
    const counting = `require ["virustest", ${numbers}]; if virustest :count "eq" :comparator "i;ascii-numeric" "${count}" { discard; }`
    expect(await outcome(counting, { verdict: { virus } })).toEqual(['discard'])
  })
})

it.each([
  ['if spamtest "1" { }', 'line 1: spamtest needs require "spamtest"'],
  [
    'require "spamtest"; if spamtest :percent "1" { }',
    'line 1: :percent needs require "spamtestplus"',
  ],
  ['require "spamtest"; if virustest "1" { }', 'line 1: virustest needs require "virustest"'],
  ['require "spamtest"; if spamtest ["1", "2"] { }', 'line 1: spamtest takes a string here'],
])('%s', (script, finding) => {
  expect(findings(script)).toEqual([finding])
})

it('spamtestplus has spamtest, too (§3.2)', () => {
  expect(findings('require "spamtestplus"; if spamtest "1" { }')).toEqual([])
})
