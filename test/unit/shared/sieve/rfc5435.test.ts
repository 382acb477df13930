// RFC 5435 (enotify) and RFC 5436 (its mailto method), section by section; URIs are in made/mailto.test.ts.

import { describe, expect, it } from 'vitest'
import { MESSAGES_CREATED_MAX } from '#shared/sieve/limits.ts'
import { writeNotification } from '#shared/sieve/made/notification.ts'
import { contextOf, findings, outcome, run, type Situation } from '#test/support/sieve.ts'

const needs = 'require ["enotify", "fileinto", "variables", "envelope", "relational"]; '
const done = (script: string, situation: Situation = {}) => outcome(needs + script, situation)

async function notifyOf(script: string, situation: Situation = {}) {
  const result = await run(needs + script, situation)
  if (result.kind === 'failed') throw new Error(result.reason)
  const found = result.actions.find((action) => action.kind === 'notify')
  if (found?.kind !== 'notify') throw new Error('no notify')
  return found
}

describe('§3 notify', () => {
  const boss = 'From: boss@example.org\nTo: sievemailinglist@example.org\nSubject: Your dog\n\n'

  it('§3.7 example 1', async () => {
    const script = `
      if header :contains "from" "boss@example.org" {
        notify :importance "1" :message "This is probably very important" "mailto:alm@example.com";
        stop;
      }
      fileinto "INBOX.sieve";`
    expect(await done(script, { message: boss })).toEqual(['notify mailto:alm@example.com', 'keep'])
    expect(await notifyOf(script, { message: boss })).toMatchObject({
      importance: '1',
      message: 'This is probably very important',
      from: null,
    })
  })

  it('§3.7 example 2: what was matched stands in the message', async () => {
    const script = `
      if header :matches "from" "*@*.example.org" {
        if envelope :all :matches "from" "*" { set "env_from" " [really: \${1}]"; }
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if address :matches :all "from" "*" { set "from_addr" "\${1}"; }
        notify :message "\${from_addr}\${env_from}: \${subject}" "mailto:alm@example.com";
      }`
    const action = await notifyOf(script, { message: 'From: a@b.example.org\nSubject: Hi\n\n' })
    expect(action.message).toBe('a@b.example.org [really: coyote@desert.example]: Hi')
  })

  it.each([
    // §7: with everything, any number of times, and the message is kept.
    ['notify "mailto:a@b.example"; discard;', ['notify mailto:a@b.example', 'discard']],
    [
      'notify "mailto:a@b.example"; notify "mailto:c@d.example";',
      ['notify mailto:a@b.example', 'notify mailto:c@d.example', 'keep'],
    ],
    // §3.2: at run time.
    [
      'set "m" "xmpp:x@y.example"; notify "${m}";',
      [
        'error: line 1: nobody can be notified by "xmpp:x@y.example": its method is not known here: mailto: is',
      ],
    ],
    [
      'notify "tel:+14085551212";',
      [
        'error: line 1: nobody can be notified by "tel:+14085551212": its method is not known here: mailto: is',
      ],
    ],
    [
      'set "i" "4"; notify :importance "${i}" "mailto:a@b.example";',
      ['error: line 1: notify :importance "4" is none of "1", "2" and "3"'],
    ],
    [
      'set "f" "x"; notify :from "${f}" "mailto:a@b.example";',
      ['error: line 1: notify :from "x" is no address'],
    ],
    ['notify "mailto:";', ['keep']],
    // RFC 5436 §2.7: nobody is told twice.
    [
      'notify "mailto:a@b.example"; notify :message "x" "mailto:A@b.example";',
      ['notify mailto:a@b.example', 'keep'],
    ],
  ])('%s', async (script, actions) => {
    expect(await done(script)).toEqual(actions)
  })

  it('counts with all other messages to others', async () => {
    const notify = (count: number) =>
      Array.from({ length: count }, (_, i) => `notify "mailto:a${i}@b.example";`).join('')
    expect(await done(`redirect "x@y.example"; ${notify(MESSAGES_CREATED_MAX - 1)}`)).toHaveLength(
      MESSAGES_CREATED_MAX,
    )
    expect(await done(`redirect "x@y.example"; ${notify(MESSAGES_CREATED_MAX)}`)).toEqual([
      'error: line 1: more than 8 messages to others',
    ])
  })

  it('tells those who were not told yet', async () => {
    const result = await run(
      `${needs}notify "mailto:a@b.example"; notify "mailto:a@b.example,c@d.example?cc=a@b.example";`,
    )
    const told = result.kind === 'done' ? result.actions : []
    expect(told[1]).toMatchObject({ mailto: { to: ['c@d.example'], cc: [] } })
  })

  it('RFC 5436 §2.7: tells of no message that a program wrote, and of one without a return path', async () => {
    const script = 'notify "mailto:a@b.example";'
    expect(await done(script, { message: 'Auto-Submitted: auto-notified; x=y\n\n' })).toEqual([
      'keep',
    ])
    expect(await done(script, { message: 'Auto-Submitted: no\n\n' })).toHaveLength(2)
    expect(await done(script, { envelope: { from: '' } })).toHaveLength(2)
  })

  it.each([
    ['notify "mailto:a@b.example";', 'line 1: notify needs require "enotify"'],
    [
      'require "enotify"; notify "xmpp:x@y.example";',
      'line 1: warning: nobody is notified by "xmpp:x@y.example": its method is not known here: mailto: is',
    ],
    [
      'require "enotify"; notify :importance "4" "mailto:a@b.example";',
      'line 1: :importance takes "1", "2" or "3", and not "4"',
    ],
    [
      'require "enotify"; notify :from "x" "mailto:a@b.example";',
      'line 1: :from "x" is no address',
    ],
    [
      'require "enotify"; notify :options "x" "mailto:a@b.example";',
      'line 1: "x" is no option with a value (name=value)',
    ],
    [
      'require "enotify"; notify :options ["x-1=y", "2=", "a=b=c"] "mailto:a@b.example";',
      undefined,
    ],
  ])('%s', (script, finding) => {
    expect(findings(script)).toEqual(finding === undefined ? [] : [finding])
  })
})

describe('§4 and §5 tests', () => {
  const fits = async (test: string) => (await done(`if ${test} { discard; }`))[0] === 'discard'
  it.each([
    ['valid_notify_method "mailto:a@b.example"', true],
    ['valid_notify_method ["mailto:a@b.example", "http://gw.example.net/notify?test"]', false],
    // Example 4: whether there is such a method.
    ['valid_notify_method "mailto:"', true],
    ['valid_notify_method "mailto:nobody"', false],
    ['notify_method_capability "mailto:a@b.example" "Online" "maybe"', true],
    ['notify_method_capability "mailto:a@b.example" "online" "yes"', false],
    ['notify_method_capability :contains "mailto:a@b.example" "online" ["yes", "may"]', true],
    ['notify_method_capability "xmpp:a@b.example" "online" "maybe"', false],
    ['notify_method_capability "mailto:a@b.example" "mood" ""', false],
    ['notify_method_capability :count "eq" "mailto:a@b.example" "online" "1"', true],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })
})

it('§6: a value that is encoded stays one in a URI', async () => {
  const action = await notifyOf(
    'set :encodeurl "body" "Safe body&evil=evilbody"; notify "mailto:tim@example.com?body=${body}";',
  )
  expect(action.mailto).toMatchObject({ body: 'Safe body&evil=evilbody', fields: [] })
})

describe('RFC 5436 §2.7: the message', () => {
  const knitting = `Return-Path: <knitting-bounces@example.com>
Received: from mail.example.com by mail.example.org
 for <recipient@example.org>; Wed, 7 Dec 2005 05:08:02 -0500
Received: from hobbies.example.com by mail.example.com; Wed, 7 Dec 2005 02:00:26 -0800
Message-ID: <1234567.89ABCDEF@example.com>
Date: Wed, 07 Dec 2005 10:59:19 +0100
List-Id: Knitting Mailing List <knitting.example.com>
From: "Jeff Smith" <jeff@hobbies.example.com>
To: "Knitting Mailing List" <knitting@example.com>
Subject: [Knitting] A new sweater

I just finished a great new sweater!
`
  async function notification(script: string, situation: Situation = {}) {
    const given: Situation = {
      message: knitting,
      envelope: { from: 'knitting-bounces@example.com', to: 'recipient@example.org' },
      owner: { address: 'recipient@example.org', addresses: ['recipient@example.org'] },
      ...situation,
    }
    const action = await notifyOf(script, given)
    const { message, owner, envelope } = contextOf(given)
    const made = writeNotification({
      action,
      mailto: action.mailto,
      header: await message.header(),
      envelope,
      owner,
      atMs: Date.parse('2005-12-07T10:08:55Z'),
      messageId: 'A2299BB.FF7788@example.org',
    })
    const text = Buffer.from(made.bytes).toString()
    const end = text.indexOf('\r\n\r\n')
    return { ...made, header: text.slice(0, end + 2), body: text.slice(end + 4) }
  }

  it('is that of the example in §3', async () => {
    const { header, body, sender, recipients } = await notification(`
      if header :matches "Subject" "[*] *" {
        notify :message "From \${1} list: \${2}" :importance "3"
          "mailto:0123456789@sms.example.net?to=backup@example.com";
      }`)
    expect(header).toBe(
      [
        'Auto-Submitted: auto-notified; owner-email="recipient@example.org"',
        'Date: Wed, 7 Dec 2005 10:08:55 +0000',
        'From: <recipient@example.org>',
        'To: <0123456789@sms.example.net>, <backup@example.com>',
        'Subject: From Knitting list: A new sweater',
        'Message-ID: <A2299BB.FF7788@example.org>',
        'References: <1234567.89ABCDEF@example.com>',
        'Received: from mail.example.com by mail.example.org for',
        ' <recipient@example.org>; Wed, 7 Dec 2005 05:08:02 -0500',
        'Received: from hobbies.example.com by mail.example.com; Wed, 7 Dec 2005',
        ' 02:00:26 -0800',
        'X-Priority: 5 (Lowest)',
        'Importance: Low',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
      ].join('\r\n'),
    )
    expect(body).toBe(
      'From: "Jeff Smith" <jeff@hobbies.example.com>\r\nSubject: [Knitting] A new sweater\r\n',
    )
    expect({ sender, recipients }).toEqual({
      sender: 'recipient@example.org',
      recipients: ['0123456789@sms.example.net', 'backup@example.com'],
    })
  })

  it('goes to all whom the URI names, and tells nobody of those in bcc', async () => {
    const { header, recipients } = await notification(
      'notify "mailto:a@b.example?cc=c@d.example&bcc=e@f.example&body=B%C3%A4r";',
    )
    expect(header).toContain('To: <a@b.example>\r\nCc: <c@d.example>\r\n')
    expect(header).not.toContain('e@f.example')
    expect(recipients).toEqual(['a@b.example', 'c@d.example', 'e@f.example'])
  })

  it.each([
    ['notify :message "m" "mailto:a@b.example?subject=s";', 'm'],
    ['notify "mailto:a@b.example?subject=s%0D%0ABcc:%20x@y.example";', 's Bcc: x@y.example'],
    ['notify "mailto:a@b.example";', '[Knitting] A new sweater'],
  ])('%s has the subject %s', async (script, subject) => {
    const { header } = await notification(script)
    expect(header).toContain(`\r\nSubject: ${subject}\r\n`)
  })

  it('has other fields as the URI says, each one a field', async () => {
    const { header } = await notification(
      'notify "mailto:a@b.example?keywords=x%0D%0ATo:%20y@z.example";',
    )
    expect(header).toContain('\r\nKeywords: x To: y@z.example\r\n')
  })

  it('of a message without a return path has none either', async () => {
    const { sender } = await notification('notify "mailto:a@b.example";', {
      envelope: { from: '' },
    })
    expect(sender).toBe('')
  })

  it('is from whom :from says, where that is the owner', async () => {
    const own = await notification(
      'notify :from "Me <Recipient+x@example.org>" "mailto:a@b.example";',
    )
    expect(own.header).toContain('From: Me <Recipient+x@example.org>\r\n')
    expect(own.sender).toBe('Recipient+x@example.org')
    const other = await notification('notify :from "boss@example.org" "mailto:a@b.example";')
    expect(other.header).toContain('From: <recipient@example.org>\r\n')
    expect(other.sender).toBe('recipient@example.org')
  })
})
