import { describe, expect, it } from 'vitest'
import { asciiLine, COLUMNS, oneLine, wrap } from '#shared/mail/dsn/foreign-text.ts'

describe('words of other systems', () => {
  it('are one line in which all is seen', () => {
    expect(oneLine('a\r\nBcc: b\0\u2028c\u202ed\ud800')).toBe('a  Bcc: b  c d\ufffd')
    expect(asciiLine('größe\n😀')).toBe('gr??e ?')
  })

  it('are wrapped where they have blanks', () => {
    const lines = wrap(`x: ${'word '.repeat(40)}`, '    ')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(COLUMNS)
    expect(lines.slice(1).every((line) => line.startsWith('    word'))).toBe(true)
    expect(lines.map((line) => line.trim()).join(' ')).toBe(`x: ${'word '.repeat(40)}`.trim())
    expect(wrap('')).toEqual([])
  })

  it('are cut into pieces that can be sent where they have none', () => {
    for (const character of ['x', 'ä', '😀']) {
      const lines = wrap(character.repeat(5_000), ' ')
      expect(lines.map((line) => line.trim()).join('')).toBe(character.repeat(5_000))
      for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998)
    }
  })
})
