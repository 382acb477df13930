// RFC 5183, what a script may know of where it runs.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

const environment = { domain: 'example.com', name: 'Postwolke', phase: 'during', location: 'MDA' }

async function fits(test: string): Promise<boolean> {
  const [first] = await outcome(`require ["environment", "relational"]; if ${test} { discard; }`, {
    environment,
  })
  return first === 'discard'
}

describe('§4 test environment', () => {
  it.each([
    ['environment "domain" "example.com"', true],
    ['environment "DOMAIN" "EXAMPLE.com"', true],
    ['environment :comparator "i;octet" "domain" "EXAMPLE.com"', false],
    ['environment :contains "name" "wolke"', true],
    ['environment :matches "location" "M?A"', true],
    ['environment :is "phase" ["pre", "during"]', true],
    ['environment "host" "example.com"', false],
    // What is not known fits nothing.
    ['environment :contains "host" ""', false],
    ['environment :matches "vnd.nobody.has" "*"', false],
    ['environment :count "eq" "host" "0"', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it.each([
    ['if environment ["domain"] "x" {}', 'environment takes a string here'],
    [
      'if environment "domain" {}',
      'environment takes a string, then a list of strings (behind its tags)',
    ],
  ])('%s is refused', (script, message) => {
    expect(findings(`require "environment"; ${script}`)).toEqual([`line 1: ${message}`])
  })

  it('needs require', () => {
    expect(findings('if environment "domain" "x" {}')).toEqual([
      'line 1: environment needs require "environment"',
    ])
  })
})
