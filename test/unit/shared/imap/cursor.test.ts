import { describe, expect, it } from 'vitest'
import type { Cursor } from '#shared/imap/cursor.ts'
import { Cursor as CursorClass } from '#shared/imap/cursor.ts'
import { LIST_MEMBERS_MAX, NESTING_MAX, TAG_CHARACTERS_MAX } from '#shared/imap/limits.ts'
import { NUMBER_MAX } from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError, LiteralNeeded } from '#shared/imap/syntax-error.ts'
import { cursorOf, parsed, segmentsOf, utf8Bytes } from './cursor-of.ts'

/** What each production reads, and what it refuses. */
function production(
  name: string,
  read: (cursor: Cursor) => unknown,
  cases: {
    readonly reads: readonly (readonly [text: string, value: unknown])[]
    readonly refuses: readonly string[]
  },
): void {
  describe(`Cursor.${name}`, () => {
    it.each(cases.reads)('reads %j', (text, value) => {
      expect(parsed(text, read)).toEqual(value)
    })
    it.each(cases.refuses)('refuses %j', (text) => {
      expect(() => parsed(text, read)).toThrow(ImapSyntaxError)
    })
  })
}

production('tag', (cursor) => cursor.tag(), {
  reads: [
    ['a1', 'a1'],
    ['A.b]c}', 'A.b]c}'],
    ['x'.repeat(TAG_CHARACTERS_MAX), 'x'.repeat(TAG_CHARACTERS_MAX)],
  ],
  refuses: [
    '+',
    '+a',
    '*',
    '"a"',
    '(',
    ' a',
    'a\xfc',
    '\\a',
    'a%',
    'x'.repeat(TAG_CHARACTERS_MAX + 1),
  ],
})

production('atom', (cursor) => cursor.atom(), {
  reads: [
    ['abc', 'abc'],
    ['+a.b-c/[', '+a.b-c/['],
    ['a  ', 'a'],
  ],
  refuses: ['', 'a]', 'a"', 'a(', 'a{', 'a%', 'a*', 'a\\', 'a\x7f', 'a\x01', '\xe4'],
})

production('keyword', (cursor) => cursor.keyword(), {
  reads: [
    ['fetch', 'FETCH'],
    ['Body.Peek', 'BODY.PEEK'],
    ['special-use', 'SPECIAL-USE'],
  ],
  refuses: ['', '[', '"a"'],
})

production('number', (cursor) => cursor.number(), {
  reads: [
    ['0', 0],
    ['007', 7],
    [`${NUMBER_MAX}`, NUMBER_MAX],
  ],
  refuses: ['', '-1', '1a', `${NUMBER_MAX + 1}`, '1.5'],
})

production('nzNumber', (cursor) => cursor.nzNumber(), {
  reads: [['1', 1]],
  refuses: ['0', '01', '', 'a'],
})

production('number64', (cursor) => cursor.number64(), {
  reads: [
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ],
  refuses: ['', '-1'],
})

production('astring', (cursor) => cursor.astring(), {
  reads: [
    ['abc]', 'abc]'],
    ['"a b"', 'a b'],
    ['""', ''],
    ['{3}\r\na\r\n', 'a\r\n'],
    ['{0}\r\n', ''],
    ['{2+}\r\n\xc3\xa4', '\xc3\xa4'],
    ['NIL', 'NIL'],
  ],
  refuses: ['', '(', 'a b', 'a%', '~{1}\r\nx', '{1}\r\n\0', '{1}\r\nxy', 'a{1}\r\nx'],
})

production('string', (cursor) => cursor.string(), {
  reads: [
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"\\\\"', '\\'],
    ['"tab\there"', 'tab\there'],
    ['"(%*]{"', '(%*]{'],
    // quirks.ts: 8-bit in a quoted string
    ['"\xc3\xa4\xff"', '\xc3\xa4\xff'],
    ['{5}\r\nhello', 'hello'],
  ],
  refuses: ['abc', '"abc', '"abc\\', '"abc\\"', '"a\\nb"', '"a\rb"', '"a\0b"', '"a"b', 'NIL'],
})

production('nstring', (cursor) => cursor.nstring(), {
  reads: [
    ['NIL', null],
    ['nil', null],
    ['"NIL"', 'NIL'],
    ['{3}\r\nNIL', 'NIL'],
  ],
  refuses: ['NILS', 'abc', ''],
})

production('stringOrLiteral8', (cursor) => cursor.stringOrLiteral8(), {
  reads: [
    ['~{3}\r\na\0b', 'a\0b'],
    ['{1}\r\na', 'a'],
    ['"a"', 'a'],
  ],
  refuses: ['{1}\r\n\0', 'a', '~'],
})

production('mailbox', (cursor) => cursor.mailbox(), {
  reads: [
    ['inbox', 'INBOX'],
    ['"inBox"', 'INBOX'],
    ['{5}\r\ninbox', 'INBOX'],
    ['Entw&APw-rfe', 'Entwürfe'],
    ['"A&-B"', 'A&B'],
    [`"${utf8Bytes('Entwürfe')}"`, 'Entwürfe'],
    // quirks.ts: a name that none can be is no syntax error
    ['A&B', '\0'],
    ['"\xff"', '\0'],
  ],
  refuses: ['\xe4', 'a*', '%', ''],
})

production('listMailbox', (cursor) => cursor.listMailbox(), {
  reads: [
    ['*', '*'],
    ['%/a]', '%/a]'],
    ['"a b*"', 'a b*'],
    ['""', ''],
    ['{1}\r\n%', '%'],
    ['A&B*', 'A&B*'],
  ],
  refuses: ['', '(', 'a"'],
})

production('sequenceSet', (cursor) => cursor.sequenceSet(), {
  reads: [
    ['$', { kind: 'saved' }],
    [
      '1:3,7',
      {
        kind: 'set',
        ranges: [
          { first: 1, last: 3 },
          { first: 7, last: 7 },
        ],
      },
    ],
    ['5:*', { kind: 'set', ranges: [{ first: 5, last: Number.POSITIVE_INFINITY }] }],
  ],
  refuses: ['', '0', '$1', '$,1', '1,$', 'a', '1:'],
})

production('uidSet', (cursor) => cursor.uidSet(), {
  reads: [['1:3', [{ first: 1, last: 3 }]]],
  refuses: ['1:*', '*', '$', ''],
})

production('flag', (cursor) => cursor.flag(), {
  reads: [
    ['\\seen', '\\Seen'],
    ['\\RECENT', '\\Recent'],
    ['\\Custom', '\\Custom'],
    ['$Forwarded', '$Forwarded'],
    ['NonJunk', 'NonJunk'],
  ],
  refuses: ['', '\\', '\\*', '\\ Seen', '"x"', 'a]', '\\\\Seen'],
})

production('flagList', (cursor) => cursor.flagList(), {
  reads: [
    ['()', []],
    ['(\\Seen)', ['\\Seen']],
    ['(\\seen $X y)', ['\\Seen', '$X', 'y']],
    // quirks.ts: stray spaces
    ['( \\Seen )', ['\\Seen']],
    // quirks.ts: several spaces
    ['(\\Seen  x)', ['\\Seen', 'x']],
  ],
  refuses: ['', '(', '(\\Seen', '\\Seen', '((\\Seen))'],
})

production('dateTime', (cursor) => cursor.dateTime(), {
  reads: [['" 7-Feb-1994 21:52:25 -0800"', Date.parse('1994-02-08T05:52:25Z')]],
  refuses: ['7-Feb-1994', '"7-Feb-1994"', '""', ''],
})

production('date', (cursor) => cursor.date(), {
  reads: [
    ['1-Feb-1994', Date.parse('1994-02-01')],
    ['"1-Feb-1994"', Date.parse('1994-02-01')],
  ],
  refuses: ['1-Feb-94', '"30-Feb-1994"', ''],
})

production('objectId', (cursor) => cursor.objectId(), {
  reads: [
    ['M6d99ac3275bb4e', 'M6d99ac3275bb4e'],
    ['"a_b-9"', 'a_b-9'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ],
  refuses: ['""', 'a.b', 'x'.repeat(256)],
})

describe('Cursor.list', () => {
  const atoms = (cursor: Cursor) => cursor.list(() => cursor.atom())

  it('refuses an empty list unless it may be empty', () => {
    expect(() => parsed('()', atoms)).toThrow('the list is empty')
    expect(
      parsed('()', (cursor) => cursor.list(() => cursor.atom(), { emptyAllowed: true })),
    ).toEqual([])
  })

  it('takes as many members as the limit and not one more', () => {
    const list = (members: number) => `(${Array.from({ length: members }, () => 'x').join(' ')})`
    expect(parsed(list(LIST_MEMBERS_MAX), atoms)).toHaveLength(LIST_MEMBERS_MAX)
    expect(() => parsed(list(LIST_MEMBERS_MAX + 1), atoms)).toThrow('the list is too long')
  })

  it('nests as deep as the limit and not deeper', () => {
    type Tree = string | readonly Tree[]
    const tree = (cursor: Cursor): Tree =>
      cursor.sees('(') ? cursor.list(() => tree(cursor)) : cursor.atom()
    const nest = (depth: number) => `${'('.repeat(depth)}x${')'.repeat(depth)}`
    expect(parsed(nest(NESTING_MAX), tree)).toBeInstanceOf(Array)
    expect(() => parsed(nest(NESTING_MAX + 1), tree)).toThrow('nested too deep')
  })

  it('reads members across literals', () => {
    expect(
      parsed('({1}\r\na b {1+}\r\nc "d" {1}\r\n))', (cursor) =>
        cursor.list(() => cursor.astring()),
      ),
    ).toEqual(['a', 'b', 'c', 'd', ')'])
  })
})

describe('Cursor.end', () => {
  it('takes spaces before the line end (quirks.ts) and nothing else', () => {
    for (const text of ['a', 'a ', 'a  ']) {
      const cursor = cursorOf(text)
      cursor.tag()
      cursor.end()
    }
    for (const text of ['a)', 'a )', 'a {1}\r\nx']) {
      const cursor = cursorOf(text)
      cursor.tag()
      expect(() => cursor.end(), text).toThrow('more follows')
    }
  })

  it('does not take an announced literal for the end', () => {
    const cursor = new CursorClass(segmentsOf('a {5}'))
    cursor.tag()
    expect(() => cursor.end()).toThrow(ImapSyntaxError)
  })
})

describe('Cursor.announced', () => {
  it('is the literal that comes next', () => {
    const cursor = cursorOf('a ~{5+}')
    expect(cursor.announced()).toBeNull()
    cursor.tag()
    cursor.space()
    expect(cursor.announced()).toEqual({ bytes: 5, synchronising: false, binary: true })
  })

  it('stands for no string: LiteralNeeded asks to buffer it', () => {
    const cursor = cursorOf('APPEND {5}')
    cursor.keyword()
    cursor.space()
    expect(() => cursor.mailbox()).toThrow(LiteralNeeded)
  })
})

describe('Cursor looking ahead', () => {
  it('takes nothing it does not see', () => {
    const cursor = cursorOf('CHARSET (x')
    expect(cursor.takesKeyword('CHAR')).toBe(false)
    expect(cursor.peekKeyword()).toBe('CHARSET')
    expect(cursor.takesKeyword('CHARSET')).toBe(true)
    expect(cursor.takes('(')).toBe(false)
    expect(cursor.takesSpaceBefore('x')).toBe(false)
    expect(cursor.takesSpaceBefore('(')).toBe(true)
    expect(cursor.sees('(')).toBe(true)
    expect(cursor.peekKeyword()).toBe('')
    expect(cursor.seesDigit()).toBe(false)
    expect(cursor.atEnd()).toBe(false)
  })
})

describe('Cursor with UTF-8 enabled', () => {
  it('reads mailbox names as UTF-8', () => {
    const read = (cursor: Cursor) => cursor.mailbox()
    expect(parsed('A&B', read, { utf8: true })).toBe('A&B')
    expect(parsed(`"${utf8Bytes('日本')}"`, read, { utf8: true })).toBe('日本')
    expect(parsed('"\xff"', read, { utf8: true })).toBe('\0')
  })

  it('reads them without quotes too', () => {
    const read = (cursor: Cursor) => cursor.mailbox()
    expect(parsed(utf8Bytes('日本'), read, { utf8: true })).toBe('日本')
    expect(parsed(utf8Bytes('日*'), (cursor) => cursor.listMailbox(), { utf8: true })).toBe('日*')
    expect(() => parsed(utf8Bytes('日本'), read, { utf8: false })).toThrow(ImapSyntaxError)
  })
})
