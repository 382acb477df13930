// Arguments that name mailboxes and what is wanted of them: LIST, STATUS, SELECT, CREATE, METADATA, NOTIFY.

import { describe, expect, it } from 'vitest'
import {
  LIST_PATTERNS_MAX,
  parseListArguments,
  parseLsubArguments,
} from '#shared/imap/list-arguments.ts'
import { parseCreateParameters, parseSelectParameters } from '#shared/imap/mailbox-parameters.ts'
import {
  ENTRIES_MAX,
  ENTRY_NAME_CHARACTERS_MAX,
  parseGetMetadataArguments,
  parseSetMetadataArguments,
} from '#shared/imap/metadata-arguments.ts'
import { EVENT_GROUPS_MAX, parseNotifyArguments } from '#shared/imap/notify-arguments.ts'
import { parseStatusItems, statusItems } from '#shared/imap/status-item.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { parsed } from './cursor-of.ts'

const select = { subscribed: false, remote: false, recursiveMatch: false, specialUse: false }
const returns = {
  subscribed: false,
  children: false,
  specialUse: false,
  myRights: false,
  metadata: null,
  status: null,
}
const basic = { extended: false, select, reference: '', patterns: ['*'], returns }
const noOptions = { maxSize: null, depth: 0 }

describe('parseListArguments', () => {
  const read = (text: string) => parsed(text, parseListArguments)

  it.each<readonly [string, object]>([
    ['"" *', basic],
    ['"" ""', { ...basic, patterns: [''] }],
    ['a/ "b %"', { ...basic, reference: 'a/', patterns: ['b %'] }],
    ['"" (INBOX "a*" {1}\r\n%)', { ...basic, extended: true, patterns: ['INBOX', 'a*', '%'] }],
    // RFC 5258 §5
    [
      '(SUBSCRIBED REMOTE recursivematch SPECIAL-USE) "" "*"',
      {
        ...basic,
        extended: true,
        select: { subscribed: true, remote: true, recursiveMatch: true, specialUse: true },
      },
    ],
    ['() "" *', { ...basic, extended: true }],
    ['"" * RETURN ()', { ...basic, extended: true }],
    [
      '"" * RETURN (SUBSCRIBED CHILDREN SPECIAL-USE MYRIGHTS)',
      {
        ...basic,
        extended: true,
        returns: { ...returns, subscribed: true, children: true, specialUse: true, myRights: true },
      },
    ],
    // RFC 5819 §4
    [
      '"" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)',
      {
        ...basic,
        extended: true,
        patterns: ['%'],
        returns: { ...returns, status: ['MESSAGES', 'UNSEEN'], children: true },
      },
    ],
    // RFC 9590 §4
    [
      '"" % RETURN (METADATA ("/shared/vendor/cmu/cyrus-imapd/color"))',
      {
        ...basic,
        extended: true,
        patterns: ['%'],
        returns: {
          ...returns,
          metadata: { options: noOptions, entries: ['/shared/vendor/cmu/cyrus-imapd/color'] },
        },
      },
    ],
    [
      '"" % RETURN (METADATA (MAXSIZE 10) (/private/comment))',
      {
        ...basic,
        extended: true,
        patterns: ['%'],
        returns: {
          ...returns,
          metadata: { options: { maxSize: 10, depth: 0 }, entries: ['/private/comment'] },
        },
      },
    ],
  ])('reads %j', (text, result) => {
    expect(read(text)).toEqual(result)
  })

  it.each([
    '',
    '""',
    '"" ()',
    '* *',
    '(RECURSIVEMATCH) "" *',
    '(RECURSIVEMATCH REMOTE) "" *',
    '(X) "" *',
    '"" * X',
    '"" * RETURN',
    '"" * RETURN (X)',
    '"" * RETURN (STATUS)',
    '"" * RETURN (STATUS ())',
    '"" * RETURN (METADATA ())',
    '"" * RETURN (CHILDREN) x',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })

  it('takes as many patterns as the limit and not one more', () => {
    const list = (count: number) => `"" (${Array.from({ length: count }, () => 'a').join(' ')})`
    expect(read(list(LIST_PATTERNS_MAX)).patterns).toHaveLength(LIST_PATTERNS_MAX)
    expect(() => read(list(LIST_PATTERNS_MAX + 1))).toThrow('too many patterns')
  })
})

describe('parseLsubArguments', () => {
  it('reads one pattern', () => {
    expect(parsed('"#news." "comp.mail.*"', parseLsubArguments)).toEqual({
      reference: '#news.',
      pattern: 'comp.mail.*',
    })
    expect(() => parsed('"" (a b)', parseLsubArguments)).toThrow(ImapSyntaxError)
  })
})

describe('parseStatusItems', () => {
  it('reads every item, each once', () => {
    expect(parsed(`(${statusItems.join(' ').toLowerCase()})`, parseStatusItems)).toEqual([
      ...statusItems,
    ])
    expect(parsed('(UIDNEXT MESSAGES UIDNEXT)', parseStatusItems)).toEqual(['UIDNEXT', 'MESSAGES'])
  })

  it.each(['', '()', 'MESSAGES', '(X)', '(MESSAGES'])('refuses %j', (text) => {
    expect(() => parsed(text, parseStatusItems)).toThrow(ImapSyntaxError)
  })
})

describe('parseSelectParameters', () => {
  const read = (text: string) =>
    parsed(`INBOX${text}`, (cursor) => {
      cursor.mailbox()
      return parseSelectParameters(cursor)
    })
  const qresync = {
    uidValidity: 67890007,
    modSeq: 20050715194045000,
    knownUids: null,
    sequenceMatch: null,
  }

  it.each<readonly [string, object]>([
    ['', { condstore: false, qresync: null }],
    [' (CONDSTORE)', { condstore: true, qresync: null }],
    // RFC 7162 §3.2.5, with a modseq that is beyond 2^53
    [
      ' (QRESYNC (67890007 20050715194045000))',
      { condstore: false, qresync: { ...qresync, modSeq: Number.MAX_SAFE_INTEGER } },
    ],
    [
      ' (QRESYNC (67890007 90060115194045 41,43:211,214:541))',
      {
        condstore: false,
        qresync: {
          ...qresync,
          modSeq: 90060115194045,
          knownUids: [
            { first: 41, last: 41 },
            { first: 43, last: 211 },
            { first: 214, last: 541 },
          ],
        },
      },
    ],
    [
      ' (CONDSTORE QRESYNC (1 2 1:9 (1,3:4 5,7:8)))',
      {
        condstore: true,
        qresync: {
          uidValidity: 1,
          modSeq: 2,
          knownUids: [{ first: 1, last: 9 }],
          sequenceMatch: {
            numbers: [
              { first: 1, last: 1 },
              { first: 3, last: 4 },
            ],
            uids: [
              { first: 5, last: 5 },
              { first: 7, last: 8 },
            ],
          },
        },
      },
    ],
    [
      ' (QRESYNC (1 2 (1 5)))',
      {
        condstore: false,
        qresync: {
          uidValidity: 1,
          modSeq: 2,
          knownUids: null,
          sequenceMatch: { numbers: [{ first: 1, last: 1 }], uids: [{ first: 5, last: 5 }] },
        },
      },
    ],
  ])('reads %j', (text, result) => {
    expect(read(text)).toEqual(result)
  })

  it.each([
    ' ()',
    ' (X)',
    ' CONDSTORE',
    ' (QRESYNC)',
    ' (QRESYNC ())',
    ' (QRESYNC (1))',
    ' (QRESYNC (0 1))',
    ' (QRESYNC (1 2 1:*))',
    ' (QRESYNC (1 2 $))',
    ' (QRESYNC (1 2 (1:2 5)))',
    ' (QRESYNC (1 2 (1 5) 1:3))',
    ' (QRESYNC (1 2) QRESYNC (1 2))',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

describe('parseCreateParameters', () => {
  const read = (text: string) =>
    parsed(`Sent${text}`, (cursor) => {
      cursor.mailbox()
      return parseCreateParameters(cursor)
    })

  it('reads special uses (RFC 6154 §3)', () => {
    expect(read('')).toEqual({ use: null })
    expect(read(' (USE (\\Drafts \\Sent))')).toEqual({ use: ['\\Drafts', '\\Sent'] })
    expect(read(' (USE ())')).toEqual({ use: [] })
  })

  it.each([
    ' ()',
    ' (USE)',
    ' (USE (Drafts))',
    ' (X (\\Sent))',
    ' (USE (\\Sent) USE (\\Junk))',
    ' USE',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

describe('parseGetMetadataArguments', () => {
  const read = (text: string) => parsed(text, parseGetMetadataArguments)

  it.each<readonly [string, object]>([
    ['"" /shared/comment', { options: noOptions, mailbox: '', entries: ['/shared/comment'] }],
    [
      'inbox (/Shared/Comment /private/comment)',
      { options: noOptions, mailbox: 'INBOX', entries: ['/shared/comment', '/private/comment'] },
    ],
    // RFC 5464 §4.2.1 has the options after the mailbox in its examples, §5 before it.
    [
      '"INBOX" (MAXSIZE 1024) (/shared/comment)',
      { options: { maxSize: 1024, depth: 0 }, mailbox: 'INBOX', entries: ['/shared/comment'] },
    ],
    [
      '(DEPTH 1) INBOX (/private/filters/values)',
      {
        options: { maxSize: null, depth: 1 },
        mailbox: 'INBOX',
        entries: ['/private/filters/values'],
      },
    ],
    [
      '(MAXSIZE 5 DEPTH infinity) INBOX "/private/a b"',
      {
        options: { maxSize: 5, depth: Number.POSITIVE_INFINITY },
        mailbox: 'INBOX',
        entries: ['/private/a b'],
      },
    ],
  ])('reads %j', (text, result) => {
    expect(read(text)).toEqual(result)
  })

  it.each([
    'INBOX',
    'INBOX ()',
    'INBOX comment',
    'INBOX /shared/',
    'INBOX /shared//comment',
    'INBOX "/shared/*"',
    'INBOX "/sh%"',
    'INBOX "/sh\xe4"',
    '(DEPTH 2) INBOX /shared/comment',
    '(X 2) INBOX /shared/comment',
    '() INBOX /shared/comment',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })

  it('limits names and their number', () => {
    const name = (characters: number) => `/${'x'.repeat(characters - 1)}`
    expect(read(`INBOX ${name(ENTRY_NAME_CHARACTERS_MAX)}`).entries).toHaveLength(1)
    expect(() => read(`INBOX ${name(ENTRY_NAME_CHARACTERS_MAX + 1)}`)).toThrow('too long')
    const names = (count: number) => `(${Array.from({ length: count }, () => '/a').join(' ')})`
    expect(read(`INBOX ${names(ENTRIES_MAX)}`).entries).toHaveLength(ENTRIES_MAX)
    expect(() => read(`INBOX ${names(ENTRIES_MAX + 1)}`)).toThrow('too many entries')
  })
})

describe('parseSetMetadataArguments', () => {
  const read = (text: string) => parsed(text, parseSetMetadataArguments)

  it('reads values, NIL and literal8 (RFC 5464 §4.3)', () => {
    expect(
      read('INBOX (/private/comment "My new comment" /shared/x NIL /private/y ~{3}\r\na\0b)'),
    ).toEqual({
      mailbox: 'INBOX',
      entries: [
        { name: '/private/comment', value: 'My new comment' },
        { name: '/shared/x', value: null },
        { name: '/private/y', value: 'a\0b' },
      ],
    })
  })

  it.each([
    'INBOX',
    'INBOX ()',
    'INBOX /private/comment "x"',
    'INBOX (/private/comment)',
    'INBOX (/private/comment x)',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })
})

describe('parseNotifyArguments', () => {
  const read = (text: string) => parsed(text, parseNotifyArguments)

  it('reads NONE and SET with its groups (RFC 5465 §3, §5)', () => {
    expect(read('none')).toEqual({ kind: 'none' })
    expect(
      read(
        'SET STATUS (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From To)]) MessageExpunge))',
      ),
    ).toMatchObject({
      kind: 'set',
      status: true,
      groups: [
        {
          filter: { kind: 'selected' },
          events: [
            { kind: 'message-new', atts: [{ kind: 'uid' }, { kind: 'body-section', peek: true }] },
            { kind: 'message-expunge' },
          ],
        },
      ],
    })
    expect(
      read(
        'SET (selected-delayed (MessageNew MessageExpunge FlagChange)) (subtree (a b) (MailboxName SubscriptionChange)) (personal NONE)',
      ),
    ).toEqual({
      kind: 'set',
      status: false,
      groups: [
        {
          filter: { kind: 'selected-delayed' },
          events: [
            { kind: 'message-new', atts: [] },
            { kind: 'message-expunge' },
            { kind: 'flag-change' },
          ],
        },
        {
          filter: { kind: 'subtree', mailboxes: ['a', 'b'] },
          events: [{ kind: 'mailbox-name' }, { kind: 'subscription-change' }],
        },
        { filter: { kind: 'personal' }, events: [] },
      ],
    })
  })

  it('passes unknown events on, for BADEVENT', () => {
    expect(read('SET (inboxes (Party MailboxMetadataChange ServerMetadataChange))')).toMatchObject({
      groups: [
        {
          events: [
            { kind: 'unknown', name: 'Party' },
            { kind: 'mailbox-metadata-change' },
            { kind: 'server-metadata-change' },
          ],
        },
      ],
    })
  })

  it.each([
    '',
    'SET',
    'SET STATUS',
    'SET ()',
    'SET (selected)',
    'SET (selected ())',
    'SET (x (MailboxName))',
    // RFC 5465 §5: these come together
    'SET (inboxes (MessageNew))',
    'SET (inboxes (MessageExpunge))',
    'SET (inboxes (FlagChange))',
    'SET (inboxes (AnnotationChange))',
    // §8: fetch-att only for selected, where only message events are
    'SET (inboxes (MessageNew (UID) MessageExpunge))',
    'SET (selected (MailboxName))',
    'SET (mailboxes (MailboxName))',
    'ADD (personal NONE)',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(ImapSyntaxError)
  })

  it('takes as many groups as the limit and not one more', () => {
    const groups = (count: number) => `SET${' (personal NONE)'.repeat(count)}`
    expect(read(groups(EVENT_GROUPS_MAX))).toMatchObject({ kind: 'set' })
    expect(() => read(groups(EVENT_GROUPS_MAX + 1))).toThrow('too many event groups')
  })
})
