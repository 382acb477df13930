import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { describeAddress } from './describe-index.ts'

const rows: Record<string, readonly [string, string][]> = {
  'addr-spec (RFC 5322 §3.4.1)': [
    ['joe@example.org', '<joe@example.org>'],
    ['joe.q+x@a.example.org', '<joe.q+x@a.example.org>'],
    ['"joe doe"@example.org', '<joe doe@example.org>'],
    ['"a\\"b\\\\c"@example.org', '<a"b\\c@example.org>'],
    ['joe@[192.0.2.1]', '<joe@[192.0.2.1]>'],
    ['joe@[IPv6:2001:db8::1]', '<joe@[IPv6:2001:db8::1]>'],
    ['\xc3\xbc@\xc3\xa4.example', '<\\xc3\\xbc@\\xc3\\xa4.example>'],
  ],
  'name-addr (RFC 5322 §3.4)': [
    ['<joe@example.org>', '<joe@example.org>'],
    ['Joe Doe <joe@example.org>', '"Joe Doe" <joe@example.org>'],
    ['"Doe, Joe" <joe@example.org>', '"Doe, Joe" <joe@example.org>'],
    ['"Joe" Q "Doe"<joe@example.org>', '"Joe Q Doe" <joe@example.org>'],
    ['"Joe \\"Q\\"" <joe@example.org>', '"Joe \\"Q\\"" <joe@example.org>'],
    ['"" <joe@example.org>', '<joe@example.org>'],
    ['Joe\t Q   Doe <joe@example.org>', '"Joe Q Doe" <joe@example.org>'],
    ['<>', '<@>'],
  ],
  'lists (RFC 5322 §3.4)': [
    ['a@b, c@d', '<a@b> <c@d>'],
    ['A <a@b>,c@d,"E, F" <e@f>', '"A" <a@b> <c@d> "E, F" <e@f>'],
    ['', ''],
    [' \t', ''],
    ['()', ''],
    // obs-addr-list (§4.4)
    [',a@b,,c@d, ', '<a@b> <c@d>'],
  ],
  'groups (RFC 5322 §3.4)': [
    ['A Group:Ed <a@b>,c@d;', '{"A Group" "Ed" <a@b> <c@d> }'],
    ['Undisclosed recipients:;', '{"Undisclosed recipients" }'],
    ['"quoted: name": a@b;', '{"quoted: name" <a@b> }'],
    ['g: a@b;, h: c@d;, e@f', '{"g" <a@b> } {"h" <c@d> } <e@f>'],
    ['g: a@b; h: c@d;', '{"g" <a@b> } {"h" <c@d> }'],
    ['g: ,,;', '{"g" }'],
    ['g: a@b', '{"g" <a@b> }'],
    [':;', ''],
    [': a@b', '<a@b>'],
    ['g: x: a@b;', '{"g" <x:a@b> }'],
  ],
  'comments (RFC 5322 §3.2.2)': [
    ['joe@example.org (Joe Doe)', '"Joe Doe" <joe@example.org>'],
    ['joe@example.org (Joe (Q) \\) Doe)', '"Joe (Q) ) Doe" <joe@example.org>'],
    ['Joe <joe@example.org> (not the name)', '"Joe" <joe@example.org>'],
    ['<joe@example.org> (the name)', '"the name" <joe@example.org>'],
    ['joe(a)@(b)example(c).(d)org', '"d" <joe@example.org>'],
    ['a@b (A), c@d', '"A" <a@b> <c@d>'],
    ['a@b, (C) c@d', '<a@b> "C" <c@d>'],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', '"Pete" <pete@silly.test>'],
    ['a@b ( )', '<a@b>'],
  ],
  'obsolete syntax (RFC 5322 §4.4)': [
    ['<@a.example,@b.example:joe@example.org>', '<@a.example,@b.example:joe@example.org>'],
    ['Joe <@a : joe@example.org>, b@c', '"Joe" <@a:joe@example.org> <b@c>'],
    ['<@a,,@b:joe@c>', '<@a,,@b:joe@c>'],
    ['John Q. Public <joe@example.org>', '"John Q. Public" <joe@example.org>'],
    ['joe . doe @ example . org', '<joe.doe@example.org>'],
    ['"joe".doe@example.org', '<joe.doe@example.org>'],
    ['Who?  <who@ one . test>', '"Who?" <who@one.test>'],
  ],
  'encoded words (RFC 2047 §5)': [
    ['=?utf-8?Q?M=C3=BCller?= <m@example.org>', '"=?utf-8?Q?M=C3=BCller?=" <m@example.org>'],
    ['=?utf-8?Q?a?= =?utf-8?B?Yg==?= <m@b>', '"=?utf-8?Q?a?= =?utf-8?B?Yg==?=" <m@b>'],
    ['=?utf-8?q?Doe,_Joe_<x>_(y):?= <m@b>, c@d', '"=?utf-8?q?Doe,_Joe_<x>_(y):?=" <m@b> <c@d>'],
    ['=?utf-8?Q?open, a@b', '<=?utf-8?Q?open@> <a@b>'],
  ],
  'what is not valid': [
    ['root', '<root@>'],
    ['root, a@b', '<root@> <a@b>'],
    ['Mail Delivery System', '"Mail Delivery System" <@>'],
    ['Joe joe@example.org', '"Joe" <joe@example.org>'],
    ['Joe <joe>', '"Joe" <joe@>'],
    ['Joe <>', '"Joe" <@>'],
    ['joe@', '<joe@>'],
    ['@example.org', '<@example.org>'],
    ['a@b@c', '<a@b@c>'],
    ['a@b.example <a@b.example>', '"a@b.example" <a@b.example>'],
    ['a@b; c@d', '<a@b> <c@d>'],
    ['<a@b', '<a@b>'],
    ['<a@b, c@d', '<a@b> <c@d>'],
    ['a@b>, c@d', '<a@b> <c@d>'],
    ['<a@b> <c@d>', '<a@b> <c@d>'],
    ['Joe <home> <joe@b>', '"Joe <home>" <joe@b>'],
    ['<<a@b>>', '"<>" <a@b>'],
    ['<a@b> Joe', '"Joe" <a@b>'],
    ['"Joe <a@b>, c@d', '"Joe" <a@b> <c@d>'],
    ['Joe (Q <a@b>, c@d', '"Joe Q" <a@b> <c@d>'],
    ['[Team, A] <a@b>', '<[Team@> "A]" <a@b>'],
    ['[Team] <a@b>, [x@y', '"[Team]" <a@b> <[x@y>'],
    ['a b@c d', '"a" <b@c>'],
    ['"', ''],
    ['\\', '<\\@>'],
    ['<a b@c>', '<a b@c>'],
  ],
}

describe('parseAddressList', () => {
  for (const [rule, cases] of Object.entries(rows)) {
    describe(rule, () => {
      for (const [value, expected] of cases) {
        it(`reads ${value}`, () => {
          expect(parseAddressList(value).map(describeAddress).join(' ')).toBe(expected)
        })
      }
    })
  }

  it('tells a group by a null host, its end by a null mailbox', () => {
    expect(parseAddressList('g:;')).toEqual([
      { name: null, route: null, mailbox: 'g', host: null },
      { name: null, route: null, mailbox: null, host: null },
    ])
  })

  it('ends every group and keeps to its limit, whatever it reads', () => {
    const pieces = fc.constantFrom(
      'a@b',
      ',',
      ';',
      ':',
      '<',
      '>',
      '@',
      '"',
      '(',
      ')',
      '[',
      ']',
      '\\',
      '.',
      ' ',
      'x',
      '=?',
      '?q?',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (list, limit) => {
          const entries = parseAddressList(list.join(''), limit)
          expect(entries.length).toBeLessThanOrEqual(limit)
          let inGroup = false
          for (const { name, mailbox, host } of entries) {
            if (host !== null) {
              expect(mailbox).not.toBeNull()
              continue
            }
            expect(name).toBeNull()
            expect(mailbox !== null).toBe(!inGroup)
            inGroup = !inGroup
          }
          expect(inGroup).toBe(false)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is a prefix of the whole list when there are too many', () => {
    const value = 'a@b, g: c@d, e@f;, h@i'
    const whole = parseAddressList(value)
    expect(parseAddressList(value, 6)).toEqual(whole)
    expect(parseAddressList(value, 5)).toEqual(whole.slice(0, 5))
    expect(parseAddressList(value, 4)).toEqual([...whole.slice(0, 3), whole[4]])
    expect(parseAddressList(value, 2)).toEqual(whole.slice(0, 1))
  })

  it('looks at 20 words and specials for each entry it may have', () => {
    const twenty = `${'a '.repeat(15)}<b@c>`
    expect(parseAddressList(twenty, 1)).toHaveLength(1)
    // What is cut there would be another address.
    expect(parseAddressList(`${twenty} x`, 1)).toEqual([])
    expect(parseAddressList(`b@c, ${'a '.repeat(40)}<d@e>`, 2).map(describeAddress)).toEqual([
      '<b@c>',
    ])
  })
})
