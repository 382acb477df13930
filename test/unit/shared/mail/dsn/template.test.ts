import { describe, expect, it } from 'vitest'
import { expandTemplate, parseTemplates } from '#shared/mail/dsn/template.ts'

const variables = {
  myhostname: 'mx.example.test',
  mydomain: 'example.test',
  delayWarningMs: 4 * 3_600_000,
  lifetimeMs: 5 * 24 * 3_600_000,
}

/** As Postfix's own bounce.cf.default. */
const file = `# Texts.

failure_template = <<EOF
Charset: us-ascii
From: MAILER-DAEMON (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Postmaster-Subject: Postmaster Copy: Undelivered Mail

This is the mail system at host $myhostname of \${mydomain} and $(mydomain).

It costs $$5.
EOF

delay_template = <<END
Charset: UTF-8
From: MAILER-DAEMON (Mail Delivery System)
Subject: Delayed Mail

Nach $delay_warning_time_hours h (\${delay_warning_time_minutes} min), höchstens $maximal_queue_lifetime_days Tage.
END
`

function template(changed: string): string {
  return `failure_template = <<EOF\n${changed}\nEOF\n`
}
const header = 'From: a@b.test\nSubject: x\n'

describe('templates of notices', () => {
  it("are read in Postfix's format", () => {
    expect(parseTemplates(file)).toMatchObject({
      failure: {
        charset: 'us-ascii',
        from: 'MAILER-DAEMON (Mail Delivery System)',
        subject: 'Undelivered Mail Returned to Sender',
        postmasterSubject: 'Postmaster Copy: Undelivered Mail',
      },
      delay: { charset: 'utf-8', subject: 'Delayed Mail', postmasterSubject: 'Delayed Mail' },
    })
    expect(parseTemplates('')).toEqual({})
  })

  it('have their variables put in', () => {
    const templates = parseTemplates(file)
    if (typeof templates === 'string' || !templates.failure || !templates.delay) throw new Error()
    expect(expandTemplate(templates.failure, variables)).toEqual([
      'This is the mail system at host mx.example.test of example.test and example.test.',
      '',
      'It costs $5.',
    ])
    expect(expandTemplate(templates.delay, variables)).toEqual([
      'Nach 4 h (240 min), höchstens 5 Tage.',
    ])
  })

  it.each([
    ['nonsense', 'line 1: no beginning of a template'],
    ['success_template = <<EOF\nFrom: x\n', 'line 1: no line EOF ends this template'],
    [template('From: a@b.test\nSubject: x'), 'no empty line behind its header'],
    [template('From: a@b.test\nReply-To: x\n\ny'), "'Reply-To: x' is no header line of a template"],
    [template('From: a@b.test\nSubject: $mydomain\n\ny'), 'Subject must be plain ASCII, without $'],
    [template('From: a@b.test\nSubject: ä\n\ny'), 'Subject must be plain ASCII, without $'],
    [template(`Charset: koi8-r\n${header}\ny`), 'Charset must be one of us-ascii, utf-8'],
    [template(`${header}\nä`), 'Charset must be utf-8 for this text'],
    [template('Subject: x\n\ny'), 'From and Subject are missing'],
    [template(`${header}\nof $sender`), '$sender is no variable of a template'],
  ])('are refused in words: %j', (text, problem) => {
    expect(parseTemplates(text)).toContain(problem)
  })
})
