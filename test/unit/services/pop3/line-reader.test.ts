import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineReader } from '#services/pop3/line-reader.ts'

const lineBytesMax = 10

function read(...chunks: readonly string[]): readonly string[] {
  const reader = new LineReader(lineBytesMax)
  const lines: string[] = []
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk))
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      lines.push(line.kind === 'line' ? line.bytes.toString() : 'TOO LONG')
    }
  }
  return lines
}

describe('a line reader', () => {
  it.each([
    ['lines', 'a\r\nb\r\n', ['a', 'b']],
    ['an empty line', '\r\n\r\n', ['', '']],
    ['a line ended by LF', 'a\n', ['a']],
    ['a CR inside', 'a\rb\r\n', ['a\rb']],
    ['only the CR before LF as end', 'a\r\r\n', ['a\r']],
    ['no line that has not ended', 'a\r\nb', ['a']],
    ['a line of the maximum', '12345678\r\n', ['12345678']],
    ['a line one byte longer as too long', '123456789\r\na\r\n', ['TOO LONG', 'a']],
    ['a much longer one once', `${'x'.repeat(95)}\r\na\r\n`, ['TOO LONG', 'a']],
  ])('reads %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected)
    expect(read(...text), 'byte by byte').toEqual(expected)
  })

  it('reads the same in any chunking', () => {
    const piece = fc.constantFrom('\r\n', '\n', '\r', 'a', 'bcd', '0123456789')
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 8 })), (parts) => {
        const chunks = parts.map((part) => part.join(''))
        expect(read(...chunks)).toEqual(read(chunks.join('')))
      }),
    )
  })

  it('holds no more of a line without end than the maximum', () => {
    const reader = new LineReader(lineBytesMax)
    for (let count = 0; count < 100; count++) {
      reader.push(Buffer.from('xxx'))
      reader.next()
      expect(reader.pendingBytes).toBeLessThan(lineBytesMax)
    }
  })

  it('forgets what belongs to another layer', () => {
    const reader = new LineReader(lineBytesMax)
    reader.push(Buffer.from('a\r\nb'))
    expect(reader.takeRest().toString()).toBe('a\r\nb')
    reader.push(Buffer.from('c\r\n'))
    expect(reader.next()).toEqual({ kind: 'line', bytes: Buffer.from('c'), length: 3 })
  })
})
