import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { decodeTransfer } from '#test/support/decode-transfer.ts'

const decode = (text: string, encoding: string) => {
  const decoded = decodeTransfer(Buffer.from(text, 'latin1'), encoding)
  return decoded && Buffer.from(decoded).toString('latin1')
}

describe('decodeTransfer', () => {
  const base64: readonly [string, string, string][] = [
    ['one line', 'SGVsbG8=\r\n', 'Hello'],
    ['lines cut anywhere', 'SGV\r\nsbG\r\n8h', 'Hello!'],
    ['other characters between', 'SG Vs*bG-8=', 'Hello'],
    ['groups with padding in the middle', 'QQ==QkM=RA==', 'ABCD'],
    ['missing padding', 'QQ', 'A'],
    ['a single character too many', 'QUJDR', 'ABC'],
    ['nothing', '', ''],
  ]
  it.each(base64)('base64: %s', (_, encoded, decoded) => {
    expect(decode(encoded, 'base64')).toBe(decoded)
  })

  const quotedPrintable: readonly [string, string, string][] = [
    ['escapes', 'a=3Db=c3=A4', 'a=b\xc3\xa4'],
    ['soft line breaks', 'a=\r\nb=\nc', 'abc'],
    ['soft line breaks with blanks behind', 'a= \t\r\nb', 'ab'],
    ['hard line breaks', 'a\r\nb\n', 'a\r\nb\n'],
    // RFC 2045 §6.7 (3)
    ['blanks at line ends', 'a \t \r\nb \nc', 'a\r\nb\nc'],
    ['blanks elsewhere', ' a  b\tc', ' a  b\tc'],
    ['escaped blanks at line ends', 'a=20\r\n', 'a \r\n'],
    ['what is no escape', '=XY =1 =', '=XY =1 '],
    ['an escape cut by a line end', 'a=4\r\nb', 'a=4\r\nb'],
    ['"=" before an escape', '==41', '=A'],
    ['"=" with blanks and text behind', '= x', '= x'],
    ['a bare CR', 'a\rb\r', 'a\rb\r'],
    ['"=" with a bare CR', 'a=\rb', 'a=\rb'],
  ]
  it.each(quotedPrintable)('quoted-printable: %s', (_, encoded, decoded) => {
    expect(decode(encoded, 'quoted-printable')).toBe(decoded)
  })

  it.each(['7bit', '8bit', 'binary'])('%s is as it is', (encoding) => {
    expect(decode('a=41 \r\n\xff', encoding)).toBe('a=41 \r\n\xff')
  })

  it('knows no other encoding', () => {
    expect(decode('a', 'x-uuencode')).toBeUndefined()
  })

  it('decodes what base64 encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const encoded = Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n')
        expect(decode(encoded, 'base64')).toBe(Buffer.from(bytes).toString('latin1'))
      }),
    )
  })

  it.each(['base64', 'quoted-printable'])(
    '%s: makes the same of pieces as of the whole',
    (encoding) => {
      const text = fc.string({ unit: fc.constantFrom(...'=A4 \t\r\nzQ='), maxLength: 30 })
      fc.assert(
        fc.property(text, fc.nat(30), fc.nat(30), (encoded, a, b) => {
          const [first, second] = a < b ? [a, b] : [b, a]
          const decoder = transferDecoder(encoding)
          const pieces = [
            encoded.slice(0, first),
            encoded.slice(first, second),
            encoded.slice(second),
          ]
          const decoded = pieces.map((piece) => decoder?.push(Buffer.from(piece)) ?? [])
          const whole = Buffer.concat([
            ...decoded.map((each) => Buffer.from(each)),
            decoder?.finish() ?? Buffer.alloc(0),
          ])
          expect(whole.toString('latin1')).toBe(decode(encoded, encoding))
        }),
        { numRuns: 1000 },
      )
    },
  )

  it('keeps any number of blanks in linear time', () => {
    const blanks = ' '.repeat(1_000_000)
    expect(decode(`${blanks}x`, 'quoted-printable')).toBe(`${blanks}x`)
    expect(decode(`=${blanks}x`, 'quoted-printable')).toBe(`=${blanks}x`)
  })

  it.each(['=', 'QQ==', 'Q=', 'Q!', '!'])(
    'decodes any number of %j as base64 in one pass',
    (piece) => {
      const from = vi.spyOn(Buffer, 'from')
      const bytes = Buffer.from(piece.repeat(10_000))
      from.mockClear()
      decodeTransfer(bytes, 'base64')
      // Not one for each group that ends.
      expect(from.mock.calls.length).toBeLessThan(5)
      from.mockRestore()
    },
  )

  it('base64: decodes what the engine encodes, whatever stands between', () => {
    const junk = fc.constantFrom('', '\r\n', ' ', '*', '-')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(junk), (bytes, between) => {
        const chars = [...Buffer.from(bytes).toString('base64')]
        const encoded = chars.map((char, at) => char + (between[at] ?? '')).join('')
        expect(decode(encoded, 'base64')).toBe(Buffer.from(bytes).toString('latin1'))
      }),
    )
  })

  it('quoted-printable: keeps any number of blanks behind "=", and takes up to a line of them for a soft break', () => {
    for (const blanks of [996, 997, 998, 999]) {
      const given = `a=${' '.repeat(blanks)}\r\nb`
      const kept = decode(given, 'quoted-printable')
      expect(kept).toBe(blanks < 997 ? 'ab' : `a=${' '.repeat(blanks).trimEnd()}${kept?.slice(2)}`)
    }
  })
})
