// Arguments about messages and the session: STORE, APPEND, ID, ENABLE, quota, rights.

import { describe, expect, it } from 'vitest'
import { parseRightsChange } from '#shared/imap/acl-arguments.ts'
import {
  appendContinues,
  CATENATE_PARTS_MAX,
  parseAppendClose,
  parseAppendMessage,
  parseCatenateRest,
} from '#shared/imap/append-arguments.ts'
import type { Cursor } from '#shared/imap/cursor.ts'
import { CAPABILITIES_MAX, parseCapabilities } from '#shared/imap/enable-arguments.ts'
import {
  ID_FIELD_BYTES_MAX,
  ID_FIELDS_MAX,
  ID_VALUE_BYTES_MAX,
  parseIdParameters,
} from '#shared/imap/id-parameters.ts'
import { parseQuotaLimits } from '#shared/imap/quota-arguments.ts'
import { parseStoreArguments } from '#shared/imap/store-arguments.ts'
import { ImapSyntaxError, LiteralNeeded } from '#shared/imap/syntax-error.ts'
import { cursorOf, parsed } from './cursor-of.ts'

describe('parseStoreArguments', () => {
  const read = (text: string) => parsed(text, parseStoreArguments)
  const replace = { unchangedSince: null, mode: 'replace', silent: false, flags: ['\\Seen'] }

  it.each<readonly [string, object]>([
    ['FLAGS (\\seen)', replace],
    ['FLAGS \\Seen', replace],
    ['FLAGS ()', { ...replace, flags: [] }],
    ['+FLAGS (\\Deleted $Junk)', { ...replace, mode: 'add', flags: ['\\Deleted', '$Junk'] }],
    [
      '-flags.silent \\Deleted x',
      { ...replace, mode: 'remove', silent: true, flags: ['\\Deleted', 'x'] },
    ],
    // RFC 7162 §3.1.3
    [
      '(UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Seen)',
      { ...replace, unchangedSince: 12121230045, mode: 'add', silent: true },
    ],
    ['(UNCHANGEDSINCE 0) FLAGS \\Seen ', { ...replace, unchangedSince: 0 }],
  ])('reads %j', (text, result) => {
    expect(read(text)).toEqual(result)
  })

  it.each([
    '',
    'FLAGS',
    'FLAGS ',
    'FLAG (\\Seen)',
    'FLAGS.QUIET (\\Seen)',
    '*FLAGS (\\Seen)',
    '+ FLAGS (\\Seen)',
    'FLAGS (\\*)',
    'FLAGS (\\Seen) x',
    'FLAGS \\Seen (x)',
    '() FLAGS (\\Seen)',
    '(CHANGEDSINCE 1) FLAGS (\\Seen)',
    '(UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) FLAGS (\\Seen)',
    '(UNCHANGEDSINCE 1)FLAGS (\\Seen)',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

/** After the mailbox: a cursor that stands at the space before the message. */
function appendCursor(text: string): Cursor {
  const cursor = cursorOf(`x${text}`)
  cursor.mailbox()
  return cursor
}

describe('parseAppendMessage', () => {
  const read = (text: string) => parseAppendMessage(appendCursor(text))
  const literal = { bytes: 310, synchronising: true, binary: false }
  const message = {
    flags: [],
    internalDateMs: null,
    data: { kind: 'literal', literal, utf8: false },
  }

  it.each<readonly [string, object]>([
    // RFC 9051 §6.3.12
    [' {310}', message],
    [' (\\Seen) {310}', { ...message, flags: ['\\Seen'] }],
    [' () {310}', message],
    [
      ' (\\seen x) " 7-Feb-1994 21:52:25 -0800" {310}',
      { ...message, flags: ['\\Seen', 'x'], internalDateMs: Date.parse('1994-02-08T05:52:25Z') },
    ],
    [
      ' "17-Jul-1996 02:44:25 -0700" {310}',
      { ...message, internalDateMs: Date.parse('1996-07-17T09:44:25Z') },
    ],
    // RFC 3516 §4.4
    [
      ' ~{310+}',
      {
        ...message,
        data: {
          kind: 'literal',
          literal: { bytes: 310, synchronising: false, binary: true },
          utf8: false,
        },
      },
    ],
    // RFC 9755 §4
    [
      ' (\\Seen) UTF8 (~{310}',
      {
        ...message,
        flags: ['\\Seen'],
        data: { kind: 'literal', literal: { ...literal, binary: true }, utf8: true },
      },
    ],
    // RFC 4469 §3
    [
      ' CATENATE (URL "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER" TEXT {310}',
      {
        ...message,
        data: {
          kind: 'catenate',
          parts: {
            urls: ['/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER'],
            text: literal,
            utf8: false,
          },
        },
      },
    ],
    [
      ' catenate (URL a URL b)',
      {
        ...message,
        data: { kind: 'catenate', parts: { urls: ['a', 'b'], text: null, utf8: false } },
      },
    ],
    [
      ' CATENATE (TEXT {310}',
      { ...message, data: { kind: 'catenate', parts: { urls: [], text: literal, utf8: false } } },
    ],
  ])('reads %j', (text, result) => {
    expect(read(text)).toEqual(result)
  })

  it.each([
    '',
    ' ',
    ' (\\Seen)',
    ' (\\Seen){310}',
    ' "7-Feb-1994" {310}',
    ' " 7-Feb-1994 21:52:25 -0800" (\\Seen) {310}',
    ' UTF8 {310}',
    ' UTF8 ({310}',
    ' X {310}',
    ' CATENATE ()',
    ' CATENATE (URL a',
    ' CATENATE (TEXT "x")',
    ' CATENATE (X {310}',
    ' CATENATE {310}',
    ' abc',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })

  it('asks for the literal of a URL to be buffered', () => {
    expect(() => read(' CATENATE (URL {5}')).toThrow(LiteralNeeded)
    expect(read(' CATENATE (URL {1}\r\na)').data).toEqual({
      kind: 'catenate',
      parts: { urls: ['a'], text: null, utf8: false },
    })
  })

  it('limits the parts of CATENATE', () => {
    const urls = (count: number) =>
      ` CATENATE (${Array.from({ length: count }, () => 'URL a').join(' ')})`
    expect(read(urls(CATENATE_PARTS_MAX)).data.kind).toBe('catenate')
    expect(() => read(urls(CATENATE_PARTS_MAX + 1))).toThrow('too many parts')
  })
})

describe('after a message of APPEND', () => {
  it('parseCatenateRest reads on in the list', () => {
    const literal = { bytes: 5, synchronising: true, binary: false }
    const rest = (text: string, utf8 = false) =>
      parseCatenateRest(cursorOf(text), { urls: [], text: null, utf8 })
    expect(rest(')')).toEqual({ urls: [], text: null, utf8: false })
    expect(rest(' URL a)')).toEqual({ urls: ['a'], text: null, utf8: false })
    expect(rest(' URL a TEXT {5}')).toEqual({ urls: ['a'], text: literal, utf8: false })
    expect(rest(') URL a)', true)).toEqual({ urls: ['a'], text: null, utf8: false })
    expect(rest(' UTF8 (~{5}')).toEqual({
      urls: [],
      text: { ...literal, binary: true },
      utf8: true,
    })
    expect(() => rest('')).toThrow(ImapSyntaxError)
    expect(() => rest('URL a)')).toThrow(ImapSyntaxError)
    expect(() => rest(')', true)).toThrow(ImapSyntaxError)
    expect(() => rest(' UTF8 ({5}')).toThrow(ImapSyntaxError)
    expect(() => rest(' UTF8 ~{5}')).toThrow(ImapSyntaxError)
  })

  it('parseAppendClose takes the parenthesis of UTF8 only', () => {
    const data = (utf8: boolean) =>
      ({ kind: 'literal', literal: { bytes: 1, synchronising: true, binary: true }, utf8 }) as const
    parsed(')', (cursor) => parseAppendClose(cursor, data(true)))
    parsed('', (cursor) => parseAppendClose(cursor, data(false)))
    expect(() => parsed('', (cursor) => parseAppendClose(cursor, data(true)))).toThrow(
      ImapSyntaxError,
    )
  })

  it('appendContinues tells another message from the end', () => {
    expect(appendContinues(cursorOf(''))).toBe(false)
    expect(appendContinues(cursorOf(' '))).toBe(false)
    // RFC 3502 §6
    expect(appendContinues(cursorOf(' (\\Seen) {5}'))).toBe(true)
    expect(appendContinues(cursorOf(' {5}'))).toBe(true)
    expect(() => appendContinues(cursorOf('x'))).toThrow(ImapSyntaxError)
  })
})

describe('parseIdParameters', () => {
  it('reads pairs and NIL (RFC 2971 §3.3)', () => {
    expect(parsed('NIL', parseIdParameters)).toBeNull()
    expect(parsed('("name" "sodr" "version" NIL)', parseIdParameters)).toEqual([
      { field: 'name', value: 'sodr' },
      { field: 'version', value: null },
    ])
    expect(parsed('()', parseIdParameters)).toEqual([])
  })

  it('cuts what is longer than the RFC allows', () => {
    const [first] = parsed(`("${'f'.repeat(31)}" "${'v'.repeat(1025)}")`, parseIdParameters) ?? []
    expect(first?.field).toHaveLength(ID_FIELD_BYTES_MAX)
    expect(first?.value).toHaveLength(ID_VALUE_BYTES_MAX)
    const pairs = Array.from({ length: 31 }, () => '"a" "b"').join(' ')
    expect(parsed(`(${pairs})`, parseIdParameters)).toHaveLength(ID_FIELDS_MAX)
  })

  it.each(['', 'x', '("name")', '("name" )', '(name "x")', '("name" x)'])('refuses %j', (text) => {
    expect(() => parsed(text, parseIdParameters)).toThrow(ImapSyntaxError)
  })
})

describe('parseCapabilities', () => {
  const read = (text: string) =>
    parsed(`ENABLE${text}`, (cursor) => {
      cursor.keyword()
      return parseCapabilities(cursor)
    })

  it('reads names in capitals (RFC 5161 §3.1)', () => {
    expect(read(' condstore X-GOOD-IDEA UTF8=ACCEPT ')).toEqual([
      'CONDSTORE',
      'X-GOOD-IDEA',
      'UTF8=ACCEPT',
    ])
  })

  it('takes as many as the limit and not one more', () => {
    expect(read(' x'.repeat(CAPABILITIES_MAX))).toHaveLength(CAPABILITIES_MAX)
    expect(() => read(' x'.repeat(CAPABILITIES_MAX + 1))).toThrow('too many capabilities')
  })

  it.each(['', ' ', ' (A)', ' "A"'])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

describe('parseQuotaLimits', () => {
  it('reads resources (RFC 9208 §4.1.3)', () => {
    expect(parsed('(storage 512 MESSAGE 5000000000)', parseQuotaLimits)).toEqual([
      { resource: 'STORAGE', limit: 512 },
      { resource: 'MESSAGE', limit: 5_000_000_000 },
    ])
    expect(parsed('()', parseQuotaLimits)).toEqual([])
  })

  it.each(['', 'STORAGE 1', '(STORAGE)', '(STORAGE x)'])('refuses %j', (text) => {
    expect(() => parsed(text, parseQuotaLimits)).toThrow(ImapSyntaxError)
  })
})

describe('parseRightsChange', () => {
  it.each([
    ['lrs', 'replace', 'lrs'],
    ['+lrl', 'add', 'lr'],
    ['"-t"', 'remove', 't'],
    ['""', 'replace', ''],
    ['+0', 'add', '0'],
  ])('reads %j', (text, mode, rights) => {
    expect(parsed(text, parseRightsChange)).toEqual({ mode, rights })
  })

  it.each(['', 'L', 'l+r', '"l r"', '++l'])('refuses %j', (text) => {
    expect(() => parsed(text, parseRightsChange)).toThrow(ImapSyntaxError)
  })
})
