import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { charsetDecoder, decodeText, isKnownCharset } from '#shared/mail/charset.ts'
import { charsetLabels } from '#shared/mail/charsets/labels.ts'

const bytes = (...codes: number[]) => Uint8Array.from(codes)

describe('decodeText', () => {
  const rows: readonly [string, string | null, Uint8Array, string][] = [
    ['utf-8', 'UTF-8', Buffer.from('Grüße'), 'Grüße'],
    ['utf-8 by another name', 'utf8', Buffer.from('Grüße'), 'Grüße'],
    ['latin-1', 'iso-8859-1', bytes(0x47, 0xfc), 'Gü'],
    ['latin-9 by a short name', '8859-15', bytes(0xa4), '€'],
    ['a windows code page', 'cp1251', bytes(0xcf, 0xf0), 'Пр'],
    ['a Japanese code page by number', 'cp932', bytes(0x82, 0xa0), 'あ'],
    ['ISO-2022-JP', 'ISO-2022-JP', Buffer.from('\x1b$B$"\x1b(B', 'latin1'), 'あ'],
    ['a name with underscores', 'ks_c_5601-1987', bytes(0xb0, 0xa1), '가'],
    ['UTF-16 with the order of RFC 2781', 'utf-16', bytes(0, 0x41), 'A'],
    ['text without a character set that is UTF-8', null, Buffer.from('é'), 'é'],
    ['text without a character set that is not', null, bytes(0x61, 0xe9, 0x62), 'aéb'],
    ['US-ASCII that is UTF-8', 'us-ascii', Buffer.from('é'), 'é'],
    ['an unknown character set', 'x-no-such', Buffer.from('é'), 'é'],
    ['a cut character of UTF-8', null, bytes(0x61, 0xc3), 'aÃ'],
    ['malformed bytes in the set they claim', 'utf-8', bytes(0x61, 0xff), 'a\ufffd'],
    ['nothing', 'utf-8', bytes(), ''],
  ]
  it.each(rows)('decodes %s', (_, charset, encoded, text) => {
    expect(decodeText(encoded, charset)).toBe(text)
  })

  it('never fails, whatever the name and the bytes', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (charset, encoded) => {
        expect(typeof decodeText(encoded, charset)).toBe('string')
      }),
    )
  })
})

describe('charsetDecoder', () => {
  const sets = [
    'utf-8',
    'iso-8859-1',
    'iso-2022-jp',
    'shift_jis',
    'gb18030',
    'big5',
    'utf-16',
    null,
  ]
  it.each(sets)('makes the same of pieces as of the whole: %s', (charset) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), fc.nat(40), (encoded, a, b) => {
        const [first, second] = a < b ? [a, b] : [b, a]
        const decoder = charsetDecoder(charset)
        const pieces = [
          encoded.slice(0, first),
          encoded.slice(first, second),
          encoded.slice(second),
        ]
        const text = pieces.map((piece) => decoder.push(piece)).join('') + decoder.finish()
        // Without a character set what came before the first malformed byte may have been read as UTF-8.
        if (charset === null && !isWellFormed(encoded)) return
        const whole = decodeText(encoded, charset)
        // Of malformed text only that some text comes out: where it is cut decides what is taken for malformed.
        if (whole.includes('\u{fffd}')) expect(text).toContain('\u{fffd}')
        else expect(text).toBe(whole)
      }),
    )
  })

  it.each([
    ['gb18030', [0x81, 0x30], [0x00]],
    ['gbk', [0x81, 0x30], [0x00]],
  ])('survives a malformed character that is cut in %s', (charset, first, second) => {
    const decoder = charsetDecoder(charset)
    const text =
      decoder.push(Uint8Array.from(first)) +
      decoder.push(Uint8Array.from(second)) +
      decoder.finish()
    expect(text).toMatch(/^\u{fffd}.*\0$/u)
  })

  it('does not keep the memory of a piece', () => {
    const decoder = charsetDecoder(null)
    const piece = bytes(0x61, 0xc3)
    expect(decoder.push(piece)).toBe('a')
    piece.fill(0)
    expect(decoder.push(bytes(0xa9))).toBe('é')
  })

  it('goes on in windows-1252 after the first byte that is no UTF-8', () => {
    const decoder = charsetDecoder(null)
    expect(decoder.push(Buffer.from('é'))).toBe('é')
    expect(decoder.push(bytes(0xe9, 0x20))).toBe('é ')
    expect(decoder.push(Buffer.from('é'))).toBe('Ã©')
  })
})

describe('isKnownCharset', () => {
  it.each(['utf-8', 'US-ASCII', 'ISO-8859-1', 'koi8-r', 'windows-1250', 'cp850_not', ''])(
    'of %s',
    (charset) => {
      expect(isKnownCharset(charset)).toBe(!['cp850_not', ''].includes(charset))
    },
  )
})

function isWellFormed(encoded: Uint8Array): boolean {
  return !Buffer.from(encoded).toString('utf8').includes('\ufffd')
}

describe('charsetLabels', () => {
  afterEach(() => vi.restoreAllMocks())

  it('are labels that TextDecoder takes, in lower case', () => {
    for (const label of charsetLabels) {
      expect(() => new TextDecoder(label)).not.toThrow()
      expect(label).toBe(label.toLowerCase())
    }
    expect(charsetLabels.size).toBe(220)
  })

  it('answer for any number of invented names without asking a decoder', () => {
    const made = vi.spyOn(globalThis, 'TextDecoder')
    for (let at = 0; at < 1_000; at++) {
      expect(decodeText(Buffer.from('\xe4', 'latin1'), `x-invented-${at}`)).toBe('ä')
    }
    expect(made).not.toHaveBeenCalled()
  })

  it('make one decoder for all whole texts of a character set', () => {
    decodeText(bytes(0x80, 0x80), 'gbk')
    const made = vi.spyOn(globalThis, 'TextDecoder')
    for (let at = 0; at < 1_000; at++) decodeText(bytes(0xc4, 0xe3), 'gbk')
    expect(made).not.toHaveBeenCalled()
  })
})
