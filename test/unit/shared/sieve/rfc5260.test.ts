// RFC 5260, section by section: dates, and one field of several.

import { describe, expect, it } from 'vitest'
import { findings, outcome, type Situation } from '#test/support/sieve.ts'

const message = [
  'Received: from a by b; Mon, 30 Nov 2026 23:30:00 -0500',
  'Received: from c (x; y) by a; Tue, 01 Dec 2026 00:10:00 +0000 (UTC)',
  'Date: Tue, 1 Mar 2022 09:05:07 +0130',
  'X-Broken: Wed, 30 Feb 2022 09:00:00 +0000',
  'X-Hour: Wed, 2 Feb 2022 25:00:00 +0000',
  'X-Zone: Wed, 2 Feb 2022 05:00:00 +9900',
  'X-Old: 20 Nov 99 10:00 EST',
  'To: one@example.com, two@example.com',
  'To: three@example.com',
  'Cc: four@example.com',
  '',
  'x',
].join('\n')

const fits = async (test: string, situation: Situation = {}) => {
  const script = `require ["date", "index", "relational", "variables", "fileinto"]; if ${test} { discard; }`
  return (await outcome(script, { message, ...situation }))[0] === 'discard'
}

describe('§4.2 parts of a date', () => {
  it.each([
    ['year', '2022'],
    ['month', '03'],
    ['day', '01'],
    ['date', '2022-03-01'],
    ['julian', '59639'],
    ['hour', '09'],
    ['minute', '05'],
    ['second', '07'],
    ['time', '09:05:07'],
    ['iso8601', '2022-03-01T09:05:07+01:30'],
    ['STD11', 'Tue, 1 Mar 2022 09:05:07 +0130'],
    ['zone', '+0130'],
    ['weekday', '2'],
  ])('%s is %s', async (part, value) => {
    const script = `require ["date", "variables", "fileinto"];
      if date :originalzone :matches "date" "${part}" "*" { fileinto "\${0}"; }`
    expect(await outcome(script, { message })).toEqual([`fileinto ${value}`])
  })
})

describe('§4 and §4.1 which date, in which zone', () => {
  it.each([
    ['date "received" "date" "2026-12-01"', true],
    ['date :originalzone "received" "date" "2026-11-30"', true],
    ['date :zone "+0100" "date" "iso8601" "2022-03-01T08:35:07+01:00"', true],
    ['date :zone "-0000" "date" "iso8601" "2022-03-01T07:35:07Z"', true],
    ['date :zone "-0000" "date" "zone" "+0000"', true],
    ['date "x-old" "iso8601" "1999-11-20T15:00:00Z"', true],
    ['date :originalzone "x-old" "zone" "-0500"', true],
    ['date :matches "x-broken" "date" "*"', false],
    ['date :matches "x-hour" "date" "*"', false],
    ['date :matches "x-zone" "date" "*"', false],
    ['date :matches "subject" "date" "*"', false],
    ['date :count "eq" "date" "date" "1"', true],
    ['date :count "eq" "x-broken" "date" "0"', true],
    ['date :index 2 "received" "time" "00:10:00"', true],
    ['date :index 1 :last "received" "time" "00:10:00"', true],
    ['date :index 3 :matches "received" "time" "*"', false],
    ['date :value "ge" :originalzone "date" "hour" "09"', true],
    ['date :value "lt" :originalzone "date" "hour" "09"', false],
    ['date :matches "date" "${0}constructor" "*"', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('takes the zone of the owner where the script names none', async () => {
    expect(await fits('date "date" "hour" "16"', { zone: '+0900' })).toBe(true)
  })

  it.each([
    [
      'date :zone "CET" "date" "hour" "1"',
      'line 1: "CET" is no time zone: those are written as +0100',
    ],
    [
      'date :zone "+0100" :originalzone "date" "hour" "1"',
      'line 1: :originalzone and :zone exclude each other',
    ],
    ['date "date" "fortnight" "1"', expect.stringContaining('a date has no part "fortnight"')],
    ['currentdate :originalzone "hour" "1"', 'line 1: currentdate has no :originalzone'],
  ])('%s is an error', (test, finding) => {
    expect(findings(`require "date"; if ${test} { }`)).toContainEqual(finding)
  })

  it('a zone that a variable brings is one when the script runs', async () => {
    expect(
      await outcome(
        'require ["date", "variables"]; set "z" "x";\nif currentdate :zone "${z}" "hour" "1" { }',
      ),
    ).toEqual(['error: line 2: "x" is no time zone'])
  })
})

describe('§5 currentdate', () => {
  it.each([
    ['currentdate "iso8601" "2026-11-30T12:00:00Z"', true],
    ['currentdate :zone "-0100" "std11" "Mon, 30 Nov 2026 11:00:00 -0100"', true],
    ['currentdate :value "ge" "date" "2026-06-30"', true],
    ['anyof (currentdate :is "weekday" "0", currentdate :is "weekday" "6")', false],
    ['currentdate :count "eq" "hour" "1"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('gives variables', async () => {
    const script = `require ["date", "variables", "fileinto"];
      if currentdate :matches "month" "*" { set "month" "\${1}"; }
      if currentdate :matches "year"  "*" { set "year"  "\${1}"; }
      fileinto "\${month}-\${year}";`
    expect(await outcome(script)).toEqual(['fileinto 11-2026'])
  })
})

describe('§6 :index and :last', () => {
  it.each([
    ['header :index 1 :contains "received" "from a"', true],
    ['header :index 2 :contains "received" "from a"', false],
    ['header :index 2 :last :contains "received" "from a"', true],
    ['header :index 3 :contains ["cc", "received"] "from c"', true],
    ['address :index 1 "to" "two@example.com"', true],
    ['address :index 2 "to" "two@example.com"', false],
    ['address :index 3 ["to", "cc"] "four@example.com"', true],
    ['address :index 1 :last :localpart ["to", "cc"] "four"', true],
    ['header :index 4294967296 :contains "received" ""', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it.each([
    ['header :last "to" "x"', 'line 1: :last stands beside :index'],
    ['header :index 0 "to" "x"', 'line 1: :index counts from 1'],
  ])('%s is an error', (test, finding) => {
    expect(findings(`require "index"; if ${test} { }`)).toContain(finding)
  })
})
