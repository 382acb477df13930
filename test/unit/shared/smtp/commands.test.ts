import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHeloName } from '#shared/smtp/helo-name.ts'
import { parseMailCommand } from '#shared/smtp/mail-command.ts'
import { parseRcptCommand } from '#shared/smtp/rcpt-command.ts'
import { formatReply } from '#shared/smtp/reply.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { decodeXtext, encodeXtext } from '#shared/smtp/xtext.ts'

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
    expect(parseMailCommand(text)).toEqual({
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
    // Longest path RFC 5321 §4.5.3.1.3 has room for, and one octet more.
    [`${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`, true],
    [`${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}comm`, false],
    [`${'a'.repeat(65)}@b.example`, false],
    [`"${'a b'.repeat(20)}a"@b.example`, true],
    [`"${'a b'.repeat(21)}"@b.example`, false],
  ])('keeps to the lengths of RFC 5321 §4.5.3.1: %s', (mailbox, isAllowed) => {
    expect(faultOf(() => parseMailCommand(` FROM:<${mailbox}>`)) === undefined).toBe(isAllowed)
  })

  it('takes time in proportion to the text', () => {
    // A grammar that backtracks would not come back from this.
    const hostile = ` FROM:<${'"\\"'.repeat(50_000)}`
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
    expect(parseRcptCommand(rcpt(500), false).originalRecipient).toHaveLength(500)
    expect(faultOf(() => parseRcptCommand(rcpt(501), false))).toEqual({
      kind: 'parameter',
      keyword: 'ORCPT',
    })
  })

  it('names a status once', () => {
    const { notify } = parseRcptCommand(' TO:<a@b.example> NOTIFY=DELAY,DELAY', false)
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
  it('lets nothing through that could end a comment or a line', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isHeloName(text)) expect(text).toMatch(/^[A-Za-z0-9._:[\]-]+$/)
      }),
    )
    expect(isHeloName('a\r\nb')).toBe(false)
    expect(isHeloName('a)b')).toBe(false)
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
