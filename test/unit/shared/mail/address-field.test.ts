import { describe, expect, it } from 'vitest'
import { FIELD_TOKENS_MAX, parseAddressField, roleOfField } from '#shared/mail/address-field.ts'

/** Every address in capitals: which ones were found, and what became of the rest. */
const shouted = (field: string) =>
  parseAddressField(`${field}\r\n`)?.withAddresses((text) => text.toUpperCase())

const found = (field: string) => parseAddressField(`${field}\r\n`)?.addresses

describe('a field with addresses', () => {
  it.each([
    ['To: a@x.test', ['a@x.test']],
    ['To: a', ['a']],
    ['To: a@x.test, b@x.test', ['a@x.test', 'b@x.test']],
    ['To: A B <a@x.test>', ['a@x.test']],
    ['To: a@x.test (c@x.test)', ['a@x.test']],
    ['To: "b@x.test" <a@x.test>', ['a@x.test']],
    ['To: "odd one"@x.test', ['"odd one"@x.test']],
    ['To: a . b @ x . test', ['a.b@x.test']],
    ['To: a@[192.0.2.1]', ['a@[192.0.2.1]']],
    ['To: Team: a@x.test, B <b@x.test>;', ['a@x.test', 'b@x.test']],
    ['To: <@one.test,@two.test:a@x.test>', ['a@x.test']],
    ['To: a@x.test; b@x.test', ['a@x.test', 'b@x.test']],
    ['To: =?utf-8?Q?=C3=BC?= <a@x.test>', ['a@x.test']],
    ['To:\r\n a@x.test,\r\n\tb@x.test', ['a@x.test', 'b@x.test']],
    ['To: a@x.test, a@x.test', ['a@x.test']],
    // Nobody.
    ['To: <>', []],
    ['To: undisclosed-recipients:;', []],
    ['To: ,', []],
    ['To:', []],
    // Nothing that is clearly one address.
    ['To: two words', []],
    ['To: a <b@x.test> c <d@x.test>', []],
    ['To: a (c) b@x.test', []],
  ])('has them: %s', (field, addresses) => {
    expect(found(field)).toEqual(addresses)
  })

  it.each([
    'To: "no end <a@x.test>',
    'To: (no end a@x.test',
    'To: a@[192.0.2.1',
    'To: a@x.test)',
    'no colon',
  ])('is left alone where it is none: %s', (field) => {
    expect(parseAddressField(`${field}\r\n`)).toBeUndefined()
  })

  it('stays byte for byte where nothing becomes another', () => {
    expect(
      parseAddressField('To:  A   <a@x.test>\r\n')?.withAddresses((text) => text),
    ).toBeUndefined()
  })

  it.each([
    ['To:A<a@x.test>', 'To: A <A@X.TEST>'],
    ['To: "A,  B"   <a@x.test>  (c  (d))', 'To: "A,  B" <A@X.TEST>(c  (d))'],
    ['To: a@x.test(c)', 'To: A@X.TEST (c)'],
    [
      'To: =?utf-8?Q?=C3=BC?=  =?utf-8?Q?b?= <a@x.test>',
      'To: =?utf-8?Q?=C3=BC?= =?utf-8?Q?b?= <A@X.TEST>',
    ],
    ['To: Team : a@x.test , b@x.test ;', 'To: Team: A@X.TEST, B@X.TEST;'],
    ['To: John B. Goode <a@x.test>', 'To: John B. Goode <A@X.TEST>'],
    ['To: <@one.test,@two.test:a@x.test>', 'To: <@one.test,@two.test:A@X.TEST>'],
    ['To: a@x.test, <>, two words', 'To: A@X.TEST, <>, two words'],
    ['To:\r\n a@x.test', 'To: A@X.TEST'],
  ])('is written plainly: %s', (field, written) => {
    expect(shouted(field)).toBe(`${written}\r\n`)
  })

  it('has lines of fewer than 70 characters where it has several addresses', () => {
    const all = Array.from({ length: 9 }, (_, i) => `name-${i}@host.test`)
    const lines = (shouted(`To: ${all.join(', ')}`) ?? '').split('\r\n')
    expect(lines.slice(0, -1).every((line) => line.length <= 70)).toBe(true)
    expect(lines.slice(1, -1).every((line) => line.startsWith('\t'))).toBe(true)
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toBe(`To: ${all.join(', ').toUpperCase()} `)
  })

  it('is left alone with more tokens than the limit', () => {
    const field = (count: number) => `To: ${Array.from({ length: count }, () => 'a').join(',')}`
    // A word and a comma each, but for the last.
    expect(found(field(FIELD_TOKENS_MAX / 2))).toEqual(['a'])
    expect(found(field(FIELD_TOKENS_MAX / 2 + 1))).toBeUndefined()
  })

  it('is one of a sender or of a recipient, whatever its capitals', () => {
    expect(['from', 'Reply-To', 'SENDER', 'Resent-From'].map(roleOfField)).toEqual(
      Array(4).fill('sender'),
    )
    expect(['to', 'CC', 'Bcc', 'Resent-Reply-To'].map(roleOfField)).toEqual(
      Array(4).fill('recipient'),
    )
    expect(['Subject', 'Received', 'Delivered-To', ''].map(roleOfField)).toEqual(
      Array(4).fill(undefined),
    )
  })
})
