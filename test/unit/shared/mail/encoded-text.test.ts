import { describe, expect, it } from 'vitest'
import { textField } from '#shared/mail/encoded-text.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { unfold } from '#shared/mail/header-field.ts'

describe('textField', () => {
  it.each([
    'plain',
    'Grüße aus Köln 😀',
    '日本語'.repeat(100),
    'x'.repeat(2_000),
    'x'.repeat(800),
    'word '.repeat(100).trim(),
    '=?utf-8?q?looks_encoded?=',
    `${'a'.repeat(44)}😀`,
    'a\u0001b',
  ])('is read as it was given: %j', (text) => {
    const field = textField('Subject', text)
    expect(field).toMatch(/^Subject: [\x20-\x7e\r\n]*\r\n$/)
    expect(decodeHeaderText(unfold(field.slice(field.indexOf(':') + 1)))).toBe(text)
    for (const line of field.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998)
  })

  it.each(['a\r\nB: c', 'a\n\nc', 'a\rb'])('stays one field: %j', (text) => {
    expect(textField('X', text)).toMatch(/^X: [^\r\n]*\r\n$/)
  })

  it('keeps lines short where there are blanks', () => {
    const lines = textField('X', 'some words '.repeat(50)).split('\r\n')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(78)
    for (const line of textField('X', 'ä'.repeat(500)).split('\r\n')) {
      expect(line.length).toBeLessThanOrEqual(78)
    }
  })
})
