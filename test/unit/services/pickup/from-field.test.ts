import { expect, it } from 'vitest'
import { fromField } from '#services/pickup/from-field.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'

it.each([
  ['', 'From: <a@b.test>\r\n'],
  ['Ann Example', 'From: Ann Example\r\n\t<a@b.test>\r\n'],
  ['Ann (at home)', 'From: "Ann (at home)"\r\n\t<a@b.test>\r\n'],
  ['Ann "A" \\', 'From: "Ann \\"A\\" \\\\"\r\n\t<a@b.test>\r\n'],
  ['x\r\nBcc: y', 'From: "x  Bcc: y"\r\n\t<a@b.test>\r\n'],
])('writes the name %j so that it is one', (name, field) => {
  expect(fromField(name, 'a@b.test')).toBe(field)
})

it('writes other characters in encoded words of 75 characters at most', () => {
  const name = 'Döner mit scharfer Soße 🌶 und '.repeat(4).trim()
  const field = fromField(name, 'a@b.test')
  expect(Math.max(...field.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78)
  const [, phrase = ''] = /^From: (.*)\r\n\t<a@b.test>\r\n$/s.exec(field) ?? []
  expect(decodeHeaderText(phrase.replaceAll('\r\n\t', ' '))).toBe(name)
})
