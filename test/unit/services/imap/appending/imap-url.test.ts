import { describe, expect, it } from 'vitest'
import { IMAP_URL_BYTES_MAX, parseImapUrl } from '#services/imap/appending/imap-url.ts'

const own = { hostname: 'imap.example.test', logins: ['ann@example.test', 'Ann'] }
const all = { kind: 'all', part: [] }
const message = { mailbox: 'INBOX', uidValidity: null, uid: 20, section: all, partial: null }

describe('parseImapUrl', () => {
  it.each([
    ['/INBOX/;UID=20', message],
    ['/INBOX;UIDVALIDITY=385759045/;UID=20', { ...message, uidValidity: 385759045 }],
    ['/inbox;uidvalidity=1/;uid=20', { ...message, mailbox: 'inbox', uidValidity: 1 }],
    ['/a/b%20c%C3%A9/;UID=20', { ...message, mailbox: 'a/b cé' }],
    ['/INBOX/;UID=20/;SECTION=1.2', { ...message, section: { kind: 'all', part: [1, 2] } }],
    ['/INBOX/;UID=20/;SECTION=HEADER', { ...message, section: { kind: 'header', part: [] } }],
    [
      '/INBOX/;UID=20/;SECTION=HEADER.FIELDS%20(To%20Cc)',
      { ...message, section: { kind: 'header-fields', part: [], not: false, names: ['To', 'Cc'] } },
    ],
    ['/INBOX/;UID=20/;PARTIAL=5.10', { ...message, partial: { offset: 5, length: 10 } }],
    [
      '/INBOX/;UID=20/;SECTION=TEXT/;PARTIAL=5',
      {
        ...message,
        section: { kind: 'text', part: [] },
        partial: { offset: 5, length: Number.MAX_SAFE_INTEGER },
      },
    ],
    // RFC 5092 §7: relative to the selected mailbox.
    [';UID=20', { ...message, mailbox: null }],
    ['/;UID=20', { ...message, mailbox: null }],
    // RFC 5092 §3: this server and this user.
    ['imap://imap.example.test/INBOX/;UID=20', message],
    ['IMAPS://ann%40example.test@IMAP.example.test:993/INBOX/;UID=20', message],
    ['imap://ann%40example.test;AUTH=*@imap.example.test/INBOX/;UID=20', message],
    ['imap://ann@imap.example.test/INBOX/;UID=20', message],
    ['imap://ANN%40example.test@imap.example.test/INBOX/;UID=20', message],
  ])('reads %s', (url, expected) => {
    expect(parseImapUrl(url, own)).toEqual(expected)
  })

  it('takes none over the limit, before it is decoded', () => {
    const url = (name: number) => `/${'%41'.repeat(name)}/;UID=1`
    expect(parseImapUrl(url(4_000), own)?.mailbox).toHaveLength(4_000)
    expect(parseImapUrl(url(IMAP_URL_BYTES_MAX / 3), own)).toBeUndefined()
  })

  it.each([
    '',
    '/',
    '/INBOX',
    '/INBOX/;UID=0',
    '/INBOX/;UID=4294967296',
    '/INBOX/;UID=x',
    '/INBOX/;UID=20/;SECTION=',
    '/INBOX/;UID=20/;SECTION=NONSENSE',
    '/INBOX/;UID=20/;SECTION=TEXT]',
    '/INBOX/;UID=20/;PARTIAL=5.0',
    '/INBOX/;UID=20/;PARTIAL=x',
    '/%ZZ/;UID=20',
    '/%FF/;UID=20',
    // RFC 4467: what others were allowed to read is not ours to read.
    '/INBOX/;UID=20;URLAUTH=anonymous:internal:0123',
    'imap://other.example.test/INBOX/;UID=20',
    'imap://bob@imap.example.test/INBOX/;UID=20',
    'imap://imap.example.test/;UID=20',
    'http://imap.example.test/INBOX/;UID=20',
  ])('does not take %s', (url) => {
    expect(parseImapUrl(url, own)).toBeUndefined()
  })
})
