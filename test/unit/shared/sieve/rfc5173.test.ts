// RFC 5173, section by section: tests of the body.

import { describe, expect, it } from 'vitest'
import { BODY_BYTES_MAX } from '#shared/sieve/limits.ts'
import { outcome } from '#test/support/sieve.ts'

/** The message of §5.2. */
const nested = [
  'From: Whomever',
  'To: Someone',
  'Date: Whenever',
  'Subject: whatever',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'This is a multi-part message in MIME format.',
  '',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  'This is a nested multi-part message in MIME format.',
  '',
  '--inner',
  'Content-Type: text/plain; charset="us-ascii"',
  '',
  'Hello',
  '',
  '--inner',
  'Content-Type: text/html; charset="us-ascii"',
  '',
  '<html><body>Hello &amp; <b>good</b>bye</body></html>',
  '',
  '--inner--',
  '',
  'This is the end of the inner MIME multipart.',
  '',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: Someone Else',
  'Subject: hello request',
  '',
  'Please say Hello',
  '',
  '--outer--',
  '',
  'This is the end of the outer MIME multipart.',
  '',
].join('\n')

const fits = async (test: string, message = nested) => {
  const script = `require ["body", "variables", "relational", "comparator-i;unicode-casemap"]; if ${test} { discard; }`
  return (await outcome(script, { message }))[0] === 'discard'
}

describe('§4', () => {
  it.each([
    ['body "Body\r\n"', 'Subject: x\n\nBody\n', true],
    ['body :raw :is ""', 'Subject: x\n\n', true],
    ['body :raw :contains ""', 'Subject: x\n\n', true],
    ['body :raw :is ""', 'Subject: x\n', false],
    ['body :raw :contains ""', 'Subject: x\n', false],
    ['body :contains "b\r\nc"', 'Subject: x\n\na\nb\nc', true],
    ['body :matches "a*c"', 'Subject: x\n\na\nb\nc', true],
    ['body :comparator "i;octet" :contains "B"', 'Subject: x\n\nb', false],
  ])('%j of %j: %s', async (test, message, expected) => {
    expect(await fits(test, message)).toBe(expected)
  })
})

describe('§5.1 :raw', () => {
  it.each([
    ['body :raw :contains "boundary=inner"', true],
    ['body :raw :contains "boundary=outer"', false],
    ['body :raw :contains "&amp;"', true],
    ['body :raw :matches "This is a multi*outer MIME multipart.*"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })
})

describe('§5.2 :content', () => {
  it.each([
    ['body :content "multipart" :contains "MIME"', true],
    ['body :content "multipart" :contains "Hello"', false],
    ['body :content "multipart" :contains "--"', false],
    ['body :content "multipart/mixed" :contains "end of the outer"', true],
    ['body :content "multipart/mixed" :contains "end of the inner"', false],
    ['body :content "multipart/alternative" :contains "end of the inner"', true],
    ['body :content "text/plain" :contains "Please"', true],
    ['body :content "text/plain" :contains "html"', false],
    ['body :content "text/html" :contains "&amp;"', true],
    ['body :content "TEXT" :contains ["nothing", "hello &amp;"]', true],
    ['body :content "message/rfc822" :contains "hello request"', true],
    ['body :content "message/rfc822" :contains "Please"', false],
    ['body :content "" :contains "someone else"', true],
    ['body :content "audio/mp3" :contains ""', false],
    ['body :content "text/" :contains ""', false],
    ['body :content "/plain" :contains ""', false],
    ['body :content "text/plain/" :contains ""', false],
    ['body :content ["audio", "message/rfc822"] :contains ""', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it.each([
    ['quoted-printable', 'iso-8859-1', 'Gr=FC=DFe', 'Grüße'],
    ['base64', 'utf-8', Buffer.from('Grüße').toString('base64'), 'Grüße'],
    ['base64', 'utf-16', Buffer.from('\0G\0r\0\xfc').toString('base64'), 'Gr'],
    ['x-unknown', 'us-ascii', 'plain', 'plain'],
    ['7bit', 'no-such-set', 'plain', 'plain'],
  ])('decodes %s of %s', async (encoding, charset, written, text) => {
    const message = `Content-Type: text/plain; charset=${charset}\nContent-Transfer-Encoding: ${encoding}\n\n${written}`
    expect(await fits(`body :content "text" :contains "${text}"`, message)).toBe(true)
  })

  it('a NUL ends nothing', async () => {
    expect(await fits('body :content "text" :contains "behind"', 'Subject: x\n\na\0behind')).toBe(
      true,
    )
  })
})

describe('§5.3 :text', () => {
  it.each([
    ['body :text :contains "Hello & goodbye"', true],
    ['body :text :contains "html"', false],
    ['body :contains "Please say"', true],
    ['body :text :contains "hello request"', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })
})

describe('§6', () => {
  it('sets no match variables', async () => {
    const script = `require ["body", "variables", "fileinto"];
      if header :matches "subject" "*" { if body :raw :matches "*" { fileinto "\${1}"; } }`
    expect(await outcome(script, { message: nested })).toEqual(['fileinto whatever'])
  })
})

describe('what is long', () => {
  const long = (text: string) => `Subject: x\n\n${'y'.repeat(BODY_BYTES_MAX - 4)}${text}`

  it('is looked at as far as the limit', async () => {
    expect(await fits('body :raw :contains "yend"', long('end'))).toBe(true)
    expect(await fits('body :raw :contains "yyend!"', long('end!!'))).toBe(true)
    expect(await fits('body :raw :contains "end!!"', long('end!!'))).toBe(false)
  })

  it('is found where pieces meet, by short keys and by long ones', async () => {
    const key = `${'ab'.repeat(100)}c`
    const message = `Subject: x\n\n${'ab'.repeat(40_000)}c${'z'.repeat(70_000)}`
    expect(await fits(`body :raw :contains "${key}"`, message)).toBe(true)
    expect(await fits(`body :raw :contains "${key}z"`, message)).toBe(true)
    expect(await fits(`body :raw :contains "b${key}q"`, message)).toBe(false)
    expect(await fits('body :raw :contains "bcz"', message)).toBe(true)
  })

  it('costs steps', async () => {
    const script = `require "body"; ${'if body :raw :contains "q" { stop; }\n'.repeat(30)}`
    const [result] = await outcome(script, { message: long(''), limits: { steps: 20_000 } })
    expect(result).toMatch(/^error: line [0-9]+: the script takes more than 20000 steps$/)
  })
})
