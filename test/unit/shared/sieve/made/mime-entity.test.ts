import { describe, expect, it } from 'vitest'
import { readMimeEntity } from '#shared/sieve/made/mime-entity.ts'

function entity(reason: string) {
  const found = readMimeEntity(reason)
  return found === undefined ? undefined : [found.fields, Buffer.from(found.content).toString()]
}

const plain = 'Content-Type: text/plain; charset=utf-8\r\n'
const html = 'Content-Type: text/html; charset=utf-8\r\n'
const quoted = 'Content-Transfer-Encoding: quoted-printable\r\n'
const eightBit = 'Content-Transfer-Encoding: 8bit\r\n'

describe('the reason of vacation :mime', () => {
  it.each([
    ['Content-Type: text/html; charset=utf-8\n\n<b>', [html, '<b>\r\n']],
    ['\n\n  Content-Type: text/html; charset=utf-8\r\n\r\n<b>\r\n', [html, '<b>\r\n']],
    [
      'Content-Type: text/html;\n\tcharset=utf-8\n\n<b>',
      ['Content-Type: text/html;\r\n\tcharset=utf-8\r\n', '<b>\r\n'],
    ],
    // Of its header what tells of the content: an answer has one From, and goes to one.
    [
      'MIME-Version: 1.0\nBcc: x@y.example\nFrom: z\nContent-Type: text/html; charset=utf-8\n\n<b>',
      [html, '<b>\r\n'],
    ],
    ['Content-Language: de\n\nx', [`${plain}Content-Language: de\r\n`, 'x\r\n']],
    ['\nx', [plain, 'x\r\n']],
    ['Content-Type: text/html; charset=utf-8', [html, '']],
    // What is not ASCII is encoded, unless its writer did, or it has parts.
    ['Content-Type: text/html; charset=utf-8\n\nä', [html + quoted, '=C3=A4\r\n']],
    [
      'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\nä',
      [html + quoted, '=C3=A4\r\n'],
    ],
    [
      'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nä',
      [html + eightBit, 'ä\r\n'],
    ],
    [`${html}${quoted}\n=C3=A4`, [html + quoted, '=C3=A4\r\n']],
    [
      'Content-Type: multipart/mixed; boundary=x\n\n--x\n\nä\n--x--',
      [`Content-Type: multipart/mixed; boundary=x\r\n${eightBit}`, '--x\r\n\r\nä\r\n--x--\r\n'],
    ],
  ])('%j', (reason, expected) => {
    expect(entity(reason)).toEqual(expected)
  })

  it.each([
    'hello',
    'hello\n\nyou',
    'Content-Type: text/plain; name="ä"\n\nx',
    ' Content-Type text/plain\n\nx',
    `Content-Type: ${'x'.repeat(1_000)}\n\nx`,
    `Content-Type: multipart/mixed; boundary=x\n\n${'x'.repeat(1_000)}`,
  ])('%j is none', (reason) => {
    expect(entity(reason)).toBeUndefined()
  })

  it('has no line that is too long to be sent', () => {
    const [fields, content = ''] = entity(`Content-Type: text/html\n\n${'x'.repeat(5_000)}`) ?? []
    expect(fields).toContain('quoted-printable')
    expect(Math.max(...content.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(76)
  })
})
