// Nobody sends through a server of ours to elsewhere who may not: the tricks that testers of open relays, and those who look for one,
// have tried since there are mail servers, with each preset. What is taken all the same is somebody's here, and nothing leaves.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { presets } from '#shared/settings/restrictions/presets.ts'
import { eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { startDnsServer } from '#test/support/dns-server.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** What the paths of RCPT are tried as, in angle brackets. */
const recipients = [
  'victim@elsewhere.test',
  'victim@ELSEWHERE.TEST',
  'victim@elsewhere.test.',
  'victim@elsewhere.test..',
  // The percent hack.
  'victim%elsewhere.test@example.test',
  'victim%elsewhere.test@mx.example.test',
  'victim%elsewhere.test@localhost',
  'victim%elsewhere.test@[127.0.0.1]',
  'victim%elsewhere.test@partner.test',
  'victim%elsewhere.test%example.test@example.test',
  'victim%elsewhere.test',
  'victim%elsewhere.test@',
  'postmaster%elsewhere.test@example.test',
  // Bang paths.
  'elsewhere.test!victim',
  'elsewhere.test!victim@example.test',
  'elsewhere.test!victim@[127.0.0.1]',
  'elsewhere.test!victim@partner.test',
  'example.test!elsewhere.test!victim',
  // Source routes (RFC 5321 Appendix C).
  '@example.test:victim@elsewhere.test',
  '@example.test,@mx.example.test:victim@elsewhere.test',
  '@[127.0.0.1]:victim@elsewhere.test',
  '@localhost:victim@elsewhere.test',
  '@:victim@elsewhere.test',
  'example.test:victim@elsewhere.test',
  '@elsewhere.test:victim@example.test',
  '@elsewhere.test:@example.test:victim@elsewhere.test',
  // Quoted, with an @ within, and one too many.
  '"victim@elsewhere.test"',
  '"victim%elsewhere.test"',
  '"victim@elsewhere.test"@example.test',
  '"victim%elsewhere.test"@example.test',
  '"elsewhere.test!victim"@example.test',
  '"victim@elsewhere.test"@[127.0.0.1]',
  '"victim@elsewhere.test"@partner.test',
  '"victim\\@elsewhere.test"@example.test',
  '"victim"@elsewhere.test',
  '"@elsewhere.test:victim"@example.test',
  'victim@elsewhere.test@example.test',
  'victim@elsewhere.test@[127.0.0.1]',
  'victim\\@elsewhere.test@example.test',
  // Our domain where it says nothing.
  'alice@example.test@elsewhere.test',
  '"alice@example.test"@elsewhere.test',
  'example.test@elsewhere.test',
  'alice@example.test.elsewhere.test',
  'alice@elsewhere-example.test',
  'alice@sub.example.test',
  'alice@xexample.test',
  'alice%example.test@elsewhere.test',
  'alice+victim@elsewhere.test@example.test',
  // Literals.
  'victim@[192.0.2.77]',
  'victim@[127.0.0.1]',
  'victim@[IPv6:::1]',
  'victim@[IPv6:::ffff:192.0.2.77]',
  'victim@[::1]',
  'victim@[2130706433]',
  'victim@[0x7f.1]',
  'victim@192.0.2.77',
  'victim@127.0.0.1',
  'victim@[elsewhere.test]',
  'victim@[]',
  // Other characters than it seems.
  'victim@xn--lsewhere-x0a.test',
  'victim@élsewhere.test',
  'victim@elsewhere。test',
  'victim@ｅｌｓｅｗｈｅｒｅ.test',
  'victim@elsewhere.test\u200b',
  'victim％elsewhere.test@example.test',
  'victim＠elsewhere.test@example.test',
  // Control characters, of which some programs end a text at the first.
  'victim@elsewhere.test\0@example.test',
  'victim@elsewhere.test\0',
  '\0victim@elsewhere.test',
  'alice@example.test\0@elsewhere.test',
  'victim@elsewhere.test\t@example.test',
  'victim@elsewhere.test\r@example.test',
  'victim@elsewhere.test\x7f@example.test',
  'victim@elsewhere.test @example.test',
  'victim@elsewhere.test\\0@example.test',
  'victim@elsewhere.test%00@example.test',
  // More than one.
  'alice@example.test,victim@elsewhere.test',
  'alice@example.test;victim@elsewhere.test',
  'alice@example.test victim@elsewhere.test',
  'alice@example.test> <victim@elsewhere.test',
  'alice@example.test><victim@elsewhere.test',
  '<victim@elsewhere.test>',
  '<alice@example.test>victim@elsewhere.test',
  // A domain of whose mail servers we are one, as its own DNS says.
  'victim@backup.test',
  // No domains of ours, or none at all.
  'victim@partner.test.elsewhere.test',
  '@elsewhere.test',
  '@',
  '',
] as const

/** After `RCPT TO:`. */
const rawRecipients = [
  'victim@elsewhere.test',
  ' victim@elsewhere.test',
  'victim@elsewhere.test (alice@example.test)',
  '(alice@example.test) victim@elsewhere.test',
  'alice@example.test, victim@elsewhere.test',
  'Alice <victim@elsewhere.test>',
  '"alice@example.test" <victim@elsewhere.test>',
  '<victim@elsewhere.test> <alice@example.test>',
  '<victim@elsewhere.test',
  '<victim@elsewhere.test> ORCPT=rfc822;alice@example.test',
  '<alice@example.test> RELAY',
]

/** Who it is said to be from: whoever is ours by name may not more. */
const senders = [
  '<spam@spam.test>',
  '<>',
  '<alice@example.test>',
  '<postmaster@example.test>',
  '<alice@mx.example.test>',
  '<alice@[127.0.0.1]>',
  '<alice@localhost>',
  '<alice>',
  '<postmaster>',
  '<victim@elsewhere.test>',
  '<spam@partner.test>',
  '<@example.test:spam@spam.test>',
  '<spam%spam.test@example.test>',
  '<"alice@example.test"@spam.test>',
  '<alice@example.test> AUTH=alice@example.test',
  '<alice@example.test> AUTH=<>',
  '<spam@spam.test> RET=FULL',
]

const helos = [
  'mx.example.test',
  'example.test',
  'localhost',
  '[127.0.0.1]',
  '127.0.0.1',
  'mail.elsewhere.test',
]

/** Said by a stranger before MAIL, with which some servers would trust him. */
const magicWords = [
  'XCLIENT ADDR=127.0.0.1 LOGIN=alice@example.test',
  'XFORWARD ADDR=127.0.0.1 IDENT=x',
  'PROXY TCP4 127.0.0.1 127.0.0.1 40000 25',
  'AUTH PLAIN AAAA',
  'AUTH EXTERNAL =',
  'AUTH ANONYMOUS eA==',
  'ETRN elsewhere.test',
  'TURN',
  'LHLO mx.example.test',
  'SEND FROM:<alice@example.test>',
  'DEBUG',
  'WIZ',
]

/** Of Alice, however they are written. */
const alices = [
  'alice@example.test',
  'ALICE@Example.TEST',
  'alice@example.test.',
  '"alice"@example.test',
  '@elsewhere.test:alice@example.test',
  '@elsewhere.test,@example.test:alice@example.test',
  'alice@mx.example.test',
  'alice@localhost',
  'alice@[127.0.0.1]',
  'alice+victim=elsewhere.test@example.test',
  'alice+@example.test',
]

const spam = [
  'From: <alice@example.test>',
  'To: <victim@elsewhere.test>',
  'Cc: <victim2@elsewhere.test>',
  'Bcc: <victim3@elsewhere.test>',
  'Apparently-To: <victim4@elsewhere.test>',
  'Resent-To: <victim5@elsewhere.test>',
  'Resent-Bcc: <victim6@elsewhere.test>',
  'X-Envelope-To: <victim7@elsewhere.test>',
  'Disposition-Notification-To: <victim8@elsewhere.test>',
  'Return-Receipt-To: <victim9@elsewhere.test>',
  'Errors-To: <victim10@elsewhere.test>',
  'Subject: buy',
  '',
  'Now.',
  '',
].join('\r\n')

describe.each(presets)('a server with the preset %s', (preset) => {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess
  let lmtpPort: number
  let sink: Sink
  let clients = 0

  beforeAll(async () => {
    const elsewhere = { mx: ['10 mx.elsewhere.test'] }
    const dns = resources.use(
      await startDnsServer({
        'elsewhere.test': elsewhere,
        'spam.test': elsewhere,
        'partner.test': elsewhere,
        'mail.spam.test': { a: ['127.9.0.1'] },
        'mx.elsewhere.test': { a: ['192.0.2.77'] },
        'backup.test': { mx: ['10 mx.elsewhere.test', '20 mx.example.test'] },
        'mx.example.test': { a: ['127.0.0.1'] },
        'example.test': { mx: ['10 mx.example.test'] },
      }),
    )
    sink = resources.use(await openSink())
    lmtpPort = await freePort()
    const folder = resources.use(await temporaryFolder()).path
    server = await startServer(folder, await freePorts(), [
      `policyPreset=${preset}`,
      'hostname=mx.example.test',
      'defaultDomain=example.test',
      'relayDomains=partner.test',
      `dnsServers=${dns.address}`,
      `relayhost=[127.0.0.1]:${sink.port}`,
      'listeners.lmtp.enabled=yes',
      `listeners.lmtp.port=${lmtpPort}`,
      'lmtpTrustedNetworks=127.0.0.1',
      'disablePlaintextAuth=loopback-allowed',
      // What is refused is counted here, and how long that takes is not.
      'smtpdErrorSleepTime=0s',
    ])
    resources.defer(async () => void (await server.end('SIGTERM')))
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  /** Each from an address of its own, so that none is refused for what another did. */
  function stranger(port = server.ports.smtp, tls = false): Promise<SmtpClient> {
    clients += 1
    const localAddress = `127.9.${clients >> 8}.${clients & 255}`
    return SmtpClient.open(port, { tls, localAddress })
  }

  /** The first refusal, or what RCPT said; what was taken is sent. */
  async function attempt(
    smtp: SmtpClient,
    rcpt: string,
    { from = '<spam@spam.test>', hello = 'EHLO mail.spam.test' } = {},
  ): Promise<string> {
    await smtp.command(hello)
    const mail = await smtp.command(`MAIL FROM:${from}`)
    if (mail.code >= 400) return mail.text
    const { code, text } = await smtp.command(`RCPT TO:${rcpt}`)
    if (code < 400) await smtp.data(spam)
    else expect((await smtp.command('DATA')).code).toBeGreaterThanOrEqual(500)
    return text
  }

  /** What was not refused for good, with its reply: to be asked to come back is no refusal. */
  async function notRefused<T>(
    tricks: readonly T[],
    attemptOne: (trick: T) => Promise<string>,
  ): Promise<readonly (readonly [T, string])[]> {
    const replies: (readonly [T, string])[] = []
    for (const trick of tricks) replies.push([trick, await attemptOne(trick)])
    return replies.filter(([, reply]) => !reply.startsWith('5'))
  }

  it.each(['', ' SMTPUTF8'])('takes no path to elsewhere%s', async (parameter) => {
    const taken = await notRefused(recipients, async (recipient) => {
      await using smtp = await stranger()
      return await attempt(smtp, `<${recipient}>`, { from: `<spam@spam.test>${parameter}` })
    })
    expect(taken).toEqual([])
  })

  it('takes nothing that only looks like a path to a user of ours', async () => {
    const taken = await notRefused(rawRecipients, async (recipient) => {
      await using smtp = await stranger()
      return await attempt(smtp, recipient)
    })
    expect(taken).toEqual([])
  })

  it('trusts no sender', async () => {
    const tricks = senders.flatMap((from) =>
      ['<victim@elsewhere.test>', '<victim%elsewhere.test@example.test>'].map(
        (rcpt) => [from, rcpt] as const,
      ),
    )
    const taken = await notRefused(tricks, async ([from, rcpt]) => {
      await using smtp = await stranger()
      return await attempt(smtp, rcpt, { from })
    })
    expect(taken).toEqual([])
  })

  it('trusts no name in HELO', async () => {
    const tricks = helos.flatMap((name) => [`EHLO ${name}`, `HELO ${name}`])
    const taken = await notRefused(tricks, async (hello) => {
      await using smtp = await stranger()
      return await attempt(smtp, '<victim@elsewhere.test>', { hello })
    })
    expect(taken).toEqual([])
  })

  it('knows no magic words', async () => {
    const taken = await notRefused(magicWords, async (word) => {
      await using smtp = await stranger()
      await smtp.command('EHLO mail.spam.test')
      const { code, text } = await smtp.command(word)
      if (code < 500) return text
      return await attempt(smtp, '<victim@elsewhere.test>')
    })
    expect(taken).toEqual([])
  })

  it('is no relay for a client at its own address either', async () => {
    const taken = await notRefused(['victim@elsewhere.test', 'victim@[192.0.2.77]'], async (to) => {
      await using smtp = await SmtpClient.open(server.ports.smtp)
      return await attempt(smtp, `<${to}>`, { from: '<alice@example.test>' })
    })
    expect(taken).toEqual([])
  })

  it('sends no bounce to whom a stranger names, and tells him nothing of addresses', async () => {
    await using smtp = await stranger()
    const toNobody = await attempt(smtp, '<nobody@example.test>', {
      from: '<victim@elsewhere.test>',
    })
    expect(toNobody).toMatch(/^5\d\d /)
    for (const command of ['VRFY', 'EXPN']) {
      const [alice, nobody, victim] = [
        await smtp.command(`${command} alice@example.test`),
        await smtp.command(`${command} nobody@example.test`),
        await smtp.command(`${command} victim@elsewhere.test`),
      ]
      expect(alice.code).toBe(252)
      expect([nobody, victim]).toEqual([alice, alice])
    }
  })

  it('takes no message without a recipient that was taken', async () => {
    await using smtp = await stranger()
    await smtp.command('EHLO mail.spam.test')
    expect((await smtp.envelope('spam@spam.test', 'victim@elsewhere.test')).code).toBe(554)
    expect((await smtp.bdat(Buffer.from(spam))).code).toBeGreaterThanOrEqual(500)
    await smtp.command('RSET')
    expect((await smtp.command('RCPT TO:<victim@elsewhere.test>')).code).toBe(503)
  })

  it.each(['submission', 'submissions'] as const)(
    'takes nothing on %s without a login',
    async (name) => {
      const isTls = name === 'submissions'
      const from = ['<spam@spam.test>', '<alice@example.test> AUTH=alice@example.test', '<>']
      const taken = await notRefused(from, async (sender) => {
        await using smtp = await stranger(server.ports[name], isTls)
        await smtp.hello({ startTls: !isTls })
        expect((await smtp.command('RCPT TO:<victim@elsewhere.test>')).code).toBeGreaterThan(500)
        // A wrong one is answered late: once is enough.
        if (sender === '<>') {
          expect((await smtp.logIn('alice@example.test', 'a guess')).code).toBe(535)
        }
        return await attempt(smtp, '<victim@elsewhere.test>', { from: sender })
      })
      expect(taken).toEqual([])
    },
  )

  it('relays nothing by LMTP, and strangers do not get a word in', async () => {
    const taken = await notRefused(recipients, async (recipient) => {
      await using lmtp = await SmtpClient.open(lmtpPort)
      return await attempt(lmtp, `<${recipient}>`, { hello: 'LHLO filter.test' })
    })
    expect(taken).toEqual([])
    await using lmtp = await stranger(lmtpPort)
    expect(lmtp.greeting.code).toBe(554)
  })

  it('delivers here what is for somebody here, and sends nothing elsewhere but for who logged in', async () => {
    const { alice } = firstAccounts(server)
    if (preset === 'open') {
      for (const address of alices) {
        await using smtp = await stranger()
        expect([address, await attempt(smtp, `<${address}>`)]).toEqual([
          address,
          expect.stringMatching(/^250 /),
        ])
      }
      expect(await takeMail(server, alice, alices.length)).toHaveLength(alices.length)
    }
    await using smtp = await SmtpClient.open(server.ports.submission)
    await smtp.hello({ startTls: true })
    expect((await smtp.logIn(alice.address, alice.password)).code).toBe(235)
    expect((await smtp.envelope(alice.address, 'friend@elsewhere.test')).code).toBe(250)
    expect((await smtp.data('Subject: mine\r\n\r\nhello\r\n')).code).toBe(250)
    await eventually('the queue is empty', async () => {
      const words = ['queue', 'list', '--data', server.directory]
      return (await commandLine(words)).stdout === 'the queue is empty\n'
    })
    expect(
      sink.messages.map(({ envelope }) => envelope.rcptTo.map(({ address }) => address)),
    ).toEqual([['friend@elsewhere.test']])
  })
})
