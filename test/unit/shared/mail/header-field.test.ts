import { describe, expect, it } from 'vitest'
import { headerFields, trimWhiteSpace, unfold } from '#shared/mail/header-field.ts'

describe('headerFields', () => {
  const rows: readonly [string, string, readonly [string, string][]][] = [
    [
      'splits at line ends',
      'A: 1\r\nB: 2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['keeps the case of names', 'mEsSaGe-Id: x\r\n', [['mEsSaGe-Id', 'x']]],
    ['stops at the empty line', 'A: 1\r\n\r\nB: 2\r\n', [['A', '1']]],
    ['stops at an empty line of LF alone', 'A: 1\n\nB: 2\n', [['A', '1']]],
    ['finds nothing in an empty header', '\r\n', []],
    ['finds nothing in nothing', '', []],
    // RFC 5322 §2.2.3
    [
      'unfolds',
      'A: 1\r\n 2\r\n\t3\r\nB: 4\r\n',
      [
        ['A', '1 2\t3'],
        ['B', '4'],
      ],
    ],
    [
      'unfolds bare LF',
      'A: 1\n 2\nB: 3',
      [
        ['A', '1 2'],
        ['B', '3'],
      ],
    ],
    ['takes a line of white space for a fold', 'A: 1\r\n \r\n 2\r\n', [['A', '1  2']]],
    ['takes the last field without line end', 'A: 1', [['A', '1']]],
    [
      'takes empty values',
      'A:\r\nB: \r\n',
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    ['splits at the first colon', 'A: b: c\r\n', [['A', 'b: c']]],
    ['needs no white space', 'A:b\r\n', [['A', 'b']]],
    // RFC 5322 §4.5
    ['allows white space before the colon', 'A \t: b\r\n', [['A', 'b']]],
    [
      'passes over lines without colon',
      'From a@b Fri\r\nA: 1\r\nx\r\n y: z\r\nB: 2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['passes over names with blanks', 'From a@b 10:00\r\nA: 1\r\n', [['A', '1']]],
    ['passes over lines without name', ': x\r\nA: 1\r\n', [['A', '1']]],
    ['keeps bytes above 127 and a bare CR', 'A: \xc3\xa0\rx\r\n', [['A', '\xc3\xa0\rx']]],
  ]
  for (const [what, header, expected] of rows) {
    it(what, () => {
      const fields = headerFields(Buffer.from(header, 'latin1'))
      expect(fields.map(({ name, value }) => [name, value])).toEqual(expected)
    })
  }
})

describe('unfold', () => {
  it('keeps white space inside', () => {
    expect(unfold(' a  b\r\n  c \r\n')).toBe('a  b  c')
  })
  it('keeps a line end that is no fold', () => {
    expect(unfold('a\r\nb')).toBe('a\r\nb')
  })
})

describe('trimWhiteSpace', () => {
  it('keeps 0xA0 and 0x85, bytes of UTF-8', () => {
    expect(trimWhiteSpace(' \xc2\xa0x\xc2\x85\t\r\n')).toBe('\xc2\xa0x\xc2\x85')
  })
  it('empties what is only white space', () => {
    expect(trimWhiteSpace(' \t ')).toBe('')
  })
})
