import { describe, expect, it } from 'vitest'
import { type ScriptFailure, writeFailureNotice } from '#shared/sieve/made/failure-notice.ts'
import { Header } from '#shared/sieve/message.ts'

const header = (fields: Readonly<Record<string, string>>) =>
  new Header(Object.entries(fields).map(([name, value]) => ({ name, value })))

function notice(changes: Partial<ScriptFailure> = {}) {
  const made = writeFailureNotice({
    where: 'delivery',
    script: 'my filter',
    at: { line: 12, column: 3 },
    reason: 'more than 4 redirects',
    header: header({
      from: 'Ann <ann@example.org>',
      subject: 'Lunch?',
      'message-id': '<m1@example.org>',
    }),
    owner: { address: 'me@example.com', name: 'Me' },
    domain: 'example.com',
    languages: ['en'],
    atMs: Date.parse('2026-11-30T12:00:00Z'),
    messageId: 'n1@mx.example.com',
    ...changes,
  })
  return { ...made, text: Buffer.from(made.bytes).toString() }
}

describe('what the owner of a script that failed is told', () => {
  it('is what failed, where, of which message, and what to do', () => {
    const { text, eightBit, smtpUtf8 } = notice()
    expect(text).toBe(
      [
        'Auto-Submitted: auto-generated',
        'Date: Mon, 30 Nov 2026 12:00:00 +0000',
        'From: Mail Delivery System <MAILER-DAEMON@example.com>',
        'To: Me <me@example.com>',
        'Subject: Your mail filter "my filter" failed',
        'Message-ID: <n1@mx.example.com>',
        'References: <m1@example.org>',
        'Content-Language: en',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'Your mail filter "my filter" could not be run to its end for a message that',
        'just arrived. Nothing that it wanted was done; the message is in your inbox.',
        '',
        'The message was from Ann <ann@example.org>, with the subject "Lunch?".',
        '',
        'What went wrong, at line 12 of it:',
        '',
        '    more than 4 redirects',
        '',
        'Please look at that place of your filter and change it. Until then messages',
        'like this one are not sorted, and stay in your inbox.',
        '',
        'Of further failures nothing is said for a day. This notice was written by the',
        'mail system itself.',
        '',
      ].join('\r\n'),
    )
    expect({ eightBit, smtpUtf8 }).toEqual({ eightBit: false, smtpUtf8: false })
  })

  it('stands in each language, in seven bits', () => {
    const { text, eightBit } = notice({ languages: ['de', 'en'] })
    expect(text).toContain('Subject: Ihr Mailfilter "my filter" ist gescheitert\r\n')
    expect(text).toContain('Content-Language: de, en\r\n')
    expect(text).toContain('Content-Transfer-Encoding: quoted-printable\r\n')
    expect(text).toContain('Woran es lag, in Zeile 12:')
    expect(text).toContain('What went wrong, at line 12 of it:')
    expect(text.split('more than 4 redirects')).toHaveLength(2)
    expect(eightBit).toBe(false)
  })

  it('names the postmaster where the script is not hers', () => {
    const { text } = notice({ script: null })
    expect(text).toContain('A mail filter of your provider could not be run')
    expect(text).toContain('postmaster@example.com')
  })

  it('has no line where none is to blame', () => {
    expect(notice({ at: { line: 0, column: 0 } }).text).toContain('\r\nWhat went wrong:\r\n')
  })

  it('shows what others wrote in one line, and not all of it', () => {
    const { text } = notice({
      script: 'a\r\nBcc: x@y.example',
      reason: 'bad\r\n\r\n.\r\nworse',
      header: header({ from: 'x'.repeat(5_000), subject: '=?utf-8?q?a=0D=0AB=E2=80=AEc?=' }),
    })
    expect(text).not.toMatch(/^Bcc:/m)
    expect(text).toContain('    bad . worse\r\n')
    expect(text).toContain('subject "a B c"')
    expect(text.length).toBeLessThan(2_000)
  })
})
