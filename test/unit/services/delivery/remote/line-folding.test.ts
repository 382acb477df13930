import { describe, expect, it } from 'vitest'
import { foldedBytesMax, LineFolding } from '#services/delivery/remote/line-folding.ts'

const LIMIT = 10

function folded(text: string, pieceBytes = Number.POSITIVE_INFINITY, limit = LIMIT): string {
  const folding = new LineFolding(limit)
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    out.push(folding.push(bytes.subarray(at, at + pieceBytes)))
  }
  return Buffer.concat(out).toString()
}

describe('LineFolding', () => {
  it.each([
    ['a line of the limit', '0123456789\r\n', '0123456789\r\n'],
    ['a byte more', '0123456789a\r\nb', '0123456789\r\n a\r\nb'],
    [
      'several folds',
      '0123456789abcdefghiABCDEFGHI!',
      '0123456789\r\n abcdefghi\r\n ABCDEFGHI\r\n !',
    ],
    ['each line by itself', '012345678\r\n012345678\r\n', '012345678\r\n012345678\r\n'],
    ['a CR that ends no line', '01234\r56789\ra\r\n', '01234\r56789\r\r\n a\r\n'],
    ['no character in two', '012345678ä!\r\n', '012345678\r\n ä!\r\n'],
    ['one of four bytes', '0123456𝄞\r\n01234567𝄞', '0123456\r\n 𝄞\r\n01234567\r\n 𝄞'],
    ['a character that fits', '01234567ä\r\n', '01234567ä\r\n'],
  ])('%s', (_, text, wanted) => {
    for (const pieceBytes of [Number.POSITIVE_INFINITY, 1, 2, 3, 11]) {
      expect(folded(text, pieceBytes), `${pieceBytes}`).toBe(wanted)
    }
  })

  it('comes to an end whatever the bytes and the limit are', () => {
    for (const limit of [1, 2, 8, 9]) {
      for (const byte of [0x80, 0xc3, 0xf0, 0xff]) {
        const folding = new LineFolding(limit)
        const lines = Buffer.from(folding.push(Buffer.alloc(100, byte)))
          .toString('latin1')
          .split('\r\n')
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(8, limit))
        expect(lines.join('').replaceAll(' ', '')).toHaveLength(100)
      }
    }
  })

  it('never makes a message larger than foldedBytesMax says', () => {
    for (const limit of [1, 8, 10, 998]) {
      for (const text of [
        'x'.repeat(5_000),
        '𝄞'.repeat(2_000),
        `${'ä'.repeat(997)}\r\n`.repeat(5),
      ]) {
        const bytes = Buffer.byteLength(text)
        const more = Buffer.byteLength(folded(text, undefined, limit)) - bytes
        expect(more).toBeGreaterThan(0)
        expect(more).toBeLessThanOrEqual(foldedBytesMax(bytes, limit))
      }
    }
  })

  it('hands on uncopied what it does not fold', () => {
    const chunk = Buffer.from('short\r\nlines\r\n')
    expect(new LineFolding(LIMIT).push(chunk)).toBe(chunk)
  })
})
