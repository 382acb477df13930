import { describe, expect, it } from 'vitest'
import { type FetchAtt, parseFetchArguments } from '#shared/imap/fetch-att.ts'
import { formatSection, PART_PATH_MAX } from '#shared/imap/section.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import type { Section } from '#shared/mail/section.ts'
import { parsed } from './cursor-of.ts'

const attsOf = (text: string) => parsed(text, parseFetchArguments).atts
const section = (part: Section, more: object = {}): object => ({
  kind: 'body-section',
  section: part,
  partial: null,
  peek: false,
  ...more,
})

describe('parseFetchArguments', () => {
  it.each([
    'ENVELOPE',
    'FLAGS',
    'INTERNALDATE',
    'RFC822.SIZE',
    'UID',
    'MODSEQ',
    'SAVEDATE',
    'EMAILID',
    'THREADID',
    'BODYSTRUCTURE',
    'BODY',
    'RFC822',
    'RFC822.HEADER',
    'RFC822.TEXT',
  ])('reads %s in any case, alone and in parentheses', (name) => {
    const att = { kind: name.toLowerCase() }
    expect(attsOf(name)).toEqual([att])
    expect(attsOf(name.toLowerCase())).toEqual([att])
    expect(attsOf(`(${name} ${name.toLowerCase()})`)).toEqual([att, att])
  })

  // RFC 9051 §6.4.5
  it.each([
    ['ALL', 'flags internaldate rfc822.size envelope'],
    ['FAST', 'flags internaldate rfc822.size'],
    ['full', 'flags internaldate rfc822.size envelope body'],
  ])('expands the macro %s', (macro, kinds) => {
    expect(attsOf(macro).map((att) => att.kind)).toEqual(kinds.split(' '))
  })

  it.each<readonly [string, object]>([
    ['BODY[]', section({ kind: 'all', part: [] })],
    ['BODY[1]', section({ kind: 'all', part: [1] })],
    ['BODY[4.1.12]', section({ kind: 'all', part: [4, 1, 12] })],
    ['BODY[HEADER]', section({ kind: 'header', part: [] })],
    ['BODY[TEXT]', section({ kind: 'text', part: [] })],
    ['body[2.header]', section({ kind: 'header', part: [2] })],
    ['BODY[2.TEXT]', section({ kind: 'text', part: [2] })],
    ['BODY[1.2.MIME]', section({ kind: 'mime', part: [1, 2] })],
    ['BODY.PEEK[]', section({ kind: 'all', part: [] }, { peek: true })],
    [
      'BODY[]<0.2048>',
      section({ kind: 'all', part: [] }, { partial: { offset: 0, length: 2048 } }),
    ],
    [
      'BODY.PEEK[1.TEXT]<4294967296.1>',
      section({ kind: 'text', part: [1] }, { peek: true, partial: { offset: 2 ** 32, length: 1 } }),
    ],
    [
      'BODY[HEADER.FIELDS (DATE From)]',
      section({ kind: 'header-fields', part: [], not: false, names: ['DATE', 'From'] }),
    ],
    [
      'BODY[3.HEADER.FIELDS.NOT ("X Y" {4}\r\nDate)]<0.9>',
      section(
        { kind: 'header-fields', part: [3], not: true, names: ['X Y', 'Date'] },
        { partial: { offset: 0, length: 9 } },
      ),
    ],
    ['BINARY[]', { kind: 'binary', part: [], partial: null, peek: false }],
    [
      'BINARY[1.2]<5.6>',
      { kind: 'binary', part: [1, 2], partial: { offset: 5, length: 6 }, peek: false },
    ],
    ['BINARY.PEEK[1]', { kind: 'binary', part: [1], partial: null, peek: true }],
    ['BINARY.SIZE[1]', { kind: 'binary.size', part: [1] }],
    ['PREVIEW', { kind: 'preview', lazy: false }],
    ['PREVIEW (LAZY)', { kind: 'preview', lazy: true }],
  ])('reads %j', (text, att) => {
    expect(attsOf(text)).toEqual([att])
    expect(attsOf(`(UID ${text} FLAGS)`)).toEqual([{ kind: 'uid' }, att, { kind: 'flags' }])
  })

  it.each([
    '',
    '()',
    'X',
    'UID FLAGS',
    '(ALL)',
    '(FLAGS FAST)',
    'ALL FLAGS',
    '(UID,FLAGS)',
    '(UID',
    'BODY[',
    'BODY[]]',
    'BODY[MIME]',
    'BODY[0]',
    'BODY[1.]',
    'BODY[.1]',
    'BODY[1..2]',
    'BODY[1.X]',
    'BODY[01]',
    'BODY[1 ]',
    'BODY[HEADER.FIELDS]',
    'BODY[HEADER.FIELDS ()]',
    'BODY[HEADER.FIELDS DATE]',
    'BODY[HEADER.FIELDS(DATE)]',
    'BODY[]<0>',
    'BODY[]<0.0>',
    'BODY[]<-1.1>',
    'BODY[]<1.2',
    'BODY.PEEK',
    'BODY.PEEK ',
    'BINARY',
    'BINARY[TEXT]',
    'BINARY[1.MIME]',
    'BINARY.SIZE[1]<0.1>',
    'PREVIEW (FAST)',
    'PREVIEW ()',
    'RFC822.SIZES',
  ])('refuses %j', (text) => {
    expect(() => attsOf(text)).toThrow(ImapSyntaxError)
  })

  it('reads modifiers (RFC 7162 §3.1.4, §3.2.6, RFC 9394 §3.3)', () => {
    const read = (text: string) => {
      const { atts: _, ...modifiers } = parsed(text, parseFetchArguments)
      return modifiers
    }
    const none = { changedSince: null, vanished: false, partial: null }
    expect(read('FLAGS')).toEqual(none)
    expect(read('FLAGS (CHANGEDSINCE 12345)')).toEqual({ ...none, changedSince: 12345 })
    expect(read('(FLAGS) (CHANGEDSINCE 0)')).toEqual({ ...none, changedSince: 0 })
    expect(read('(UID) (CHANGEDSINCE 5 VANISHED)')).toEqual({
      ...none,
      changedSince: 5,
      vanished: true,
    })
    expect(read('FAST (PARTIAL -1:-100)')).toEqual({
      ...none,
      partial: { first: 1, last: 100, fromEnd: true },
    })
    expect(read('UID (PARTIAL 30:21)')).toEqual({
      ...none,
      partial: { first: 21, last: 30, fromEnd: false },
    })
  })

  it.each([
    'FLAGS ()',
    'FLAGS (VANISHED)',
    'FLAGS (CHANGEDSINCE)',
    'FLAGS (CHANGEDSINCE -1)',
    'FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)',
    'FLAGS (PARTIAL 1:-5)',
    'FLAGS (PARTIAL 0:5)',
    'FLAGS (PARTIAL 5)',
    'FLAGS (PARTIAL 1:2 PARTIAL 3:4)',
    'FLAGS (UNCHANGEDSINCE 1)',
    'FLAGS(CHANGEDSINCE 1)',
  ])('refuses %j', (text) => {
    expect(() => attsOf(text)).toThrow(ImapSyntaxError)
  })

  it('takes as many part numbers as the limit and not one more', () => {
    const path = (parts: number) => Array.from({ length: parts }, () => '1').join('.')
    expect(attsOf(`BODY[${path(PART_PATH_MAX)}]`)).toHaveLength(1)
    expect(() => attsOf(`BODY[${path(PART_PATH_MAX + 1)}]`)).toThrow('too many part numbers')
  })
})

describe('formatSection', () => {
  it.each([
    '[]',
    '[1]',
    '[1.2.3]',
    '[HEADER]',
    '[TEXT]',
    '[1.MIME]',
    '[2.HEADER]',
    '[HEADER.FIELDS (DATE From)]',
    '[1.2.HEADER.FIELDS.NOT ("X Y" a])]',
    '[HEADER.FIELDS ("a\\"b\\\\")]',
  ])('gives back %s', (text) => {
    const [att] = attsOf(`BODY${text}`)
    expect(formatSection(sectionIn(att))).toBe(text)
  })

  it('writes no line end that a literal brought in', () => {
    const [att] = attsOf('BODY[HEADER.FIELDS ({6}\r\nA\r\n\xe4\x7fB {0}\r\n)]')
    expect(formatSection(sectionIn(att))).toBe('[HEADER.FIELDS ("A????B" "")]')
  })
})

function sectionIn(att: FetchAtt | undefined): Section {
  if (att?.kind !== 'body-section') throw new Error('no section')
  return att.section
}
