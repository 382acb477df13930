import { describe, expect, it, vi } from 'vitest'
import { HeaderReader } from '#shared/mail/header-reader.ts'

function read(message: string, chunkBytes: number, bytesMax = 1_000_000) {
  const reader = new HeaderReader(bytesMax)
  const bytes = Buffer.from(message, 'latin1')
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes))
  }
  reader.finish()
  return reader
}

const fields = 'Subject: gr\xfc\xdfe\r\nX: a\rb\nc\r\n\td\r\n'

describe('HeaderReader', () => {
  it.each([
    ['the fields up to the empty line', `${fields}\r\nbody\r\n\r\nmore`, fields],
    ['nothing of a message without a header', '\r\nbody\r\n\r\nbody', ''],
    ['all of a message that is only a header', fields, fields],
    ['all of one whose last line has no end', 'Subject: x', 'Subject: x'],
    ['nothing of an empty message', '', ''],
    ['a header longer than it began with', `${fields.repeat(500)}\r\nx`, fields.repeat(500)],
  ])('keeps %s, whatever the pieces are', (_, message, header) => {
    for (const chunkBytes of [1, 2, 3, 4, 5, 7, 100, 1_000_000]) {
      expect(read(message, chunkBytes).text, `${chunkBytes}`).toBe(header)
    }
  })

  it('keeps so much of a long one, and says that there is more', () => {
    const [whole, longer] = [`${'x'.repeat(95)}\r\n`, `${'x'.repeat(96)}\r\n`]
    for (const chunkBytes of [1, 10, 1_000]) {
      // The line end that stands before every header counts, and the empty line after it.
      const kept = read(`${whole}\r\nbody`, chunkBytes, 100)
      expect([kept.tooLong, kept.text]).toEqual([false, whole])
      const cut = read(`${longer}\r\nbody`, chunkBytes, 100)
      expect([cut.tooLong, longer.startsWith(cut.text)]).toEqual([true, true])
      expect(cut.text.length).toBeLessThanOrEqual(100)
    }
  })

  it('takes no more memory than it keeps', () => {
    using allocated = vi.spyOn(Buffer, 'allocUnsafe')
    const bytesMax = 64 * 1024
    for (const chunkBytes of [1_000, 100_000]) read('x'.repeat(100_000), chunkBytes, bytesMax)
    const sizes = allocated.mock.calls.map(([bytes]) => bytes)
    expect(Math.max(...sizes)).toBe(bytesMax + 1)
  })

  it('is not disturbed by what becomes of the pieces afterwards', () => {
    const reader = new HeaderReader(1_000)
    const piece = Buffer.from('Subject: x\r\n')
    reader.push(piece)
    piece.fill(0)
    expect(reader.text).toBe('Subject: x\r\n')
  })
})
