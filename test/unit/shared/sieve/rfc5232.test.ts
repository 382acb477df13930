// RFC 5232 (imap4flags), section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

const needs = 'require ["imap4flags", "fileinto", "variables", "relational", "copy"]; '
const done = (script: string) => outcome(needs + script)

describe('§2 lists of flags', () => {
  it.each([
    ['setflag "";', 'keep []'],
    ['setflag ["", "a", ""];', 'keep [a]'],
    ['setflag "  a   b  ";', 'keep [a b]'],
    ['setflag ["a b", "c"];', 'keep [a b c]'],
    ['setflag ["a", "A"];', 'keep [a]'],
    // What IMAP has no such flag for, and what nobody can set.
    ['setflag "\\\\Recent \\\\Seen \\\\Nonsense";', 'keep [\\Seen]'],
    ['setflag ["gr\u00fcn", "a(b", "a%b", "a\\"b", "[x", "b]c"];', 'keep [[x]'],
    ['setflag "$Forwarded";', 'keep [$Forwarded]'],
  ])('%s', async (script, action) => {
    expect(await done(script)).toEqual([action])
  })
})

describe('§3 actions', () => {
  it.each([
    ['', ['keep']],
    // §3.1: what was set before is gone.
    ['setflag "a"; setflag "b";', ['keep [b]']],
    ['setflag "v" "\\\\Flagged"; fileinto :flags "${v}" "Boss";', ['fileinto Boss [\\Flagged]']],
    // §3.2: added to what was set before.
    ['addflag "\\\\Deleted"; addflag "\\\\Answered";', ['keep [\\Deleted \\Answered]']],
    ['addflag ["\\\\Deleted", "\\\\Answered"];', ['keep [\\Deleted \\Answered]']],
    ['addflag "\\\\Deleted \\\\Answered";', ['keep [\\Deleted \\Answered]']],
    ['addflag "a"; addflag "A b";', ['keep [a b]']],
    // §3.3: whatever its case, and whether it was there or not.
    ['setflag "a B c"; removeflag "b x";', ['keep [a c]']],
    ['setflag "a b"; removeflag ["a", "b"];', ['keep []']],
    ['removeflag "a";', ['keep []']],
    // What `set` leaves in a variable counts once, and a variable is no flag of the message.
    ['set "v" "a A  b"; addflag "v" "c"; fileinto :flags "${v}" "X";', ['fileinto X [a b c]']],
    ['set "v" "a b A"; removeflag "v" "a"; keep :flags "${v}";', ['keep [b]']],
    ['addflag "v" "a";', ['keep']],
    ['setflag "v" "a b"; set :length "n" "${v}"; keep :flags "n${n}";', ['keep [n3]']],
  ])('%s', async (script, actions) => {
    expect(await done(script)).toEqual(actions)
  })
})

describe('§4 hasflag', () => {
  const fits = async (before: string, test: string) =>
    (await done(`${before} if ${test} { discard; }`))[0] === 'discard'

  const mine = 'setflag "MyVar" "NonJunk Junk gnus-forward $Forwarded NotJunk JunkRecorded $Junk";'
  it.each([
    ['setflag "A B";', 'hasflag :is "b A"', true],
    ['setflag "A B";', 'hasflag ["b", "A"]', true],
    ['setflag "A B";', 'hasflag "c"', false],
    ['', 'hasflag "a"', false],
    ['', 'hasflag :contains ""', false],
    ['setflag "a";', 'hasflag :contains ""', false],
    [mine, 'hasflag :contains "MyVar" "Junk"', true],
    [mine, 'hasflag :contains "MyVar" "forward"', true],
    [mine, 'hasflag :contains "MyVar" ["label", "forward"]', true],
    [mine, 'hasflag :contains "MyVar" ["junk", "forward"]', true],
    [mine, 'hasflag :contains "MyVar" "junk forward"', true],
    [mine, 'hasflag :contains "MyVar" "label"', false],
    [mine, 'hasflag :contains "MyVar" ["label1", "label2"]', false],
    [mine, 'hasflag :matches "MyVar" "gnus-*"', true],
    [mine, 'hasflag :comparator "i;octet" "MyVar" "junk"', false],
    ['setflag "MyFlags" "A B";', 'hasflag :count "ge" "MyFlags" "2"', true],
    ['set "MyFlags" "A B a";', 'hasflag :count "eq" "MyFlags" "2"', true],
    ['setflag "x" "A B"; setflag "y" "a";', 'hasflag :count "eq" ["x", "y"] "3"', true],
    ['setflag "A B";', 'hasflag :count "eq" "2"', true],
    ['setflag "x" "a"; setflag "y" "b";', 'hasflag ["x", "y"] "b"', true],
  ])('%s %s: %s', async (before, test, expected) => {
    expect(await fits(before, test)).toBe(expected)
  })
})

describe('§5 :flags', () => {
  it.each([
    ['setflag "a"; keep :flags "b"; ', ['keep [b]']],
    ['setflag "a"; keep :flags "";', ['keep []']],
    ['setflag "a"; fileinto "X"; setflag "b"; fileinto "Y";', ['fileinto X [a]', 'fileinto Y [b]']],
    ['fileinto :copy "X"; setflag "a";', ['fileinto X', 'keep [a]']],
    ['fileinto :flags ["a b", "c"] "X";', ['fileinto X [a b c]']],
  ])('%s', async (script, actions) => {
    expect(await done(script)).toEqual(actions)
  })
})

describe('what is wrong', () => {
  it.each([
    ['keep :flags "a";', 'line 1: :flags needs require "imap4flags"'],
    ['addflag "a";', 'line 1: addflag needs require "imap4flags"'],
    [
      'require "imap4flags"; addflag "v" "a";',
      'line 1: a variable of flags needs require "variables"',
    ],
    ['require ["imap4flags", "variables"]; addflag "a b" "c";', 'line 1: "a b" names no variable'],
    [
      'require "imap4flags"; setflag;',
      'line 1: setflag takes a string (or nothing), then a list of strings (behind its tags)',
    ],
  ])('%s', (script, finding) => {
    expect(findings(script)).toEqual([finding])
  })
})
