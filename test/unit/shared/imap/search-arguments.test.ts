import { describe, expect, it } from 'vitest'
import { LIST_MEMBERS_MAX, NESTING_MAX } from '#shared/imap/limits.ts'
import {
  parseMultiSearchArguments,
  parseSearchArguments,
  parseSortArguments,
  parseThreadArguments,
  SORT_CRITERIA_MAX,
} from '#shared/imap/search-arguments.ts'
import { parseSearchKeys, type SearchKey } from '#shared/imap/search-key.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { parsed } from './cursor-of.ts'

const keyOf = (text: string) => parsed(text, parseSearchKeys)
const uidRange = (first: number, last: number): SearchKey => ({
  kind: 'uids',
  messages: { kind: 'set', ranges: [{ first, last }] },
})
const day = Date.parse('1994-02-01')
const numbers = (first: number, last = first) =>
  ({ kind: 'set', ranges: [{ first, last }] }) as const

const keys: readonly (readonly [text: string, key: SearchKey])[] = [
  ['ALL', { kind: 'all' }],
  ['ANSWERED', { kind: 'flag', flag: '\\Answered', set: true }],
  ['DELETED', { kind: 'flag', flag: '\\Deleted', set: true }],
  ['DRAFT', { kind: 'flag', flag: '\\Draft', set: true }],
  ['FLAGGED', { kind: 'flag', flag: '\\Flagged', set: true }],
  ['SEEN', { kind: 'flag', flag: '\\Seen', set: true }],
  ['UNANSWERED', { kind: 'flag', flag: '\\Answered', set: false }],
  ['UNDELETED', { kind: 'flag', flag: '\\Deleted', set: false }],
  ['UNDRAFT', { kind: 'flag', flag: '\\Draft', set: false }],
  ['UNFLAGGED', { kind: 'flag', flag: '\\Flagged', set: false }],
  ['unseen', { kind: 'flag', flag: '\\Seen', set: false }],
  // RFC 3501 §6.4.4
  ['RECENT', { kind: 'flag', flag: '\\Recent', set: true }],
  ['OLD', { kind: 'flag', flag: '\\Recent', set: false }],
  [
    'NEW',
    {
      kind: 'and',
      keys: [
        { kind: 'flag', flag: '\\Recent', set: true },
        { kind: 'flag', flag: '\\Seen', set: false },
      ],
    },
  ],
  ['KEYWORD $Junk', { kind: 'flag', flag: '$Junk', set: true }],
  ['UNKEYWORD NonJunk', { kind: 'flag', flag: 'NonJunk', set: false }],
  ['BCC x', { kind: 'header', field: 'bcc', value: 'x' }],
  ['CC "a b"', { kind: 'header', field: 'cc', value: 'a b' }],
  ['FROM {5}\r\nSmith', { kind: 'header', field: 'from', value: 'Smith' }],
  ['SUBJECT ""', { kind: 'header', field: 'subject', value: '' }],
  ['TO "\xc3\xa4"', { kind: 'header', field: 'to', value: '\xc3\xa4' }],
  ['HEADER List-Id ""', { kind: 'header', field: 'list-id', value: '' }],
  ['BODY needle', { kind: 'body', value: 'needle' }],
  ['TEXT needle', { kind: 'text', value: 'needle' }],
  ['BEFORE 1-Feb-1994', { kind: 'internal-date', compare: 'before', dayMs: day }],
  ['ON "1-Feb-1994"', { kind: 'internal-date', compare: 'on', dayMs: day }],
  ['SINCE 01-feb-1994', { kind: 'internal-date', compare: 'since', dayMs: day }],
  ['SENTBEFORE 1-Feb-1994', { kind: 'sent-date', compare: 'before', dayMs: day }],
  ['SENTON 1-Feb-1994', { kind: 'sent-date', compare: 'on', dayMs: day }],
  ['SENTSINCE 1-Feb-1994', { kind: 'sent-date', compare: 'since', dayMs: day }],
  // RFC 8514 §4.3
  ['SAVEDBEFORE 1-Feb-1994', { kind: 'save-date', compare: 'before', dayMs: day }],
  ['SAVEDON 1-Feb-1994', { kind: 'save-date', compare: 'on', dayMs: day }],
  ['SAVEDSINCE 1-Feb-1994', { kind: 'save-date', compare: 'since', dayMs: day }],
  ['SAVEDATESUPPORTED', { kind: 'save-date-supported' }],
  ['LARGER 0', { kind: 'size', compare: 'larger', bytes: 0 }],
  ['SMALLER 5000000000', { kind: 'size', compare: 'smaller', bytes: 5_000_000_000 }],
  // RFC 5032 §3
  ['YOUNGER 86400', { kind: 'age', compare: 'younger', seconds: 86400 }],
  ['OLDER 1', { kind: 'age', compare: 'older', seconds: 1 }],
  // RFC 9738 §3.2
  ['UIDAFTER 25000', uidRange(25001, 0xffff_ffff)],
  ['UIDBEFORE 25000', uidRange(1, 24999)],
  ['UIDBEFORE 1', { kind: 'not', key: { kind: 'all' } }],
  ['UIDAFTER 4294967295', { kind: 'not', key: { kind: 'all' } }],
  // RFC 8474 §6
  ['EMAILID M6d99ac', { kind: 'email-id', id: 'M6d99ac' }],
  ['THREADID T64b478', { kind: 'thread-id', id: 'T64b478' }],
  // RFC 7162 §3.1.5
  ['MODSEQ 620162338', { kind: 'modseq', modSeq: 620162338, entry: null }],
  ['MODSEQ 0', { kind: 'modseq', modSeq: 0, entry: null }],
  [
    'MODSEQ "/flags/\\\\draft" all 620162338',
    { kind: 'modseq', modSeq: 620162338, entry: { name: '/flags/\\draft', type: 'all' } },
  ],
  ['1:5', { kind: 'numbers', messages: numbers(1, 5) }],
  ['*', { kind: 'numbers', messages: numbers(Number.POSITIVE_INFINITY) }],
  ['$', { kind: 'numbers', messages: { kind: 'saved' } }],
  ['UID 7', { kind: 'uids', messages: numbers(7) }],
  ['UID $', { kind: 'uids', messages: { kind: 'saved' } }],
]

const refused = [
  '',
  'X',
  '()',
  '(ALL',
  'ALL)',
  'NOT',
  'OR',
  'OR ALL',
  'OR ALL ',
  'KEYWORD',
  'KEYWORD "x"',
  'FROM',
  'FROM ',
  'HEADER X',
  'BEFORE 1-Feb-94',
  'ON 30-Feb-1994',
  'LARGER x',
  'LARGER -1',
  'YOUNGER 0',
  'UID',
  'UID x',
  'UID 0',
  'MODSEQ',
  'MODSEQ "/flags/x" some 1',
  'MODSEQ "/flags/x" 1',
  'EMAILID a.b',
  '1:',
  '0',
  'ALL,SEEN',
]

describe('parseSearchKeys', () => {
  it.each(keys)('reads %j', (text, key) => {
    expect(keyOf(text)).toEqual(key)
  })

  it('reads every key below NOT, OR and parentheses too', () => {
    for (const [text, key] of keys) {
      expect(keyOf(`NOT ${text}`), text).toEqual({ kind: 'not', key })
      expect(keyOf(`(${text})`), text).toEqual(key)
      expect(keyOf(`OR ${text} NOT ${text}`), text).toEqual({
        kind: 'or',
        either: key,
        other: { kind: 'not', key },
      })
      expect(keyOf(`${text} (${text} ${text})`), text).toEqual({
        kind: 'and',
        keys: [key, { kind: 'and', keys: [key, key] }],
      })
    }
  })

  it.each(refused)('refuses %j', (text) => {
    expect(() => keyOf(text)).toThrow(ImapSyntaxError)
  })

  it('nests as deep as the limit and not deeper', () => {
    const nots = (depth: number) => `${'NOT '.repeat(depth)}ALL`
    expect(keyOf(nots(NESTING_MAX)).kind).toBe('not')
    expect(() => keyOf(nots(NESTING_MAX + 1))).toThrow('nested too deep')
    expect(() => keyOf(`${'('.repeat(NESTING_MAX + 1)}ALL${')'.repeat(NESTING_MAX + 1)}`)).toThrow(
      'nested too deep',
    )
    expect(() => keyOf(`${'OR ALL '.repeat(NESTING_MAX + 1)}ALL`)).toThrow('nested too deep')
  })

  it('takes as many keys as the limit and not one more', () => {
    const all = (count: number) => Array.from({ length: count }, () => 'ALL').join(' ')
    expect(keyOf(all(LIST_MEMBERS_MAX)).kind).toBe('and')
    expect(() => keyOf(all(LIST_MEMBERS_MAX + 1))).toThrow('too many search keys')
  })
})

const noReturn = {
  min: false,
  max: false,
  all: false,
  count: false,
  save: false,
  context: false,
  update: false,
  updateWithFetch: false,
  partial: null,
}

describe('parseSearchArguments', () => {
  const read = (text: string) => parsed(text, parseSearchArguments)

  it('reads RETURN options and CHARSET', () => {
    expect(read('ALL')).toEqual({ returns: null, charset: null, key: { kind: 'all' } })
    expect(read('CHARSET utf-8 ALL')).toMatchObject({ returns: null, charset: 'UTF-8' })
    expect(read('RETURN (MIN COUNT) CHARSET "UTF-8" ALL')).toMatchObject({
      returns: { ...noReturn, min: true, count: true },
      charset: 'UTF-8',
    })
    // RFC 4731 §3.1
    expect(read('RETURN () ALL').returns).toEqual({ ...noReturn, all: true })
    expect(read('return (SAVE MAX ALL) ALL').returns).toEqual({
      ...noReturn,
      save: true,
      max: true,
      all: true,
    })
    // RFC 5267 §4, RFC 9394 §3.1
    expect(read('RETURN (UPDATE CONTEXT PARTIAL -1:-100) ALL').returns).toEqual({
      ...noReturn,
      update: true,
      updateWithFetch: false,
      context: true,
      partial: { first: 1, last: 100, fromEnd: true },
    })
  })

  it('takes SAVE alone for no question about the result (RFC 5182 §2.1)', () => {
    expect(read('RETURN (SAVE) ALL').returns).toEqual({ ...noReturn, save: true })
  })

  it.each([
    'RETURN ALL',
    'RETURN (MIN MIN) ALL',
    'RETURN (X) ALL',
    'RETURN (ALL PARTIAL 1:2) ALL',
    'RETURN (PARTIAL) ALL',
    'RETURN (MIN)',
    'CHARSET UTF-8',
    'CHARSET ALL',
    'ALL CHARSET UTF-8',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

describe('parseSortArguments', () => {
  const read = (text: string) => parsed(text, parseSortArguments)

  it('reads criteria (RFC 5256 §5, RFC 5957 §3)', () => {
    expect(
      read(
        '(REVERSE DATE subject ARRIVAL CC FROM SIZE TO DISPLAYFROM REVERSE DISPLAYTO) UTF-8 ALL',
      ),
    ).toEqual({
      returns: null,
      charset: 'UTF-8',
      key: { kind: 'all' },
      criteria: [
        { key: 'date', reverse: true },
        { key: 'subject', reverse: false },
        { key: 'arrival', reverse: false },
        { key: 'cc', reverse: false },
        { key: 'from', reverse: false },
        { key: 'size', reverse: false },
        { key: 'to', reverse: false },
        { key: 'displayfrom', reverse: false },
        { key: 'displayto', reverse: true },
      ],
    })
    expect(read('RETURN (COUNT) (DATE) US-ASCII UNSEEN').returns).toMatchObject({ count: true })
  })

  it.each([
    'ALL',
    '() UTF-8 ALL',
    '(X) UTF-8 ALL',
    '(REVERSE) UTF-8 ALL',
    '(DATE) UTF-8',
    '(DATE) ALL',
    'DATE UTF-8 ALL',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })

  it('takes as many criteria as the limit and not one more', () => {
    const sort = (count: number) =>
      `(${Array.from({ length: count }, () => 'DATE').join(' ')}) UTF-8 ALL`
    expect(read(sort(SORT_CRITERIA_MAX)).criteria).toHaveLength(SORT_CRITERIA_MAX)
    expect(() => read(sort(SORT_CRITERIA_MAX + 1))).toThrow('too many sort criteria')
  })
})

describe('parseThreadArguments', () => {
  it('reads the algorithm (RFC 5256 §5)', () => {
    expect(parsed('REFERENCES UTF-8 SINCE 1-Feb-1994', parseThreadArguments)).toEqual({
      algorithm: 'references',
      charset: 'UTF-8',
      key: { kind: 'internal-date', compare: 'since', dayMs: day },
    })
    expect(parsed('orderedsubject UTF-8 ALL', parseThreadArguments).algorithm).toBe(
      'orderedsubject',
    )
    expect(() => parsed('REFS UTF-8 ALL', parseThreadArguments)).toThrow('unknown thread algorithm')
    expect(() => parsed('REFERENCES ALL', parseThreadArguments)).toThrow(ImapSyntaxError)
  })
})

describe('parseMultiSearchArguments', () => {
  const read = (text: string) => parsed(text, parseMultiSearchArguments)

  it('reads sources (RFC 7377 §2.1)', () => {
    expect(read('IN (mailboxes "folder1" subtree "folder2") unseen subject "chad"')).toMatchObject({
      sources: [
        { kind: 'mailboxes', mailboxes: ['folder1'] },
        { kind: 'subtree', mailboxes: ['folder2'] },
      ],
      key: { kind: 'and' },
    })
    expect(
      read('IN (selected inboxes personal subscribed subtree-one (a b)) RETURN (COUNT) ALL'),
    ).toMatchObject({
      sources: [
        { kind: 'selected' },
        { kind: 'inboxes' },
        { kind: 'personal' },
        { kind: 'subscribed' },
        { kind: 'subtree-one', mailboxes: ['a', 'b'] },
      ],
      returns: { count: true },
    })
    expect(read('CHARSET UTF-8 ALL')).toMatchObject({ sources: null, charset: 'UTF-8' })
  })

  it.each([
    'IN () ALL',
    'IN (x) ALL',
    'IN (selected-delayed) ALL',
    'IN (subtree) ALL',
    'IN selected ALL',
    'IN (selected)',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})
