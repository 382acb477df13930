// RFC 5233, parts of the local part, section by section.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

const required = 'require ["subaddress", "envelope", "fileinto", "relational"];'

async function fits(test: string, to: string, recipientDelimiter = '+'): Promise<boolean> {
  const [first] = await outcome(`${required} if ${test} { discard; }`, {
    message: `To: ${to}\n\nx`,
    envelope: { to },
    owner: { recipientDelimiter },
  })
  return first === 'discard'
}

describe('§4 :user and :detail', () => {
  it.each<[string, string, boolean]>([
    [':user', 'ken', true],
    [':detail', 'sieve', true],
    [':localpart', 'ken+sieve', true],
    [':user', 'ken+sieve', false],
    [':domain', 'example.org', true],
  ])('%s of ken+sieve@example.org is %s: %s', async (part, value, expected) => {
    expect(await fits(`address ${part} "to" "${value}"`, 'ken+sieve@example.org')).toBe(expected)
    expect(await fits(`envelope ${part} "to" "${value}"`, 'ken+sieve@example.org')).toBe(expected)
  })

  it('an empty detail is a text without characters, no detail is no text', async () => {
    expect(await fits('address :detail "to" ""', 'ken+@example.org')).toBe(true)
    expect(await fits('address :matches :detail "to" "*"', 'ken@example.org')).toBe(false)
    expect(await fits('address :count "eq" :detail "to" "0"', 'ken@example.org')).toBe(true)
    expect(await fits('address :user "to" "ken"', 'ken@example.org')).toBe(true)
  })

  it('the detail begins at the first delimiter of this system', async () => {
    expect(await fits('address :detail "to" "a+b"', 'ken+a+b@example.org')).toBe(true)
    expect(await fits('address :detail "to" "a"', 'ken-a@example.org', '-')).toBe(true)
    expect(await fits('address :detail "to" "a"', 'ken-a@example.org', '+')).toBe(false)
    expect(await fits('address :user "to" "a b"', '"a b+c"@example.org')).toBe(true)
  })

  it.each([
    ['if address :user :detail "to" "x" {}', ':detail and :user exclude each other'],
    ['if address :user :localpart "to" "x" {}', ':localpart and :user exclude each other'],
  ])('%s is refused', (script, message) => {
    expect(findings(`require "subaddress"; ${script}`)).toEqual([`line 1: ${message}`])
  })

  it('needs require', () => {
    expect(findings('if address :user "to" "x" {}')).toEqual([
      'line 1: :user needs require "subaddress"',
    ])
  })

  const script = `${required}
if envelope :user "to" "postmaster" { fileinto "inbox.postmaster"; stop; }
if envelope :detail :is "to" "mta-filters" { fileinto "inbox.ietf-mta-filters"; stop; }
if envelope :detail "from" "owner" { redirect "secretary@example.com"; stop; }`
  it.each([
    ['postmaster@example.com', 'a@b.example', 'fileinto inbox.postmaster'],
    ['ken+mta-filters@example.com', 'a@b.example', 'fileinto inbox.ietf-mta-filters'],
    ['ken@example.com', 'list+owner@b.example', 'redirect secretary@example.com'],
    ['ken@example.com', 'list@b.example', 'keep'],
  ])('the example, to %s from %s: %s', async (to, from, expected) => {
    expect(await outcome(script, { envelope: { to, from } })).toEqual([expected])
  })
})
