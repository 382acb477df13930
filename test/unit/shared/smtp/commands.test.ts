import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHeloName, neutralHeloName } from '#shared/smtp/helo-name.ts'
import { parseMailCommand } from '#shared/smtp/mail-command.ts'
import { parseRcptCommand } from '#shared/smtp/rcpt-command.ts'
import { formatReply } from '#shared/smtp/reply.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { decodeXtext, encodeXtext } from '#shared/smtp/xtext.ts'

const dsn = { offersDsn: true }

function faultOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    if (error instanceof SmtpSyntaxError) return error.fault
    throw error
  }
  return undefined
}

describe('parseMailCommand', () => {
  it('reads every parameter', () => {
    const text =
      ' FROM:<a@b.example> SIZE=12 BODY=BINARYMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=a+2Bb AUTH=c+40d'
    expect(parseMailCommand(text, dsn)).toEqual({
      sender: 'a@b.example',
      size: 12,
      body: 'BINARYMIME',
      smtpUtf8: true,
      requireTls: true,
      ret: 'HDRS',
      envid: 'a+b',
    })
  })

  it('has defaults for what is not given', () => {
    expect(parseMailCommand(' FROM:<>')).toEqual({
      sender: '',
      size: 0,
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    })
  })

  it.each([
    // RFC 5321 §4.5.3.1.1 and §4.5.3.1.3 have what must be taken at least: 64 octets, and 256 with the angle brackets.
    [`${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`, true],
    [`${'a'.repeat(630)}@b.example`, true],
    [`${'a'.repeat(631)}@b.example`, false],
    [`"${'a b'.repeat(209)}a"@b.example`, true],
    [`"${'a b'.repeat(210)}"@b.example`, false],
  ])('keeps to a length of 640 octets: %s', (mailbox, isAllowed) => {
    expect(faultOf(() => parseMailCommand(` FROM:<${mailbox}>`)) === undefined).toBe(isAllowed)
  })

  it('reads a path without angle brackets up to the next space', () => {
    const sender = (text: string) => parseMailCommand(` FROM:${text}`).sender
    expect(sender('a@b.example SIZE=1')).toBe('a@b.example')
    expect(sender(' "a b>"@b.example SIZE=1')).toBe('"a b>"@b.example')
    for (const text of ['', ' ', 'a@b.example>', 'a@b.example<', '"a@b.example', 'a @b.example']) {
      expect(faultOf(() => sender(text))).toBeDefined()
      expect(faultOf(() => parseMailCommand(` FROM:${text}`, { isStrict: true }))).toBeDefined()
    }
    const strict = () => parseMailCommand(' FROM:a@b.example', { isStrict: true })
    expect(faultOf(strict)).toEqual({ kind: 'sender' })
  })

  it('takes time in proportion to the text', () => {
    // A grammar that backtracks would not come back from this.
    const hostile = ` FROM:<${'"\\"'.repeat(50_000)}`
    const bare = ` FROM:${'"\\"'.repeat(50_000)}`
    expect(faultOf(() => parseMailCommand(bare))).toEqual({ kind: 'sender' })
    expect(faultOf(() => parseMailCommand(hostile))).toEqual({ kind: 'sender' })
    const route = ` FROM:<${'@a,'.repeat(50_000)}`
    expect(faultOf(() => parseMailCommand(route))).toEqual({ kind: 'sender' })
  })
})

describe('the parsers of MAIL and RCPT', () => {
  it('answer any text with a command or a syntax error', () => {
    const piece = fc.constantFrom(' FROM:', ' TO:', '<', '>', '@', '"', '\\', ':', ',', 'a', 'b.c')
    const parameter = fc.constantFrom(' ', '=', 'SIZE', 'ENVID', 'ORCPT', ';', '+2', 'NOTIFY', 'ü')
    const text = fc.array(fc.oneof(piece, parameter, fc.string())).map((all) => all.join(''))
    fc.assert(
      fc.property(text, (any) => {
        faultOf(() => parseMailCommand(any))
        faultOf(() => parseRcptCommand(any, false))
      }),
    )
  })
})

describe('parseRcptCommand', () => {
  it('keeps to the length of ORCPT (RFC 3461 §4.2)', () => {
    const rcpt = (length: number) => ` TO:<a@b.example> ORCPT=rfc822;${'x'.repeat(length - 7)}`
    expect(parseRcptCommand(rcpt(500), false, dsn).originalRecipient).toHaveLength(500)
    expect(faultOf(() => parseRcptCommand(rcpt(501), false, dsn))).toEqual({
      kind: 'parameter',
      keyword: 'ORCPT',
    })
  })

  it('names a status once', () => {
    const { notify } = parseRcptCommand(' TO:<a@b.example> NOTIFY=DELAY,DELAY', false, dsn)
    expect(notify).toEqual(['DELAY'])
  })
})

describe('xtext', () => {
  it('gives back any printable text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(decodeXtext(encodeXtext(text))).toBe(text)
      }),
    )
  })

  it.each(['a b', 'a=b', '+', '+4', '+4g', '+4a', '+00', '+7F', 'ü'])('refuses %j', (text) => {
    expect(decodeXtext(text)).toBeUndefined()
  })
})

describe('isHeloName', () => {
  it('takes any name of 255 characters, and wants one', () => {
    for (const name of ['(none)', "john's-pc", 'Büro-PC', '-', '[IPv6:fe80::1%en0]', 'two words']) {
      expect(isHeloName(name)).toBe(true)
    }
    expect(isHeloName('')).toBe(false)
    expect(isHeloName('  ')).toBe(false)
    expect(isHeloName('é'.repeat(255))).toBe(true)
    expect(isHeloName('é'.repeat(256))).toBe(false)
  })
})

describe('neutralHeloName', () => {
  it('lets nothing through that could end a comment, a line or a clause', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(neutralHeloName(text)).toMatch(/^[!#-'*-:=?A-[\]-~]*$/)
      }),
    )
    expect(neutralHeloName('a\r\nb')).toBe('a??b')
    expect(neutralHeloName('(none)')).toBe('?none?')
    expect(neutralHeloName('a by b; c')).toBe('a?by?b??c')
  })

  it('leaves host names and address literals as they are', () => {
    for (const name of ['mx.example.test', '[192.0.2.1]', '[IPv6:fe80::1%en0]', "john's-pc"]) {
      expect(neutralHeloName(name)).toBe(name)
    }
  })
})

describe('formatReply', () => {
  it('writes one line', () => {
    expect(formatReply({ code: 250, status: '2.0.0', text: 'Ok' })).toBe('250 2.0.0 Ok\r\n')
    expect(formatReply({ code: 334, status: null, text: '' })).toBe('334 \r\n')
  })

  it('writes several lines with the code and status on each (RFC 5321 §4.2.1, RFC 2034 §4)', () => {
    const reply = formatReply({ code: 550, status: '5.7.1', text: ['one', 'two'] })
    expect(reply).toBe('550-5.7.1 one\r\n550 5.7.1 two\r\n')
  })

  it('is never longer than 512 octets nor more than the lines asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
        const line = formatReply({ code: 550, status: '5.7.1', text })
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(512)
        expect(line.slice(0, -2)).not.toMatch(/[\r\n]/)
      }),
    )
  })
})
