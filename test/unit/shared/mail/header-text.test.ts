import { describe, expect, it } from 'vitest'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import { addressField, HEADER_TEXT_CHARACTERS_MAX, textField } from '#shared/mail/header-text.ts'

const from = (name: string) => addressField('From', [{ name, address: 'a@b.test' }])
const longestLine = (field: string) => Math.max(...field.split('\r\n').map((line) => line.length))
/** What a reader sees. */
function shown(field: string): string {
  const [first] = headerFields(Buffer.from(field))
  return decodeHeaderText(first?.value ?? '')
}

describe('an address field', () => {
  it.each([
    ['', 'From: <a@b.test>\r\n'],
    ['Ann Example', 'From: Ann Example <a@b.test>\r\n'],
    ['Ann (at home)', 'From: "Ann (at home)" <a@b.test>\r\n'],
    ['Ann "A" \\', 'From: "Ann \\"A\\" \\\\" <a@b.test>\r\n'],
    ['x\r\nBcc: y', 'From: "x  Bcc: y" <a@b.test>\r\n'],
    ['=?x?q?y?=', 'From: =?UTF-8?B?PT94P3E/eT89?= <a@b.test>\r\n'],
  ])('has the name %j so that it is one', (name, field) => {
    expect(from(name)).toBe(field)
  })

  it('has other characters in encoded words of 75 characters at most', () => {
    const name = 'Döner mit scharfer Soße 🌶 und '.repeat(4).trim()
    const field = from(name)
    expect(longestLine(field)).toBeLessThanOrEqual(76)
    expect(shown(field)).toBe(`${name} <a@b.test>`)
  })

  it('folds between addresses, and quotes a local part where it must', () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ name: null, address: `"a b${i}"@c.test` }))
    const field = addressField('To', many)
    expect(field.startsWith('To: <"a b0"@c.test>, <"a b1"@c.test>,')).toBe(true)
    expect(longestLine(field)).toBeLessThanOrEqual(76)
  })
})

describe('a text field', () => {
  it.each([
    ['', 'Subject:\r\n'],
    ['Hi there', 'Subject: Hi there\r\n'],
    ['a\r\nBcc: x@y.test', 'Subject: a Bcc: x@y.test\r\n'],
    ['a\u2028b\u0000c', 'Subject: a b c\r\n'],
    ['Auto: Grüße', 'Subject: Auto: =?UTF-8?B?R3LDvMOfZQ==?=\r\n'],
    ['Re: =?utf-8?q?x?=', 'Subject: Re: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n'],
  ])('of %j is one field', (text, field) => {
    expect(textField('Subject', text)).toBe(field)
  })

  it('reads as it was written, whatever length it has', () => {
    for (const text of ['word '.repeat(60).trim(), 'ä'.repeat(900), `Auto: ${'x'.repeat(900)}`]) {
      const field = textField('Subject', text)
      expect(longestLine(field)).toBeLessThanOrEqual(76)
      expect(shown(field)).toBe(text)
    }
  })

  it('ends at its limit', () => {
    const text = 'a'.repeat(HEADER_TEXT_CHARACTERS_MAX)
    expect(shown(textField('Subject', text))).toBe(text)
    expect(shown(textField('Subject', `${text}b`))).toBe(text)
  })
})
