import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHeaderText, headerTextPieces } from '#shared/mail/encoded-words.ts'

describe('decodeHeaderText', () => {
  const rows: readonly [string, string, string][] = [
    ['plain text', 'Hello', 'Hello'],
    // RFC 2047 §8
    ['an encoded word', '=?ISO-8859-1?Q?a?=', 'a'],
    ['text beside an encoded word', '=?ISO-8859-1?Q?a?= b', 'a b'],
    ['neighbours without the blank', '=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
    ['neighbours over a fold', '=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=', 'ab'],
    ['an encoded blank', '=?ISO-8859-1?Q?a_b?=', 'a b'],
    ['a blank encoded with its neighbour', '=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
    ['base64', '=?utf-8?B?R3LDvMOfZQ==?=', 'Grüße'],
    ['small letters', '=?utf-8?b?R3LDvMOfZQ?=', 'Grüße'],
    ['a language (RFC 2231 §5)', '=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
    ['a character cut between words', '=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=', 'Grüße'],
    ['different encodings of one set', '=?utf-8?B?w7w=?= =?utf-8?Q?=C3=BC?=', 'üü'],
    ['blanks in the text', '=?utf-8?Q?a b?=', 'a b'],
    ['words inside quotes and parentheses', '("=?utf-8?Q?a?=")', '("a")'],
    ['raw UTF-8', 'Gr\xc3\xbc\xc3\x9fe', 'Grüße'],
    ['raw bytes of another set', 'Gr\xfc\xdfe', 'Grüße'],
    ['an unknown set', '=?x-none?Q?=C3=BC?=', 'ü'],
    ['what is no encoded word', '=?utf-8?X?a?= =?a =?b', '=?utf-8?X?a?= =?a =?b'],
    ['a word without end', '=?utf-8?Q?abc', '=?utf-8?Q?abc'],
    ['an empty word', 'a=?utf-8?Q??=b', 'ab'],
    ['ISO-2022-JP', '=?ISO-2022-JP?B?GyRCJCIbKEI=?=', 'あ'],
  ]
  it.each(rows)('decodes %s', (_, value, text) => {
    expect(decodeHeaderText(value)).toBe(text)
  })

  it('decodes what is encoded, word by word', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 10 })), (texts) => {
        const words = texts.map((text) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`)
        const wellFormed = texts.map((text) => Buffer.from(text).toString())
        expect(decodeHeaderText(words.join(' '))).toBe(wellFormed.join(''))
      }),
    )
  })

  it('takes linear time for beginnings of words', () => {
    const value = '=?a?q?'.repeat(50_000)
    expect(decodeHeaderText(value)).toBe(value)
  })

  // The pattern of RFC 2047 §2 that this scanner replaces.
  const pattern = /=\?([^?\s]+)\?([BbQq])\?([^?\r\n]*)\?=/g
  it('finds the words that a pattern finds', () => {
    const unit = fc.constantFrom(
      '=?',
      'utf-8',
      '?Q?',
      '?b?',
      '?=',
      '?',
      ' ',
      '=',
      'YQ',
      '*en',
      '\r\n',
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 14 }), (units) => {
        const value = units.join('')
        const isWord = decodeHeaderText(`<${value}>`) !== `<${value}>`
        expect(isWord).toBe(value.search(pattern) >= 0)
      }),
      { numRuns: 2_000 },
    )
  })

  it('comes in pieces that make the whole', () => {
    const value = 'a =?utf-8?Q?=C3=A4?= b =?gbk?B?xOM=?= =?gbk?B?xOM=?= c'
    expect([...headerTextPieces(value)]).toEqual(['a ', 'ä', ' b ', '你你', ' c'])
  })

  it('joins words of one character set up to a number of bytes', () => {
    const words = Array.from({ length: 3_000 }, () => `=?utf-8?Q?${'a'.repeat(60)}?=`).join(' ')
    const lengths = [...headerTextPieces(words)].map(({ length }) => length)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(180_000)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64 * 1024 + 60)
  })
})
