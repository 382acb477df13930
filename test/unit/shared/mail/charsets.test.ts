import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { charsetDecoder, decodeText, isKnownCharset } from '#shared/mail/charset.ts'
import { codePages } from '#shared/mail/charsets/code-pages.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'

const hex = (digits: string) => Buffer.from(digits, 'hex')
const latin1 = (text: string) => Buffer.from(text, 'latin1')

// Encoded by Python's codecs and glibc's iconv.
const encoded: readonly [charset: string, bytes: string, text: string][] = [
  ['iso-2022-kr', '1b2429430e3e4833670f2068656c6c6f200e474f3c3c3f640f', '안녕 hello 하세요'],
  ['hz-gb-2312', '7e7b44633a437e7d7e7e2c20776f726c64', '你好~, world'],
  [
    'utf-7',
    '47722b4150774133772d65202b2d202b5a65566e4c41202b3244336541412d2d21',
    'Grüße + 日本 😀-!',
  ],
  ['cp437', '477281e165208220ab', 'Grüße é ½'],
  ['cp850', '477281e16520e0b8', 'Grüße Ó©'],
  ['cp852', 'a66c759c6f759f6bec', 'Žluťoučký'],
  ['cp858', '313020d5', '10 €'],
  ['cp737', '8998a29ea3e2a898', 'Καλημέρα'],
  ['cp862', '998c858d', 'שלום'],
  ['cp855', 'dde1b7eba8e5', 'Привет'],
  ['cp1125', 'f8a6a0aa', 'Їжак'],
  ['cp775', 'b5d8756f6c6173', 'Ąžuolas'],
  ['cp857', '98a76e65', 'İğne'],
  ['cp869', 'b5d6e59e', 'Καλή'],
  ['cp860', '4f6ca02087846f', 'Olá ção'],
  ['cp865', '92729b', 'Ærø'],
  ['mac-ce', 'eb6c75e96f758b6bf9', 'Žluťoučký'],
  ['mac-turkish', 'dcdb6e65', 'İğne'],
  ['mac-greek', 'bae1ecdc', 'Καλή'],
  ['mac-icelandic', 'de9772', 'Þór'],
  ['koi8-t', 'f4cf8dc9cba5', 'Тоҷикӣ'],
  ['kz-1048', '8de0e7e09d', 'Қазақ'],
  ['ptcp154', '8de0e7e09d', 'Қазақ'],
  ['hp-roman8', '4772cfde65', 'Grüße'],
  ['viscii', '5469aa6e67205669ae74', 'Tiếng Việt'],
  ['tcvn5712-1', '7469d56e67', 'tiếng'],
  ['armscii-8', 'd0b3db', 'Հայ'],
  ['georgian-ps', 'd8c0d2c8d6cbc9', 'ქართული'],
  ['georgian-academy', 'd5c0d0c7d3cac8', 'ქართული'],
]

describe('character sets that TextDecoder does not know', () => {
  it.each(encoded)('%s', (charset, bytes, text) => {
    expect(isKnownCharset(charset)).toBe(true)
    expect(decodeText(hex(bytes), charset)).toBe(text)
    expect(decodeText(hex(bytes), charset.toUpperCase())).toBe(text)
  })

  it.each(encoded)('%s cut anywhere', (charset, bytes, text) => {
    const all = hex(bytes)
    for (let at = 0; at <= all.length; at++) {
      const decoder = charsetDecoder(charset)
      const pieces = decoder.push(all.subarray(0, at)) + decoder.push(all.subarray(at))
      expect(pieces + decoder.finish()).toBe(text)
    }
  })

  it.each([
    ['cp850', 'ibm850 IBM-850 850 cspc850multilingual dos-850 cp_850'],
    ['cp858', 'ibm00858 cp00858 CCSID00858'],
    ['iso-2022-jp', 'csISO2022JP iso-2022-jp-2 cp50220 x-iso-2022-jp ISO_2022_JP'],
    ['hz-gb-2312', 'hz HZ-GB2312'],
    ['utf-7', 'unicode-1-1-utf-7 UTF7 cp65000 x-unicode-2-0-utf-7'],
    ['mac-ce', 'x-mac-ce x-mac-centraleurroman'],
    ['windows-1252', 'cp1252 win-1252 1252'],
    ['windows-874', 'cp874'],
    ['utf-8', 'cp65001'],
  ])('%s has other names', (charset, names) => {
    const bytes = latin1('+AOQ-\x1b$B$"~{<:~}\x84\x9f\xd5\xa4')
    const meant = decodeText(bytes, charset)
    for (const name of names.split(' ')) expect(decodeText(bytes, name), name).toBe(meant)
  })

  it('have a character for each byte from 0x80', () => {
    for (const [name, characters] of Object.entries(codePages)) {
      expect(characters.length, name).toBe(128)
    }
  })

  const stateful = ['iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn', 'hz', 'utf-7']
  it.each(stateful)('make well-formed text of any bytes, the same whole and cut: %s', (charset) => {
    const unit = fc.constantFrom(
      ...['\x1b', '$', 'B', '(', ')', 'C', 'D', 'J', 'I', 'A', '\x0e', '\x0f', '&', '@', '\n'],
      ...['~', '{', '}', '+', '-', '2D3eAA', '2D3', '!', '"', '\\', '\x80', '\xb1', ' '],
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30 }), fc.nat(60), (units, cut) => {
        const bytes = latin1(units.join(''))
        const decoder = charsetDecoder(charset)
        const text =
          decoder.push(bytes.subarray(0, cut)) +
          decoder.push(bytes.subarray(cut)) +
          decoder.finish()
        expect(text.isWellFormed()).toBe(true)
        expect(text).toBe(decodeText(bytes, charset))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('ISO-2022-JP', () => {
  it('has every character that TextDecoder has, by the same bytes', () => {
    const reference = new TextDecoder('iso-2022-jp')
    const different: string[] = []
    for (let first = 0x21; first < 0x7f; first++) {
      for (let second = 0x21; second < 0x7f; second++) {
        const pair = latin1(`\x1b$B${String.fromCharCode(first, second)}\x1b(B`)
        const text = decodeText(pair, 'iso-2022-jp')
        if (text !== reference.decode(pair)) different.push(`${first} ${second} ${text}`)
      }
    }
    expect(different).toEqual([])
  })

  const rows: readonly [string, string, string][] = [
    ['escape sequences in a row', '\x1b$B$"\x1b(B\x1b$B$$\x1b(B\x1b(J\x1b(B.', 'あい.'],
    ['a text that does not go back to ASCII', '\x1b$B$"', 'あ'],
    ['JIS X 0201', '\x1b(J\\100\x1b(B \\', '¥100 \\'],
    ['katakana by escape', '\x1b(I1\x1b(B.', 'ｱ.'],
    ['katakana by shift', '\x0e1\x0f.', 'ｱ.'],
    ['katakana in eight bits', '\xb1.', 'ｱ.'],
    ['JIS X 0212 (RFC 2237)', '\x1b$(D0!\x1b(B', '丂'],
    ['Chinese and Korean (RFC 1554)', '\x1b$AVP\x1b$(CGQ\x1b(B', '中한'],
    ['the announcement of an edition', '\x1b&@\x1b$B$"\x1b(B', 'あ'],
    ['an unknown escape', '\x1b$(Zx', '\ufffd$(Zx'],
    ['half a character', '\x1b$B$\x1b(Bx', '\ufffdx'],
    ['half a character before a line end', '\x1b$B$"$\n$$', 'あ\ufffd\nい'],
    ['an escape that is cut off', 'a\x1b$', 'a\ufffd$'],
    ['a character that means nothing', '\x1b$B)!\x1b(Bx', '\ufffdx'],
  ]
  it.each(rows)('%s', (_, bytes, text) => {
    expect(decodeText(latin1(bytes), 'iso-2022-jp')).toBe(text)
  })
})

describe('HZ', () => {
  const rows: readonly [string, string, string][] = [
    ['a line that is continued', 'a~\n~{VP~}', 'a中'],
    ['a line end, which ends Chinese', '~{VP\nVP', '中\nVP'],
    ['a tilde that begins nothing', '~x~', '~x~'],
    ['a cut character', '~{V', '\ufffd'],
  ]
  it.each(rows)('%s', (_, bytes, text) => {
    expect(decodeText(latin1(bytes), 'hz-gb-2312')).toBe(text)
  })
})

describe('UTF-7', () => {
  // RFC 2152, "Examples".
  const rows: readonly [string, string][] = [
    ['A+ImIDkQ.', 'A≢Α.'],
    ['Hi Mom -+Jjo--!', 'Hi Mom -☺-!'],
    ['+ZeVnLIqe-', '日本語'],
    ['Item 3 is +AKM-1.', 'Item 3 is £1.'],
    ['1 +- 1', '1 + 1'],
    ['+2D0-x', '\ufffdx'],
    ['a+', 'a+'],
  ]
  it.each(rows)('%s', (bytes, text) => {
    expect(decodeText(latin1(bytes), 'utf-7')).toBe(text)
  })
})

describe('encoded words of stateful character sets', () => {
  const word = (charset: string, bytes: string) =>
    `=?${charset}?B?${latin1(bytes).toString('base64')}?=`
  const rows: readonly [string, string, string, string][] = [
    ['ISO-2022-JP', '\x1b$BEE;R\x1b(B', '\x1b$B%a!<%k\x1b(B', '電子メール'],
    ['ISO-2022-JP', '\x1b$BEE;R', 'x', '電子x'],
    ['iso-2022-kr', '\x1b$)C\x0e>H\x0f', '\x0e3g\x0f', '안녕'],
    ['utf-7', '+ZeU', 'a', '日a'],
    ['hz-gb-2312', '~{Dc', 'a~{:C~}', '你a好'],
  ]
  it.each(rows)('are each decoded by itself: %s %j %j', (charset, first, second, text) => {
    expect(decodeHeaderText(`${word(charset, first)}\r\n ${word(charset, second)}`)).toBe(text)
  })

  it.each([
    ['gb18030', [0xc4], [0xe3]],
    ['big5', [0xa7], [0x41]],
    ['euc-kr', [0xb0], [0xa1]],
  ])('of other sets may cut a character: %s', (charset, first, second) => {
    const whole = decodeText(Uint8Array.from([...first, ...second]), charset)
    const [a, b] = [first, second].map((bytes) => word(charset, String.fromCharCode(...bytes)))
    expect(decodeHeaderText(`${a} ${b}`)).toBe(whole)
    expect(whole).not.toContain('\ufffd')
  })
})
