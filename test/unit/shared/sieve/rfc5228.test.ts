// RFC 5228, section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

describe('§2.4.2.4 encoded characters', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['$${hex:40}', '$@'],
    ['${hex: 40 }', '@'],
    ['${HEX: 40}', '@'],
    ['${hex:40', '${hex:40'],
    ['${hex:400}', '${hex:400}'],
    ['${hex:4${hex:30}}', '${hex:40}'],
    ['${unicode:40}', '@'],
    ['${ unicode:40}', '${ unicode:40}'],
    ['${UnICoDE:0000040}', '@'],
    ['${Unicode:Cool}', '${Unicode:Cool}'],
    ['${hex:C3}${hex:A4}', 'ä'],
  ]
  it.each(cases)('%s is %s', async (written, meant) => {
    const script = `require ["encoded-character", "fileinto"]; fileinto "${written}";`
    expect(await outcome(script)).toEqual([`fileinto ${meant}`])
  })

  it.each(['${unicode:200000}', '${Unicode:DF01}'])('%s is an error', (written) => {
    expect(findings(`require "encoded-character"; if exists "${written}" {}`)).toEqual([
      'line 1: unicode: stands before the numbers of characters, and this is none',
    ])
  })
})

describe('§2.7.1 match types', () => {
  const message = 'Subject: frobnitzm\n\nx'
  const fits = async (test: string) =>
    (await outcome(`if ${test} { discard; }`, { message }))[0] === 'discard'
  it.each([
    ['header :contains "subject" "frob"', true],
    ['header :contains "subject" "nit"', true],
    ['header :contains "subject" "fbm"', false],
    ['header :contains "subject" ""', true],
    ['header :is "subject" "frobnitzm"', true],
    ['header :is "subject" ""', false],
    ['header :matches "subject" "frob*m"', true],
    ['header :matches "subject" "?robnit?m"', true],
    ['header :matches "subject" "frob?"', false],
    ['header :matches "subject" "*n?t*"', true],
    ['header :matches "subject" "*n?z*"', false],
    ['header :matches "subject" "\\\\*"', false],
    ['header :comparator "i;octet" :contains "subject" "FROB"', false],
    ['header :contains "subject" "FROB"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })
})

describe('§3 and §8: what is no script is refused with its place', () => {
  it.each([
    ['if true { keep }', 'line 1: }: behind keep and its arguments stands ; or {'],
    ['keep;\n\nfileinto "x";', 'line 3: fileinto needs require "fileinto"'],
    ['keep; require "fileinto";', 'line 1: require stands before all other commands'],
    ['require "nonsense";', 'line 1: the extension "nonsense" is not known here'],
    ['else { keep; }', 'line 1: else stands behind the block of if or elsif'],
    ['header "a" "b";', 'line 1: header is a test: it stands behind if'],
    ['if header :is :contains "a" "b" { }', 'line 1: :contains and :is exclude each other'],
    ['if exists "a", "b" { }', 'line 1: ,: behind if and its arguments stands ; or {'],
    ['redirect "nobody";', 'line 1: "nobody" is no address with a domain'],
    ['keep "x";', 'line 1: keep takes no arguments but tags'],
    ['if size :over "1" { }', 'line 1: :over takes a number here'],
    ['redirect "a@b.example', 'line 1: this string has no end, which is "'],
    ['/* x', 'line 1: this comment has no end, which is */'],
  ])('%s', (script, finding) => {
    expect(findings(script)).toEqual([finding])
  })
})

describe('§4 actions', () => {
  it.each([
    ['', ['keep']],
    ['keep;', ['keep']],
    ['discard;', ['discard']],
    ['redirect "bart@example.com";', ['redirect bart@example.com']],
    ['require "copy"; redirect :copy "bart@example.com";', ['redirect bart@example.com', 'keep']],
    ['require "fileinto"; fileinto "A"; stop; fileinto "B";', ['fileinto A']],
    ['if not true { discard; } elsif allof (true, false) { stop; } else { keep; }', ['keep']],
  ])('%s', async (script, actions) => {
    expect(await outcome(script)).toEqual(actions)
  })
})
