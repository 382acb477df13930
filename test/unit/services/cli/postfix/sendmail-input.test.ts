import { describe, expect, it } from 'vitest'
import { hasField, readInput, withoutFields } from '#services/cli/postfix/sendmail-input.ts'

async function read(text: string, { size = 1_000, isDotText = false } = {}) {
  async function* source() {
    const bytes = Buffer.from(text, 'latin1')
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const { header, body } = await readInput(source(), { isDotText })
  return [header, Buffer.concat(await Array.fromAsync(body)).toString('latin1')]
}

describe('what sendmail reads', () => {
  it.each([
    ['', '', ''],
    ['To: a\n\nbody\n', 'To: a\n', '\nbody\n'],
    ['To: a\r\n\r\nbody\r\n', 'To: a\r\n', '\r\nbody\r\n'],
    ['To: a,\n b\nX: y\n', 'To: a,\n b\nX: y\n', ''],
    ['To: a', 'To: a\n', ''],
    ['\nbody', '', '\nbody'],
    // No field: the body begins, and has the empty line that it lacked.
    ['no header\nbody\n', '', '\nno header\nbody\n'],
    ['To: a\nno field\n\nbody', 'To: a\n', '\nno field\n\nbody'],
    // mbox(5)
    ['From ann Mon Nov 30\n>From x\nTo: a\n\nb', 'To: a\n', '\nb'],
    ['To: a\n\nFrom the start\n', 'To: a\n', '\nFrom the start\n'],
    ['To: a\n\nb\n.\nnot this\n', 'To: a\n', '\nb\n'],
    ['To: a\n\nb\r\n.\r\nnot this\n', 'To: a\n', '\nb\r\n'],
    ['To: a\n\nb\n.', 'To: a\n', '\nb\n'],
    ['To: a\n\nb\n..\n. \nx.\n', 'To: a\n', '\nb\n..\n. \nx.\n'],
    ['.\nTo: a\n', '', ''],
  ])('%j is header and body, in whatever pieces it comes', async (text, header, body) => {
    for (const size of [1, 2, 3, 1_000]) {
      expect(await read(text, { size })).toEqual([header, body])
    }
  })

  it('takes a dot alone for text where that is said', async () => {
    expect(await read('To: a\n\n.\nb\n', { isDotText: true })).toEqual(['To: a\n', '\n.\nb\n'])
  })

  it('takes long lines and long bodies as they are', async () => {
    const body = `\n${'x'.repeat(300_000)}\n.x\n${'yz\n'.repeat(100_000)}`
    expect(await read(`To: a\n${body}`, { size: 65_536 })).toEqual(['To: a\n', body])
  })
})

it('finds fields and leaves fields out, with the lines that they go on in', () => {
  const header = 'To: a\nBCC: b,\n c\nbcc:d\nSubject: Bcc: e\n'
  expect(hasField(header, 'bcc')).toBe(true)
  expect(hasField(header, 'date')).toBe(false)
  expect(withoutFields(header, ['bcc'])).toBe('To: a\nSubject: Bcc: e\n')
})
