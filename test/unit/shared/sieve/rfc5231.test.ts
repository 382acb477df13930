// RFC 5231, relational tests, section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

const message = `Received: one
Received: two
Received: three
X-Priority: 2
X-Name: m
To: a@one.example, Group: b@two.example;, c@three.example
Cc: d@four.example

x`

async function fits(test: string): Promise<boolean> {
  const required = 'require ["relational", "comparator-i;ascii-numeric", "envelope", "variables"];'
  const [first] = await outcome(`${required} if ${test} { discard; }`, { message })
  return first === 'discard'
}

const numeric = ':comparator "i;ascii-numeric"'

describe('§4 match types', () => {
  it.each<[string, readonly boolean[]]>([
    // Lower, the same, higher.
    ['gt', [true, false, false]],
    ['ge', [true, true, false]],
    ['lt', [false, false, true]],
    ['le', [false, true, true]],
    ['eq', [false, true, false]],
    ['ne', [true, false, true]],
  ])(':value "%s"', async (relation, expected) => {
    const values = ['1', '2', '03']
    const of = values.map((v) => fits(`header :value "${relation}" ${numeric} "x-priority" "${v}"`))
    expect(await Promise.all(of)).toEqual(expected)
    const letters = ['L', 'm', 'N'].map((v) => fits(`header :value "${relation}" "x-name" "${v}"`))
    expect(await Promise.all(letters)).toEqual(expected)
  })

  it.each([
    [`header :count "eq" ${numeric} "received" "3"`, true],
    [`header :count "ge" ${numeric} "received" ["10", "3"]`, true],
    [`header :count "gt" ${numeric} "received" "3"`, false],
    [`header :count "eq" ${numeric} ["received", "x-name"] "4"`, true],
    [`header :count "eq" ${numeric} "x-absent" "0"`, true],
    // Each address counts, whatever part of it is asked for; a group does not.
    [`address :count "eq" ${numeric} ["to", "cc"] "4"`, true],
    [`address :count "eq" :domain ${numeric} "to" "3"`, true],
    [`envelope :count "eq" ${numeric} ["from", "to"] "2"`, true],
    // As texts, 10 is less than 3.
    ['header :count "gt" "received" "10"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('what is no number is larger than all of them', async () => {
    expect(await fits(`header :value "gt" ${numeric} "x-name" "99999999999999999999"`)).toBe(true)
    expect(await fits(`header :value "eq" ${numeric} "x-name" "other"`)).toBe(true)
  })

  it.each([
    ['header :count "above" "a" "1"', ':count takes gt, ge, lt, le, eq, ne, and not "above"'],
    ['header :value "GT" "a" "1"', ':value takes gt, ge, lt, le, eq, ne, and not "GT"'],
    [
      'header :count "a" "1"',
      'header takes a list of strings, then a list of strings (behind its tags)',
    ],
    ['header :count 1 "a" "1"', ':count takes a string here'],
  ])('%s is refused', (test, message) => {
    expect(findings(`require "relational"; if ${test} {}`)).toContain(`line 1: ${message}`)
  })

  it('needs require', () => {
    expect(findings('if header :value "eq" "a" "b" {}')).toEqual([
      'line 1: :value needs require "relational"',
    ])
  })
})

describe('§6 extended example', () => {
  const script = `require ["relational", "comparator-i;ascii-numeric", "fileinto"];
if header :value "lt" :comparator "i;ascii-numeric" ["x-priority"] ["3"]
{
  fileinto "Priority";
}
elsif address :count "gt" :comparator "i;ascii-numeric" ["to"] ["5"]
{
  fileinto "SPAM";
}
elsif address :value "gt" :all :comparator "i;ascii-casemap" ["from"] ["M"]
{
  fileinto "From N-Z";
} else {
  fileinto "From A-M";
}
`
  it.each([
    ['X-Priority: 1\n\nx', 'Priority'],
    [
      'To: a@x.example, b@x.example, c@x.example, d@x.example, e@x.example, f@x.example\n\nx',
      'SPAM',
    ],
    ['From: zoe@x.example\n\nx', 'From N-Z'],
    ['From: abe@x.example\n\nx', 'From A-M'],
  ])('%j', async (message, folder) => {
    expect(await outcome(script, { message })).toEqual([`fileinto ${folder}`])
  })
})
