// RFC 5230 (vacation) and RFC 6131 (vacation-seconds), section by section; whether an answer is sent is in made/may-answer.test.ts.

import { describe, expect, it } from 'vitest'
import { writeVacationAnswer } from '#shared/sieve/made/vacation-answer.ts'
import { runScripts } from '#shared/sieve/run/interpreter.ts'
import { compiled, contextOf, findings, outcome, run, type Situation } from '#test/support/sieve.ts'

const needs = 'require ["vacation", "vacation-seconds", "variables", "fileinto"]; '
const DAY = 86_400

async function vacationOf(script: string, situation: Situation = {}) {
  const result = await run(needs + script, situation)
  if (result.kind === 'failed') throw new Error(result.reason)
  const found = result.actions.find((action) => action.kind === 'vacation')
  if (found?.kind !== 'vacation') throw new Error('no vacation')
  return found
}

describe('§4 the action', () => {
  it.each([
    ['vacation "away";', ['vacation away', 'keep']],
    ['vacation "away"; discard;', ['vacation away', 'discard']],
    ['fileinto "X"; vacation "away";', ['fileinto X', 'vacation away']],
    ['redirect "a@b.example"; vacation "away";', ['redirect a@b.example', 'vacation away']],
    // §4.7: once.
    ['vacation "a"; vacation "b";', ['error: line 1: vacation a second time']],
    [
      'set "f" "nobody"; vacation :from "${f}" "a";',
      ['error: line 1: vacation :from "nobody" is no address'],
    ],
  ])('%s', async (script, actions) => {
    expect(await outcome(needs + script)).toEqual(actions)
  })

  it.each([
    ['vacation "a";', 'line 1: vacation needs require "vacation"'],
    [
      'require "vacation"; vacation :seconds 9 "a";',
      'line 1: :seconds needs require "vacation-seconds"',
    ],
    [
      'require "vacation-seconds"; vacation :days 1 :seconds 9 "a";',
      'line 1: :seconds and :days exclude each other',
    ],
    ['require "vacation"; vacation :from "x" "a";', 'line 1: :from "x" is no address'],
    [
      'require "vacation"; vacation :from "a@b.example, c@d.example" "a";',
      'line 1: :from "a@b.example, c@d.example" is no address',
    ],
    ['require "vacation"; vacation;', 'line 1: vacation takes a string'],
    [
      'require "vacation"; vacation :mime "hello";',
      'line 1: vacation :mime takes a MIME entity: header fields of ASCII, an empty line, and content',
    ],
    [
      'require "vacation"; vacation :addresses "x" "a";',
      'line 1: warning: :addresses "x" is no address',
    ],
    [
      'require "vacation"; vacation :days 0 "a";',
      'line 1: warning: :days 0 is as short as a period may be here',
    ],
  ])('%s', (script, finding) => {
    expect(findings(script)).toEqual([finding])
  })

  it('needs one of both extensions (RFC 6131 §2)', () => {
    expect(findings('require "vacation-seconds"; vacation :seconds 1800 "a";')).toEqual([])
  })
})

describe('§4.1 and RFC 6131 §2: the period', () => {
  it.each([
    ['vacation "a";', 7 * DAY],
    ['vacation :days 3 "a";', 3 * DAY],
    ['vacation :days 0 "a";', DAY],
    ['vacation :seconds 0 "a";', DAY],
    ['vacation :seconds 86401 "a";', DAY + 1],
    ['vacation :seconds 2147483648 "a";', 60 * DAY],
    ['vacation :days 365 "a";', 60 * DAY],
  ])('%s', async (script, seconds) => {
    expect((await vacationOf(script)).seconds).toBe(seconds)
  })

  it('is none where the system allows it (RFC 6131 §2)', async () => {
    const vacationSeconds = { min: 0, default: DAY, max: DAY }
    const { seconds } = await vacationOf('vacation :seconds 0 "a";', {
      limits: { vacationSeconds },
    })
    expect(seconds).toBe(0)
  })
})

describe('§4.2 what counts as one answer', () => {
  const handle = async (script: string, message?: string) =>
    (await vacationOf(script, message === undefined ? {} : { message })).handle

  it('is the same for the same words, whatever their variables hold', async () => {
    const script = 'if header :matches "subject" "*" {} vacation :subject "Re: ${0}" "a";'
    expect(await handle(script, 'Subject: x\n\n')).toBe(await handle(script, 'Subject: y\n\n'))
  })

  it('is another one for another subject, from, form or reason', async () => {
    const scripts = [
      'vacation "a";',
      'vacation "b";',
      'vacation :subject "s" "a";',
      'vacation :from "me@example.com" "a";',
      'vacation :mime "Content-Type: text/plain\n\na";',
    ]
    expect(new Set(await Promise.all(scripts.map((script) => handle(script)))).size).toBe(5)
  })

  it('does not care for how often and to whom', async () => {
    expect(await handle('vacation :days 3 :addresses "x@example.com" "a";')).toBe(
      await handle('vacation "a";'),
    )
  })

  it('is what :handle says, and no text is taken for one', async () => {
    expect(await handle('vacation :handle "h" "a";')).toBe(
      await handle('vacation :handle "h" "b";'),
    )
    expect(await handle('vacation :handle "h" "a";')).not.toBe(await handle('vacation "h";'))
  })
})

it('§4.7: a script behind another one that answered does not answer, too', async () => {
  const scripts = ['a', 'b'].map((name) => ({
    name,
    script: compiled(`require "vacation"; vacation "${name}";`),
  }))
  const result = await runScripts(scripts, contextOf({}), async () => undefined)
  expect(result.kind === 'done' && result.actions.map((each) => each.kind)).toEqual([
    'vacation',
    'keep',
  ])
})

it.each([
  ['include "away"; include "own";', ['vacation Away', 'fileinto Own']],
  ['include "away"; vacation "a"; fileinto "Own";', ['vacation Away', 'fileinto Own']],
  ['include "away"; include "away";', ['error: line 1: vacation a second time']],
])('§4.7: nor does one that is included beside it: %s', async (script, actions) => {
  const personal = {
    away: 'require "vacation"; vacation "Away";',
    own: 'require ["vacation", "fileinto"]; vacation "b"; fileinto "Own";',
  }
  const needsAll = 'require ["include", "vacation", "fileinto"]; '
  expect(await outcome(needsAll + script, { personal })).toEqual(actions)
})

describe('§5 the answer', () => {
  const message =
    'From: Ann <ann@example.org>\nTo: me@example.com\nSubject: Lunch\nMessage-ID: <m3@example.org>\nReferences: <m1@example.org> <m2@example.org>\n\nHi\n'

  async function answer(script: string, situation: Situation = {}) {
    const given = { message, ...situation }
    const action = await vacationOf(script, given)
    const { owner, message: read } = contextOf(given)
    const made = writeVacationAnswer({
      action,
      header: await read.header(),
      owner,
      to: 'ann@example.org',
      atMs: Date.parse('2026-11-30T12:00:00Z'),
      messageId: 'v1@mx.example.com',
    })
    const text = Buffer.from(made.bytes).toString()
    const end = text.indexOf('\r\n\r\n')
    return { ...made, header: text.slice(0, end + 2), body: text.slice(end + 4) }
  }

  it('is a whole message', async () => {
    const { header, body, eightBit, smtpUtf8 } = await answer('vacation "I am away.\n";', {
      owner: { name: 'Me Myself' },
    })
    expect(header).toBe(
      [
        'Auto-Submitted: auto-replied', // §5.6
        'Date: Mon, 30 Nov 2026 12:00:00 +0000', // §5.2
        'From: Me Myself <me@example.com>', // §5.4
        'To: <ann@example.org>', // §5.5
        'Subject: Auto: Lunch', // §5.3
        'Message-ID: <v1@mx.example.com>',
        'In-Reply-To: <m3@example.org>', // §5.8
        'References: <m1@example.org> <m2@example.org> <m3@example.org>',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
      ].join('\r\n'),
    )
    expect(body).toBe('I am away.\r\n')
    expect({ eightBit, smtpUtf8 }).toEqual({ eightBit: false, smtpUtf8: false })
  })

  it.each([
    ['Subject: \n', 'Automated reply'],
    ['', 'Automated reply'],
    ['Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n', 'Auto: =?UTF-8?B?R3LDvMOfZQ==?='],
  ])('§5.3: of %j the subject is %s', async (field, subject) => {
    const { header } = await answer('vacation "x";', { message: `${field}From: a@b.example\n\n` })
    expect(header).toContain(`Subject: ${subject}\r\n`)
  })

  it('§5.3: the subject is what the script says, in one line', async () => {
    const { header } = await answer('vacation :subject "Gone\nBcc: x@y.example" "x";')
    expect(header).toContain('Subject: Gone Bcc: x@y.example\r\n')
  })

  it.each([
    ['me@example.com', '<me@example.com>'],
    ['\\"Me, Myself\\" <ME+info@example.com>', '"Me, Myself" <ME+info@example.com>'],
    ['Me <me@other.example>', 'Me <me@other.example>'],
    // Nobody writes as somebody else.
    ['Boss <boss@example.com>', '<me@example.com>'],
  ])('§5.4: with :from "%s" it is from %s', async (from, expected) => {
    const { header } = await answer(`vacation :from "${from}" "x";`, {
      owner: { addresses: ['me@example.com', 'me@other.example'] },
    })
    expect(header).toContain(`From: ${expected}\r\n`)
  })

  it('§5.8: of a message without an id it is an answer to none', async () => {
    const { header } = await answer('vacation "x";', { message: 'References: <a@b.example>\n\n' })
    expect(header).not.toMatch(/^(?:In-Reply-To|References)/m)
  })

  it('§5.8: without References those of the one message replied to are taken (RFC 5322 §3.6.4)', async () => {
    const ids = (inReplyTo: string) =>
      answer('vacation "x";', {
        message: `In-Reply-To: ${inReplyTo}\nMessage-ID: <b@c.example>\n\n`,
      })
    expect((await ids('<a@c.example>')).header).toContain(
      'References: <a@c.example> <b@c.example>\r\n',
    )
    expect((await ids('<a@c.example> <x@c.example>')).header).toContain(
      'References: <b@c.example>\r\n',
    )
  })

  it('§5.8: long threads keep their beginning and their end, folded', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `<id-${i}@example.org>`)
    const { header } = await answer('vacation "x";', {
      message: `References: ${ids.join('\n ')}\nMessage-ID: <last@example.org>\n\n`,
    })
    const [, references = ''] = /^References:((?: .*\r\n)+)/m.exec(header) ?? []
    const kept = references.trim().split(/\s+/)
    expect(kept).toEqual([ids[0], ...ids.slice(-18), '<last@example.org>'])
    expect(Math.max(...header.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78)
  })

  it('§5.7: what is not ASCII is encoded for whoever takes seven bits', async () => {
    const { header, body, eightBit } = await answer('vacation "Bin weg, Gr\u00fc\u00dfe";')
    expect(header).toContain('Content-Transfer-Encoding: quoted-printable\r\n')
    expect(body).toBe('Bin weg, Gr=C3=BC=C3=9Fe\r\n')
    expect(eightBit).toBe(false)
  })

  it('§4.6: a MIME entity is taken as it is', async () => {
    const { header, body } = await answer(
      'vacation :mime text:\nContent-Type: multipart/alternative; boundary=foo\n\n--foo\n\nI am at the beach.\n\n--foo\nContent-Type: text/html; charset=us-ascii\n\n<b>beach</b>\n\n--foo--\n.\n;',
    )
    expect(header).toMatch(
      /MIME-Version: 1\.0\r\nContent-Type: multipart\/alternative; boundary=foo\r\n$/,
    )
    expect(body).toMatch(/^--foo\r\n\r\nI am at the beach\.\r\n/)
    expect(body).toMatch(/--foo--\r\n$/)
  })
})
