// RFC 5429 (reject and ereject), section by section, and how a message is refused that is here already.

import { describe, expect, it } from 'vitest'
import { type Rejection, refusalOf, writeRejection } from '#shared/sieve/made/refusal.ts'
import { bytesSource, readMessage } from '#shared/sieve/read-message.ts'
import { findings, outcome } from '#test/support/sieve.ts'

const needs = 'require ["reject", "ereject", "fileinto", "vacation", "copy", "enotify"]; '

describe('§2.1 and §2.2 the actions', () => {
  it.each([
    ['ereject "no";', ['ereject no']],
    ['reject "no";', ['reject no']],
    [
      'reject text:\nYour message is too big.\n..\n.\n;',
      ['reject Your message is too big.\r\n.\r\n'],
    ],
  ])('%j cancels the implicit keep', async (script, actions) => {
    expect(await outcome(needs + script)).toEqual(actions)
  })

  it.each([
    ['reject "x";', 'line 1: reject needs require "reject"'],
    ['require "reject"; ereject "x";', 'line 1: ereject needs require "ereject"'],
    ['require "reject"; reject;', 'line 1: reject takes a string'],
  ])('%s', (script, finding) => {
    expect(findings(script)).toEqual([finding])
  })
})

describe('§2.4 with other actions', () => {
  it.each([
    ['reject "a"; reject "b";', 'reject cannot follow reject'],
    ['ereject "a"; reject "b";', 'reject cannot follow ereject'],
    ['keep; reject "a";', 'reject cannot follow keep'],
    ['reject "a"; keep;', 'keep cannot follow reject'],
    ['fileinto :copy "X"; ereject "a";', 'ereject cannot follow fileinto'],
    ['redirect "a@b.example"; reject "a";', 'reject cannot follow redirect'],
    ['vacation "v"; reject "a";', 'reject cannot follow vacation'],
    ['reject "a"; vacation "v";', 'vacation cannot follow reject'],
  ])('%s', async (script, reason) => {
    expect(await outcome(needs + script)).toEqual([`error: line 1: ${reason}`])
  })

  it.each([
    ['discard; reject "a";', ['discard', 'reject a']],
    ['reject "a"; discard;', ['reject a', 'discard']],
    ['reject "a"; notify "mailto:a@b.example";', ['reject a', 'notify mailto:a@b.example']],
  ])('%s goes together', async (script, actions) => {
    expect(await outcome(needs + script)).toEqual(actions)
  })
})

describe('§2.1.2 and §2.2.1: a report, an MDN, or silence', () => {
  it('is a report of non-delivery for ereject, with the reason in one line', () => {
    expect(
      refusalOf({ kind: 'ereject', reason: 'No\r\n  birdseed\u2028!\r\n' }, 'c@d.example'),
    ).toEqual({
      kind: 'dsn',
      status: '5.7.1',
      reply: 'refused by the mail filter of the recipient: No birdseed !',
    })
  })

  it('is an MDN for reject', () => {
    expect(refusalOf({ kind: 'reject', reason: 'no' }, 'c@d.example')).toEqual({
      kind: 'mdn',
      to: 'c@d.example',
    })
  })

  it.each(['reject', 'ereject'] as const)('is silence of %s without a return path', (kind) => {
    expect(refusalOf({ kind, reason: 'no' }, '')).toEqual({
      kind: 'silent',
      because: 'null-sender',
    })
  })
})

describe('the MDN of reject', () => {
  const original =
    'From: coyote@desert.example.org\r\nTo: roadrunner@acme.example.com\r\nMessage-ID: <m1@desert.example.org>\r\nSubject: I have a present\r\n\r\nBirdseed\r\n'

  async function rejection(changes: Partial<Rejection> = {}) {
    const header = await readMessage(bytesSource(Buffer.from(original))).header()
    const made = writeRejection({
      reason: 'I am not taking mail from you,\r\nand I don\u2019t want your birdseed!\r\n',
      to: 'coyote@desert.example.org',
      header,
      owner: { address: 'roadrunner@acme.example.com', name: 'R\u00f6ad Runner' },
      originalRecipient: null,
      returned: { kind: 'full', bytes: Buffer.from(original), isInternational: false },
      hostname: 'mx.acme.example.com',
      languages: ['en'],
      atMs: Date.parse('2026-11-30T12:00:00Z'),
      messageId: 'r1@mx.acme.example.com',
      boundary: '=_b',
      ...changes,
    })
    return { ...made, text: Buffer.from(made.bytes).toString() }
  }

  it('tells why, what became of the message, and has the message', async () => {
    const { text, eightBit, smtpUtf8 } = await rejection()
    expect(text).toBe(
      [
        'Auto-Submitted: auto-replied',
        'Date: Mon, 30 Nov 2026 12:00:00 +0000',
        'From: =?UTF-8?B?UsO2YWQgUnVubmVy?= <roadrunner@acme.example.com>',
        'To: <coyote@desert.example.org>',
        'Subject: Message refused',
        'Message-ID: <r1@mx.acme.example.com>',
        'In-Reply-To: <m1@desert.example.org>',
        'References: <m1@desert.example.org>',
        'MIME-Version: 1.0',
        'Content-Type: multipart/report; report-type=disposition-notification;',
        '\tboundary="=_b"',
        '',
        '--=_b',
        'Content-Description: Notification',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 8bit',
        '',
        'Your message was refused by the mail filter of <roadrunner@acme.example.com>,',
        'for this reason:',
        '',
        'I am not taking mail from you,',
        'and I don\u2019t want your birdseed!',
        '',
        'The recipient has not read it. This notice was written by a program. Your',
        'message is attached.',
        '',
        '--=_b',
        'Content-Description: Disposition',
        'Content-Type: message/disposition-notification',
        '',
        'Reporting-UA: mx.acme.example.com; Postwolke',
        'Final-Recipient: rfc822; roadrunner@acme.example.com',
        'Original-Message-ID: <m1@desert.example.org>',
        'Disposition: automatic-action/MDN-sent-automatically; deleted',
        '',
        '--=_b',
        'Content-Description: Refused message',
        'Content-Type: message/rfc822',
        '',
        'Return-Path: <coyote@desert.example.org>',
        original.replaceAll('\r\n', '\n').trimEnd(),
        '',
        '--=_b--',
        '',
      ]
        .join('\n')
        .replaceAll('\n', '\r\n'),
    )
    expect({ eightBit, smtpUtf8 }).toEqual({ eightBit: true, smtpUtf8: false })
  })

  it('says it in each language, the reason once', async () => {
    const { text } = await rejection({ languages: ['de', 'en'], returned: null })
    expect(text).toContain('Subject: Nachricht abgelehnt\r\n')
    expect(text).toContain('Ihre Nachricht wurde vom Mailfilter')
    expect(text).toContain('Your message was refused')
    expect(text.split('birdseed')).toHaveLength(2)
    expect(text).not.toContain('attached')
  })

  it('has the recipient as the sender wrote it', async () => {
    const { text } = await rejection({ originalRecipient: 'rfc822;rr@acme.example.com' })
    expect(text).toContain('Original-Recipient: rfc822;rr@acme.example.com\r\nFinal-Recipient:')
  })

  it('lets nobody end a field, or a line', async () => {
    const { text } = await rejection({
      originalRecipient: 'rfc822;a\r\nDisposition: x',
      reason: 'x'.repeat(5_000),
    })
    expect(text).not.toMatch(/^Disposition: x/m)
    expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
  })

  it('of an address that is not ASCII is a global one (RFC 6533 §5)', async () => {
    const { text, smtpUtf8 } = await rejection({
      owner: { address: 'r\u00f6ad@acme.example.com', name: null },
    })
    expect(text).toContain('Content-Type: message/global-disposition-notification\r\n')
    expect(text).toContain('Final-Recipient: utf-8; r\u00f6ad@acme.example.com\r\n')
    expect(smtpUtf8).toBe(true)
  })
})
