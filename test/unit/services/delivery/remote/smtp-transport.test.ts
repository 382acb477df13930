import { afterEach, describe, expect, it } from 'vitest'
import { connectTcp } from '#services/delivery/remote/connect.ts'
import { foldLines } from '#services/delivery/remote/line-folding.ts'
import { composeOutbound, type OutboundMessage } from '#services/delivery/remote/outbound-form.ts'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import type { Transfer } from '#services/delivery/remote/transport.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { routeTo } from '#test/support/next-hop.ts'
import {
  dialling,
  patientTimeouts,
  type RemoteSettings,
  remoteWay,
} from '#test/support/remote-way.ts'
import {
  openScriptedHost,
  openSink,
  type ScriptedAnswer,
  type ScriptedHost,
  type Sink,
  type SinkScript,
} from '#test/support/sink-smtp.ts'

const defaultTimeouts = patientTimeouts
const UNANSWERED_MS = 100
/** For hosts that never answer to one command, and to others in time. */
const hastyAt = {
  MAIL: { ...patientTimeouts, mailMs: UNANSWERED_MS },
  RCPT: { ...patientTimeouts, rcptMs: UNANSWERED_MS },
  DATA: { ...patientTimeouts, dataInitMs: UNANSWERED_MS },
  '.': { ...patientTimeouts, dataDoneMs: UNANSWERED_MS },
}
/** For hosts that do not answer. */
const hasty = {
  ...patientTimeouts,
  heloMs: 1_000,
  mailMs: 1_000,
  rcptMs: 1_000,
  dataInitMs: 1_000,
  dataDoneMs: 1_000,
}

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const sink = async (script?: SinkScript): Promise<Sink> => stack.use(await openSink(script))
const scripted = async (
  answer: (line: string, connection: number) => ScriptedAnswer,
): Promise<ScriptedHost> => stack.use(await openScriptedHost(answer))

/** A polite host without extensions, but for what `say` answers instead. */
const host = (say: (line: string, connection: number) => ScriptedAnswer | undefined) =>
  scripted((line, connection) => {
    const said = say(line, connection)
    if (said !== undefined) return said
    if (line === '') return '220 host.test'
    if (line === 'DATA') return '354 go on'
    return '250 2.0.0 fine'
  })

const oneMx: FakeZone = {
  'there.test': { mx: ['10 mx.there.test'] },
  'mx.there.test': { a: ['192.0.2.1'] },
}

function delivery(
  hosts: { readonly [address: string]: { readonly port: number } },
  options: {
    zone?: FakeZone
    resolver?: Resolver
    settings?: RemoteSettings
  } = {},
) {
  const dialled: string[] = []
  const resolver = options.resolver ?? createFakeResolver(options.zone ?? oneMx)
  const remote = createSmtpTransport(
    remoteWay(resolver, dialling(hosts, dialled), options.settings),
  )
  return {
    dialled,
    attempt: (changes: Changes = {}) => remote.deliver(transfer(changes)),
    deliver: async (changes: Changes = {}) => (await remote.deliver(transfer(changes))).results,
  }
}

const hello = 'Subject: hello\r\n\r\nHello.\r\n'

/** A message and its transfer, as far as a test cares. */
type Content = {
  readonly bytes: number
  readonly message: (form: MessageForm) => AsyncIterable<Uint8Array>
  readonly smtpUtf8: boolean
  readonly body: '7BIT' | '8BITMIME'
  readonly foldAt: number
}
type MessageForm = { readonly smtpUtf8: boolean; readonly sevenBit: boolean }
type Changes = Partial<Transfer> & Partial<Content> & { readonly nextHop?: string }
function transfer({ nextHop = 'there.test', ...changes }: Changes): Transfer {
  return {
    queueId: '01ARZ3NDEKTSV4RRFF',
    route: routeTo(nextHop),
    sender: 'bob@here.test',
    recipients: [to('carol@there.test')],
    dsnReturn: null,
    dsnEnvelopeId: null,
    requireTls: false,
    ageMs: 0,
    openMessage: async () => outbound(changes),
    ...changes,
  }
}

function outbound(changes: Partial<Content>): OutboundMessage {
  const { bytes, message } = { ...content(hello), ...changes }
  const { smtpUtf8 = false, body = '7BIT', foldAt } = changes
  const isEightBit = body === '8BITMIME'
  const needs = { smtpUtf8, eightBit: isEightBit }
  return {
    bytes,
    needs,
    formFor(host) {
      const read = (sevenBit: boolean) => () => message({ smtpUtf8: host.smtpUtf8, sevenBit })
      const source = { bytes, needs, fieldsFor: () => '', object: read(false), objectBytes: bytes }
      return composeOutbound(source, [
        (form, { eightBit }) => (isEightBit && !eightBit ? { ...form, object: read(true) } : form),
        ...(foldAt === undefined ? [] : [foldLines(foldAt)]),
      ]).formFor(host)
    },
  }
}

function content(text: string | Buffer, chunkBytes = 7) {
  const bytes = Buffer.from(text)
  return {
    bytes: bytes.length,
    async *message() {
      for (let at = 0; at < bytes.length; at += chunkBytes)
        yield bytes.subarray(at, at + chunkBytes)
    },
  }
}

function to(address: string, more: Partial<EnvelopeRecipient> = {}): EnvelopeRecipient {
  return { address, notify: [], originalRecipient: null, ...more }
}

describe('remote delivery', () => {
  describe('of addresses that other hosts have', () => {
    it.each([
      [`${'v'.repeat(300)}@there.test`],
      ['carol@th_ere.test'],
      ['".carol"@there.test'],
      ['"carol."@there.test'],
      ['""@there.test'],
      // RFC 5321 §4.1.2: in a quoted local part anything printable may stand.
      ['"a>b<c"@there.test'],
    ])('writes %s as it is', async (address) => {
      const there = await host(() => undefined)
      const { deliver } = delivery({ '192.0.2.1': there })
      const results = await deliver({ sender: address, recipients: [to(address)] })
      expect(results).toMatchObject([{ kind: 'delivered' }])
      const lines = there.connections.flat()
      expect(lines).toContainEqual(expect.stringMatching(/^MAIL FROM:/))
      expect(lines.find((line) => line.startsWith('MAIL'))).toContain(`<${address}>`)
      expect(lines.find((line) => line.startsWith('RCPT'))).toContain(`<${address}>`)
    })
  })

  describe('of a message', () => {
    it('delivers to every recipient in one transaction', async () => {
      const there = await sink()
      const { deliver } = delivery({ '192.0.2.1': there })
      const recipients = [to('carol@there.test'), to('dave@there.test')]
      expect(await deliver({ recipients })).toEqual([
        { kind: 'delivered', reply: '250 taken' },
        { kind: 'delivered', reply: '250 taken' },
      ])
      expect(there.messages).toHaveLength(1)
      expect(there.messages[0]).toMatchObject({
        helo: 'mail.here.test',
        envelope: { mailFrom: { address: 'bob@here.test', args: { SIZE: String(hello.length) } } },
      })
      expect(there.messages[0]?.envelope.rcptTo.map((r) => r.address)).toEqual([
        'carol@there.test',
        'dave@there.test',
      ])
    })

    it('sends every byte as it is', async () => {
      const there = await sink()
      const { deliver } = delivery({ '192.0.2.1': there })
      // RFC 5321 §4.5.2: lines that begin with a dot, the one that is a dot alone among them
      const text = '.\r\n..\r\n\r\n.x\r\nx.\r\n.\r\nlast\r\n..\r\n'
      const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).filter(
        (byte) => byte !== 10 && byte !== 13,
      )
      const bytes = Buffer.concat([Buffer.from(text), binary, Buffer.from('\r\n')])
      for (const chunkBytes of [1, 5, 1_000]) {
        expect(await deliver({ ...content(bytes, chunkBytes), body: '8BITMIME' })).toMatchObject([
          { kind: 'delivered' },
        ])
      }
      expect(there.messages.map((message) => message.bytes)).toEqual([bytes, bytes, bytes])
      expect(there.messages[0]?.envelope.bodyType).toBe('8bitmime')
    })

    it('ends a last line that has no end', async () => {
      const there = await sink()
      await delivery({ '192.0.2.1': there }).deliver(content('no end'))
      expect(there.messages[0]?.bytes.toString()).toBe('no end\r\n')
    })

    it('sends bounces from the null sender', async () => {
      const there = await sink()
      await delivery({ '192.0.2.1': there }).deliver({ sender: '' })
      expect(there.messages[0]?.envelope.mailFrom).toMatchObject({ address: '' })
    })

    it('never ends a message that is shorter than it should be, or cannot be read', async () => {
      const there = await sink()
      const { deliver } = delivery({ '192.0.2.1': there })
      const short = { ...content(hello), bytes: hello.length + 1 }
      expect(await deliver(short)).toMatchObject([{ kind: 'deferred', status: '4.3.0' }])
      const unreadable = {
        bytes: hello.length,
        async *message() {
          yield Buffer.from(hello)
          throw new Error('disk on fire')
        },
      }
      expect(await deliver(unreadable)).toMatchObject([{ kind: 'deferred', status: '4.3.0' }])
      expect(there.messages).toEqual([])
    })
  })

  describe('results', () => {
    it('are each recipient’s own', async () => {
      const there = await sink({
        rcpt: (address) => {
          if (address.startsWith('gone')) return '550 5.1.1 no such user'
          return address.startsWith('busy') ? '451 4.7.1 greylisted' : undefined
        },
      })
      const recipients = ['gone', 'carol', 'busy'].map((local) => to(`${local}@there.test`))
      expect(await delivery({ '192.0.2.1': there }).deliver({ recipients })).toEqual([
        {
          kind: 'failed',
          status: '5.1.1',
          reply:
            'host mx.there.test[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)',
        },
        { kind: 'delivered', reply: '250 taken' },
        {
          kind: 'deferred',
          status: '4.7.1',
          reply:
            'host mx.there.test[192.0.2.1] said: 451 4.7.1 greylisted (in reply to RCPT TO command)',
        },
      ])
    })

    it('stay each recipient’s own when all are refused, or the message is', async () => {
      const there = await sink({ rcpt: (a) => (a.startsWith('a') ? '550 no' : '450 wait') })
      const recipients = [to('a@there.test'), to('b@there.test')]
      expect(await delivery({ '192.0.2.1': there }).deliver({ recipients })).toMatchObject([
        { kind: 'failed', status: '5.0.0' },
        { kind: 'deferred', status: '4.0.0' },
      ])
      const later = await sink({
        rcpt: (a) => (a.startsWith('a') ? '550 no' : undefined),
        message: () => '452 4.3.1 disk full',
      })
      expect(await delivery({ '192.0.2.1': later }).deliver({ recipients })).toMatchObject([
        { kind: 'failed' },
        { kind: 'deferred', status: '4.3.1' },
      ])
    })

    it.each([
      ['550 5.7.1 go away', 'failed', '5.7.1'],
      ['451 4.3.0 later', 'deferred', '4.3.0'],
    ])('of a sender refused with %s are %s', async (reply, kind, status) => {
      const there = await sink({ mail: () => reply })
      const results = await delivery({ '192.0.2.1': there }).deliver()
      expect(results).toMatchObject([{ kind, status }])
    })

    it.each([
      ['554 5.6.0 no thanks', 'failed', '5.6.0'],
      ['421 4.3.2 going down', 'deferred', '4.3.2'],
    ])('of a message refused with %s are %s', async (reply, kind, status) => {
      const there = await sink({ message: () => reply })
      const results = await delivery({ '192.0.2.1': there }).deliver()
      expect(results).toMatchObject([{ kind, status }])
    })

    it('of a refused DATA command are that refusal', async () => {
      const there = await host((line) => (line === 'DATA' ? '554 5.5.1 no' : undefined))
      const results = await delivery({ '192.0.2.1': there }).deliver()
      expect(results).toMatchObject([{ kind: 'failed', status: '5.5.1' }])
    })

    // RFC 5321 §4.2: what a reply's code does not say at this point, it does not say.
    describe.each([
      ['with PIPELINING', '250-host.test\r\n250 PIPELINING'],
      ['one by one', '250 host.test'],
    ])('of unexpected replies, %s,', (_, extensions) => {
      it.each([
        ['MAIL', '350 go on', 'failed'],
        ['MAIL', '150 wait', 'failed'],
        ['MAIL', '2', 'deferred'],
        ['MAIL', '250-fine\r\n550 5.7.1 no', 'failed'],
        ['RCPT', '350 go on', 'failed'],
        ['RCPT', '2fine', 'deferred'],
        ['RCPT', '250-fine\r\n550 5.1.1 no', 'failed'],
        ['RCPT', '251 5.1.6 forwarded', 'delivered'],
        ['RCPT', '252 cannot verify', 'delivered'],
        ['DATA', '250 ok', 'failed'],
        ['DATA', '200 ok', 'failed'],
        ['DATA', '3', 'deferred'],
        ['DATA', '354-fine\r\n554 5.7.1 no', 'failed'],
        ['.', '354 more', 'failed'],
        ['.', '2', 'deferred'],
        ['.', 'ok', 'deferred'],
        ['.', '250-fine\r\n451 4.3.0 not so', 'deferred'],
        ['.', '250', 'delivered'],
      ] as const)('%s answered with %j: %s', async (command, reply, kind) => {
        const there = await host((line) => {
          if (line.startsWith('EHLO')) return extensions
          return line.startsWith(command) ? reply : undefined
        })
        const { deliver } = delivery(
          { '192.0.2.1': there },
          {
            // Without a code nothing ends a reply.
            settings: /^\d{3}([ -]|$)/.test(reply) ? {} : { timeouts: hastyAt[command] },
          },
        )
        expect(await deliver()).toMatchObject([{ kind }])
      })
    })

    it('of a message nobody asked for say what was said to DATA, and nothing more is said', async () => {
      const there = await host((line) => (line === 'DATA' ? '250 ok' : undefined))
      expect(await delivery({ '192.0.2.1': there }).deliver()).toEqual([
        {
          kind: 'failed',
          status: '5.5.0',
          reply:
            'Protocol error: host mx.there.test[192.0.2.1] said: 250 ok (in reply to DATA command)',
        },
      ])
      expect(there.connections).toEqual([
        ['EHLO mail.here.test', 'MAIL FROM:<bob@here.test>', 'RCPT TO:<carol@there.test>', 'DATA'],
      ])
    })

    // RFC 1047: the message may have been taken; a second copy is better than none.
    it.each([['.'], ['DATA'], ['MAIL FROM:<bob@here.test>'], ['RCPT TO:<carol@there.test>']])(
      'are deferred when the connection is lost at %s',
      async (last) => {
        const there = await host((line) => (line === last ? null : undefined))
        const results = await delivery({ '192.0.2.1': there }).deliver()
        expect(results).toMatchObject([{ kind: 'deferred', status: '4.4.2' }])
        expect(there.connections).toHaveLength(1)
      },
    )

    it('are deferred when the other side falls silent after the message', async () => {
      const there = await host((line) => (line === '.' ? { raw: '' } : undefined))
      const timeouts = { ...defaultTimeouts, dataDoneMs: 50 }
      const results = await delivery({ '192.0.2.1': there }, { settings: { timeouts } }).deliver()
      expect(results).toMatchObject([{ kind: 'deferred', status: '4.4.2' }])
    })

    it('defer recipients beyond what the host takes at once (RFC 5321 §4.5.3.1.10)', async () => {
      const there = await sink({ rcpt: (a) => (a.startsWith('a') ? undefined : '552 too many') })
      const recipients = [to('a@there.test'), to('b@there.test')]
      expect(await delivery({ '192.0.2.1': there }).deliver({ recipients })).toMatchObject([
        { kind: 'delivered' },
        { kind: 'deferred', status: '4.5.3' },
      ])
      const full = await sink({ rcpt: (a) => (a.startsWith('a') ? undefined : '552 5.2.2 full') })
      expect(await delivery({ '192.0.2.1': full }).deliver({ recipients })).toMatchObject([
        { kind: 'delivered' },
        { kind: 'failed', status: '5.2.2' },
      ])
    })

    it('are one line, whatever the host says', async () => {
      const there = await host((line) =>
        line.startsWith('RCPT') ? '550-5.1.1 no\x07\r\n550 5.1.1 never' : undefined,
      )
      const [result] = await delivery({ '192.0.2.1': there }).deliver()
      expect(result?.reply).toBe(
        'host mx.there.test[192.0.2.1] said: 550-5.1.1 no? 550 5.1.1 never (in reply to RCPT TO command)',
      )
    })

    it('fail alone for addresses that no command can hold', async () => {
      const there = await sink()
      const { deliver, dialled } = delivery({ '192.0.2.1': there })
      const recipients = [to('"a\nb"@there.test'), to('carol@there.test')]
      expect(await deliver({ recipients })).toMatchObject([
        { kind: 'failed', status: '5.1.3' },
        { kind: 'delivered' },
      ])
      expect(await deliver({ sender: '"a\rb"@here.test' })).toMatchObject([
        { kind: 'failed', status: '5.1.7' },
      ])
      expect(dialled).toHaveLength(1)
    })
  })

  describe('extensions', () => {
    it('fails a message that is larger than the host takes, before sending it', async () => {
      const { deliver } = delivery({ '192.0.2.1': await sink({ options: { size: 20 } }) })
      expect(await deliver()).toMatchObject([{ kind: 'failed', status: '5.3.4' }])
      expect(await deliver(content('x'.repeat(20)))).toMatchObject([{ kind: 'delivered' }])
    })

    it('goes to a host for which folding could have made it too large', async () => {
      const text = `Subject: x\r\n\r\n${'x'.repeat(1_100)}\r\n${'x\r\n'.repeat(1_000)}`
      const there = await sink({ options: { size: text.length + '\r\n '.length } })
      const { deliver } = delivery({ '192.0.2.1': there })
      expect(await deliver({ ...content(text), foldAt: 998 })).toMatchObject([
        { kind: 'delivered' },
      ])
      expect(there.messages[0]?.envelope.mailFrom).toMatchObject({
        args: { SIZE: String(text.length + 3) },
      })
    })

    it('fails an internationalised message or sender where SMTPUTF8 is not offered', async () => {
      const { deliver } = delivery({
        '192.0.2.1': await sink({ options: { hideSMTPUTF8: true } }),
      })
      expect(await deliver({ smtpUtf8: true })).toMatchObject([{ kind: 'failed', status: '5.6.7' }])
      expect(await deliver({ sender: 'josé@here.test' })).toMatchObject([
        { kind: 'failed', status: '5.6.7' },
      ])
    })

    it('fails only the recipients that need SMTPUTF8 where it is not offered', async () => {
      const there = await sink({ options: { hideSMTPUTF8: true } })
      const { deliver } = delivery({ '192.0.2.1': there })
      const recipients = ['josé', 'carol', 'andré', 'dave'].map((name) => to(`${name}@there.test`))
      expect(await deliver({ recipients })).toMatchObject([
        { kind: 'failed', status: '5.6.7' },
        { kind: 'delivered' },
        { kind: 'failed', status: '5.6.7' },
        { kind: 'delivered' },
      ])
      expect(there.messages[0]?.envelope.rcptTo.map(({ address }) => address)).toEqual([
        'carol@there.test',
        'dave@there.test',
      ])
      expect(await deliver({ recipients: [to('josé@there.test')] })).toMatchObject([
        { kind: 'failed', status: '5.6.7' },
      ])
      expect(there.messages).toHaveLength(1)
    })

    it('announces SMTPUTF8 once, for the message’s or an address’s sake', async () => {
      const seen: string[] = []
      const there = await host((line) => {
        if (line.startsWith('EHLO')) return '250-host.test\r\n250-PIPELINING\r\n250 SMTPUTF8'
        if (line.startsWith('MAIL')) seen.push(line)
        return undefined
      })
      const { deliver } = delivery({ '192.0.2.1': there })
      await deliver({ smtpUtf8: true })
      await deliver({ recipients: [to('josé@there.test')], smtpUtf8: true })
      await deliver()
      expect(seen).toEqual([
        'MAIL FROM:<bob@here.test> SMTPUTF8',
        'MAIL FROM:<bob@here.test> SMTPUTF8',
        'MAIL FROM:<bob@here.test>',
      ])
    })

    it('asks for the message in the form the host takes', async () => {
      const forms: MessageForm[] = []
      const message = (form: MessageForm) => {
        forms.push(form)
        return content(hello).message()
      }
      const plain = delivery({ '192.0.2.1': await sink({ options: { hide8BITMIME: true } }) })
      const able = delivery({ '192.0.2.1': await sink() })
      const asIs = delivery(
        { '192.0.2.1': await sink({ options: { hide8BITMIME: true } }) },
        { settings: { disableMimeOutputConversion: true } },
      )
      for (const { deliver } of [plain, able, asIs]) {
        expect(await deliver({ message, body: '8BITMIME' })).toMatchObject([{ kind: 'delivered' }])
      }
      await plain.deliver({ message })
      await able.deliver({ message, recipients: [to('josé@there.test')] })
      expect(forms).toEqual([
        { smtpUtf8: false, sevenBit: true },
        { smtpUtf8: false, sevenBit: false },
        { smtpUtf8: false, sevenBit: false },
        { smtpUtf8: false, sevenBit: false },
        { smtpUtf8: true, sevenBit: false },
      ])
    })

    it('does not count the bytes of a message in another form', async () => {
      const there = await sink({ options: { hide8BITMIME: true } })
      const { message } = content(`${hello}more\r\n`)
      const results = await delivery({ '192.0.2.1': there }).deliver({ message, body: '8BITMIME' })
      expect(results).toMatchObject([{ kind: 'delivered' }])
    })

    it('passes each recipient’s DSN parameters on in one transaction', async () => {
      const there = await sink()
      await delivery({ '192.0.2.1': there }).deliver({
        dsnReturn: 'HDRS',
        dsnEnvelopeId: 'QQ=1+2',
        recipients: [
          to('a@there.test', {
            notify: ['SUCCESS', 'DELAY'],
            originalRecipient: 'rfc822;x+y@z.test',
          }),
          to('b@there.test', { notify: ['NEVER'] }),
          to('c@there.test'),
        ],
      })
      expect(there.messages).toHaveLength(1)
      const envelope = there.messages[0]?.envelope
      expect(envelope?.mailFrom).toMatchObject({ args: { RET: 'HDRS', ENVID: 'QQ=1+2' } })
      expect(envelope?.rcptTo.map((recipient) => recipient.args)).toEqual([
        { NOTIFY: 'SUCCESS,DELAY', ORCPT: 'rfc822;x+y@z.test' },
        { NOTIFY: 'NEVER' },
        false,
      ])
    })

    it('keeps DSN parameters from hosts that do not know them', async () => {
      const there = await sink({ options: { hideDSN: true } })
      const recipients = [to('a@there.test', { notify: ['SUCCESS'] })]
      const { deliver } = delivery({ '192.0.2.1': there })
      expect(await deliver({ recipients, dsnReturn: 'FULL' })).toMatchObject([
        { kind: 'delivered' },
      ])
      expect(there.messages[0]?.envelope.rcptTo[0]?.args).toBe(false)
    })

    it('speaks HELO where EHLO is unknown', async () => {
      const there = await host((line) => (line.startsWith('EHLO') ? '502 what?' : undefined))
      const results = await delivery({ '192.0.2.1': there }).deliver()
      expect(results).toMatchObject([{ kind: 'delivered' }])
    })
  })

  describe('hosts', () => {
    const twoMx: FakeZone = {
      'there.test': { mx: ['20 mx2.there.test', '10 mx1.there.test'] },
      'mx1.there.test': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
      'mx2.there.test': { a: ['192.0.2.2'] },
    }

    it('are tried by preference and address until one answers', async () => {
      const there = await sink()
      const { deliver, dialled } = delivery({ '192.0.2.2': there }, { zone: twoMx })
      expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
      expect(dialled).toEqual(['192.0.2.1:25', '2001:db8::1:25', '192.0.2.2:25'])
    })

    it.each([['421 too busy'], ['554 not for you']])(
      'are passed over that greet with %s',
      async (greeting) => {
        const busy = await host((line) => (line === '' ? greeting : undefined))
        const there = await sink()
        const { deliver } = delivery({ '192.0.2.1': busy, '192.0.2.2': there }, { zone: twoMx })
        expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
        const alone = delivery({ '192.0.2.1': busy })
        expect(await alone.deliver()).toMatchObject([{ kind: 'deferred' }])
      },
    )

    it.each([
      ['no code', (line: string) => (line === '' ? '2' : undefined)],
      [
        'a greeting that ends otherwise',
        (line: string) => (line === '' ? '220-hello\r\n554 go away' : undefined),
      ],
    ])('are passed over that begin with %s', async (_, say) => {
      const odd = await host(say)
      const there = await sink()
      const settings = { timeouts: hasty }
      const { deliver } = delivery(
        { '192.0.2.1': odd, '192.0.2.2': there },
        { zone: twoMx, settings },
      )
      expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
      expect(await delivery({ '192.0.2.1': odd }, { settings }).deliver()).toMatchObject([
        { kind: 'deferred' },
      ])
      expect(odd.connections.flat().filter((line) => line.startsWith('MAIL'))).toEqual([])
    })

    // As Postfix: 5xx to HELO is said of us and not of the host, and what has no place there of both.
    it.each([
      ['350 go on', '5.5.0'],
      ['250-hello\r\n554 go away', '5.0.0'],
    ])('are not passed over that answer EHLO and HELO with %j', async (reply, status) => {
      const odd = await host((line) => (/^(EHLO|HELO)/.test(line) ? reply : undefined))
      const { deliver, dialled } = delivery({ '192.0.2.1': odd }, { zone: twoMx })
      expect(await deliver()).toMatchObject([{ kind: 'failed', status }])
      expect(dialled).toHaveLength(1)
    })

    it('are passed over that hang up, or say nothing', async () => {
      const timeouts = { ...defaultTimeouts, heloMs: 1_000, starttlsMs: 1_000 }
      const silent = await host((line) => (line === '' ? '220-soon' : undefined))
      const rude = await host((line) => (line === '' ? null : undefined))
      const there = await sink()
      const { deliver } = delivery(
        { '192.0.2.1': silent, '2001:db8::1': rude, '192.0.2.2': there },
        { zone: twoMx, settings: { timeouts } },
      )
      expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
    })

    it('are not asked again for a recipient that one of them refused', async () => {
      const strict = await sink({ rcpt: () => '550 5.1.1 no' })
      const { deliver, dialled } = delivery({ '192.0.2.1': strict }, { zone: twoMx })
      expect(await deliver()).toMatchObject([{ kind: 'failed' }])
      expect(dialled).toEqual(['192.0.2.1:25'])
    })

    it('are tried at no more than five addresses', async () => {
      const many = Array.from({ length: 9 }, (_, i) => `192.0.2.${i}`)
      const zone: FakeZone = { 'there.test': { a: many } }
      const { deliver, dialled } = delivery({}, { zone })
      expect(await deliver()).toMatchObject([{ kind: 'deferred', status: '4.4.1' }])
      expect(dialled).toHaveLength(5)
    })

    it('are looked up no more than ten at a time', async () => {
      const names = Array.from({ length: 30 }, (_, i) => `${i} mx${i}.test`)
      const resolver = createFakeResolver({ 'there.test': { mx: names } })
      expect(await delivery({}, { resolver }).deliver()).toMatchObject([{ kind: 'failed' }])
      expect(resolver.questions.filter((question) => question.startsWith('A '))).toHaveLength(10)
    })

    it.each([
      ['no such domain', {}, 'failed', '5.4.4'],
      ['a null MX', { 'there.test': { mx: ['0 .'], a: ['192.0.2.1'] } }, 'failed', '5.1.10'],
      ['a name server in trouble', { 'there.test': 'failure' }, 'deferred', '4.4.3'],
      ['an address in trouble', { ...oneMx, 'mx.there.test': 'failure' }, 'deferred', '4.4.3'],
      ['no address', { 'there.test': {} }, 'failed', '5.4.4'],
      ['an MX without address', { 'there.test': { mx: ['1 gone.test'] } }, 'failed', '5.4.4'],
      [
        'ourselves as best MX',
        { 'there.test': { mx: ['1 Mail.Here.test', '2 x.test'] } },
        'failed',
        '5.4.6',
      ],
    ] satisfies [string, FakeZone, string, string][])(
      'with %s are %s as they should',
      async (_, zone, kind, status) => {
        const { deliver, dialled } = delivery({}, { zone })
        expect(await deliver()).toMatchObject([{ kind, status }])
        expect(dialled).toEqual([])
      },
    )

    describe('in trouble one after the other: told is', () => {
      const certificate = makeSelfSigned('mx.there.test', new Date())
      const verified = { tlsSecurityLevel: 'verify' } as const
      const addresses: FakeZone = {
        'there.test': { mx: ['10 mx.there.test'] },
        'mx.there.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'] },
      }

      it('the certificate, and not who was away', async () => {
        for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1']) {
          const there = await sink({ options: certificate })
          const { deliver, dialled } = delivery(
            { [address]: there },
            { zone: addresses, settings: verified },
          )
          expect(await deliver()).toMatchObject([
            { kind: 'deferred', status: '4.7.5', reply: expect.stringMatching(/self-signed/) },
          ])
          expect(dialled).toHaveLength(3)
        }
      })

      it('the greeting of the better host', async () => {
        const busy = await host((line) => (line === '' ? '421 too busy' : undefined))
        const rude = await host((line) => (line === '' ? null : undefined))
        const other = await host((line) => (line === '' ? '450 not now' : undefined))
        const { deliver } = delivery(
          { '192.0.2.1': rude, '2001:db8::1': busy, '192.0.2.2': other },
          { zone: addresses },
        )
        expect(await deliver()).toMatchObject([
          {
            kind: 'deferred',
            reply: expect.stringMatching(/refused to talk to me: 421 too busy$/),
          },
        ])
      })

      it('the lost session, and neither DNS nor who was away', async () => {
        const zone: FakeZone = {
          'there.test': { mx: ['1 trouble.test', '2 away.test', '3 rude.test', '4 sick.test'] },
          'trouble.test': 'failure',
          'sick.test': 'failure',
          'away.test': { a: ['192.0.2.8'] },
          'rude.test': { a: ['192.0.2.9'] },
        }
        const rude = await host((line) => (line === '' ? null : undefined))
        const withRude = delivery({ '192.0.2.9': rude }, { zone })
        expect(await withRude.deliver()).toMatchObject([
          {
            kind: 'deferred',
            status: '4.4.2',
            reply: expect.stringMatching(/^lost connection with rude\.test/),
          },
        ])
        expect(await delivery({}, { zone }).deliver()).toMatchObject([
          { kind: 'deferred', status: '4.4.1', reply: expect.stringMatching(/^connect to away/) },
        ])
      })

      it('what failed with TLS, where the host then wants it', async () => {
        const there = await host((line) => {
          if (line.startsWith('EHLO')) return '250-host.test\r\n250 STARTTLS'
          if (line === 'STARTTLS') return '454 4.7.0 no entropy'
          return line.startsWith('MAIL') ? '530 5.7.0 Must issue STARTTLS first' : undefined
        })
        expect(await delivery({ '192.0.2.1': there }).deliver()).toMatchObject([
          {
            kind: 'deferred',
            status: '4.7.5',
            reply: expect.stringMatching(/454 4\.7\.0 no entropy.*; and in clear: .*530 5\.7\.0/),
          },
        ])
      })
    })

    it('are deferred while any of them is in trouble, whatever the others are', async () => {
      const zone: FakeZone = {
        'there.test': { mx: ['1 gone.test', '2 trouble.test', '3 lost.test'] },
        'trouble.test': 'failure',
      }
      expect(await delivery({}, { zone }).deliver()).toMatchObject([{ kind: 'deferred' }])
    })

    it('are better than ourselves when we are one of them', async () => {
      const there = await sink()
      const zone: FakeZone = {
        ...oneMx,
        'there.test': { mx: ['5 mx.there.test', '10 mail.here.test', '20 worse.there.test'] },
      }
      const { deliver } = delivery({ '192.0.2.1': there }, { zone })
      expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
    })

    it('are the domain itself where there is no MX', async () => {
      const there = await sink()
      const zone: FakeZone = { 'there.test': { a: ['192.0.2.9'] } }
      expect(await delivery({ '192.0.2.9': there }, { zone }).deliver()).toMatchObject([
        { kind: 'delivered' },
      ])
    })

    it('are found without DNS for an address literal', async () => {
      const there = await sink()
      const { deliver, dialled } = delivery(
        { '192.0.2.7': there, '2001:db8::7': there },
        { zone: {} },
      )
      await deliver({ nextHop: '[192.0.2.7]' })
      await deliver({ nextHop: '[IPv6:2001:db8::7]' })
      expect(dialled).toEqual(['192.0.2.7:25', '2001:db8::7:25'])
      expect(there.messages).toHaveLength(2)
    })
  })

  describe('TLS', () => {
    it('is used where it is offered, whoever’s certificate it is', async () => {
      const there = await sink()
      await delivery({ '192.0.2.1': there }).deliver()
      expect(there.messages[0]?.secure).toBe(true)
    })

    it('is done without where it is not offered', async () => {
      const there = await sink({ options: { hideSTARTTLS: true } })
      await delivery({ '192.0.2.1': there }).deliver()
      expect(there.messages[0]?.secure).toBe(false)
    })

    it.each([
      ['454 4.7.0 not now', 0, 'delivered'],
      ['220 and now for something else', 0, 'deferred'],
      ['220 and now for something else', 300_000, 'delivered'],
    ])(
      'gives way to clear text when STARTTLS gets %s after %i ms: %s',
      async (reply, ageMs, kind) => {
        const there = await host((line) => {
          if (line.startsWith('EHLO')) return '250-host.test\r\n250 STARTTLS'
          if (line === 'STARTTLS') return reply
          // what the ClientHello looks like to a host that does not speak TLS
          return /^[\x20-\x7e]*$/.test(line) ? undefined : '500 what?'
        })
        const results = await delivery(
          { '192.0.2.1': there },
          { settings: { timeouts: { ...defaultTimeouts, heloMs: 1_000, starttlsMs: 1_000 } } },
        ).deliver({ ageMs })
        expect(results).toMatchObject([{ kind }])
        // What was refused in so many words leaves the session as it is.
        const isBroken = reply.startsWith('220')
        expect(there.connections).toHaveLength(isBroken && kind === 'delivered' ? 2 : 1)
        expect(there.connections[1] ?? []).not.toContain('STARTTLS')
      },
    )
  })

  describe('smtpTlsSecurityLevel', () => {
    const right = makeSelfSigned('mx.there.test', new Date())
    const domain = makeSelfSigned('there.test', new Date())
    const wrong = makeSelfSigned('x.test', new Date())
    const ca = right.cert + domain.cert + wrong.cert
    const elsewhere: FakeZone = {
      'there.test': { mx: ['10 mx.elsewhere.test'] },
      'mx.elsewhere.test': { a: ['192.0.2.1'] },
    }
    const theirs = makeSelfSigned('mx.elsewhere.test', new Date())

    it.each([
      ['none', right, oneMx, 'clear'],
      ['may', wrong, oneMx, 'tls'],
      ['may', undefined, oneMx, 'clear'],
      ['auto', wrong, oneMx, 'tls'],
      ['auto', undefined, oneMx, 'clear'],
      ['encrypt', wrong, oneMx, 'tls'],
      ['encrypt', undefined, oneMx, '4.7.4'],
      ['verify', right, oneMx, 'tls'],
      ['verify', wrong, oneMx, '4.7.5'],
      ['verify', undefined, oneMx, '4.7.4'],
      // the name that DNS gave is believed
      ['verify', theirs, elsewhere, 'tls'],
      ['secure', theirs, elsewhere, '4.7.5'],
      ['secure', domain, elsewhere, 'tls'],
      ['secure', domain, oneMx, 'tls'],
      ['secure', right, oneMx, 'tls'],
      ['secure', wrong, oneMx, '4.7.5'],
    ] as const)('%s', async (tlsSecurityLevel, pair, zone, expected) => {
      const options = pair ?? { disabledCommands: ['STARTTLS'] }
      const there = await sink({ options })
      const settings = { tlsSecurityLevel, tlsCa: ca + theirs.cert }
      const { deliver } = delivery({ '192.0.2.1': there }, { zone, settings })
      const results = await deliver()
      if (expected.startsWith('4')) {
        expect(results).toMatchObject([{ kind: 'deferred', status: expected }])
        expect(there.messages).toEqual([])
      } else {
        expect(results).toMatchObject([{ kind: 'delivered' }])
        expect(there.messages[0]?.secure).toBe(expected === 'tls')
      }
    })

    it('needs an authority for a certificate', async () => {
      const there = await sink({ options: right })
      const settings = { tlsSecurityLevel: 'verify' } as const
      expect(await delivery({ '192.0.2.1': there }, { settings }).deliver()).toMatchObject([
        { kind: 'deferred', status: '4.7.5' },
      ])
    })

    it.each(['none', 'may'] as const)('%s sends no password in clear', async (level) => {
      const offered: string[] = []
      const there = await sink({
        options: {
          disabledCommands: ['STARTTLS'],
          allowInsecureAuth: true,
          onAuth: (auth, _session, callback) => {
            offered.push(auth.method)
            callback(null, { user: 'x' })
          },
        },
      })
      const settings = {
        tlsSecurityLevel: level,
        relayhost: '[192.0.2.1]',
        relayhostAuth: { user: 'bob', password: 'secret' },
      }
      const { deliver } = delivery({ '192.0.2.1': there }, { settings })
      expect(await deliver({ nextHop: '[192.0.2.1]' })).toMatchObject([
        { kind: 'deferred', status: '4.7.4' },
      ])
      expect(offered).toEqual([])
    })
  })

  describe('targets that a stranger chooses', () => {
    const to = (
      mx: readonly string[],
      addresses: { readonly [host: string]: string },
    ): FakeZone => ({
      'there.test': { mx },
      ...Object.fromEntries(
        Object.entries(addresses).map(([name, address]) => [
          name,
          address.includes(':') ? { aaaa: [address] } : { a: [address] },
        ]),
      ),
    })

    it.each([
      ['loopback', to(['10 mx.test'], { 'mx.test': '127.0.0.1' })],
      ['IPv6 loopback', to(['10 mx.test'], { 'mx.test': '::1' })],
      ['mapped loopback', to(['10 mx.test'], { 'mx.test': '::ffff:127.0.0.1' })],
      ['loopback without MX', { 'there.test': { a: ['127.0.0.1'] } }],
      ['loopback as the name localhost', to(['10 localhost'], { localhost: '127.0.0.1' })],
      [
        'loopback before another',
        to(['10 a.test', '20 b.test'], { 'a.test': '127.0.0.1', 'b.test': '192.0.2.1' }),
      ],
    ])('%s: the mail loops back', async (_, zone) => {
      const { deliver, dialled } = delivery({ '192.0.2.1': { port: 1 } }, { zone })
      expect(await deliver()).toMatchObject([
        { kind: 'failed', status: '5.4.6', reply: 'mail for there.test loops back to myself' },
      ])
      expect(dialled).toEqual([])
    })

    it.each([
      ['a private network', to(['10 mx.test'], { 'mx.test': '10.0.0.1' })],
      ['the metadata service of a cloud', to(['10 mx.test'], { 'mx.test': '169.254.169.254' })],
      ['a unique local address', to(['10 mx.test'], { 'mx.test': 'fd00::1' })],
    ])('%s: the mail is returned', async (_, zone) => {
      const { deliver, dialled } = delivery({}, { zone })
      expect(await deliver()).toMatchObject([
        { kind: 'failed', status: '5.4.4', reply: expect.stringContaining('no public address') },
      ])
      expect(dialled).toEqual([])
    })

    it.each([
      ['[127.0.0.1]', '5.4.6'],
      ['[IPv6:::1]', '5.4.6'],
      ['[IPv6:::ffff:127.0.0.1]', '5.4.6'],
      ['[192.168.0.1]', '5.4.4'],
    ])('the literal %s is refused', async (nextHop, status) => {
      const { deliver, dialled } = delivery({})
      const recipients = [{ address: `carol@${nextHop}`, notify: [], originalRecipient: null }]
      expect(await deliver({ nextHop, recipients })).toMatchObject([{ kind: 'failed', status }])
      expect(dialled).toEqual([])
    })

    it('what no recipient has named may be anywhere, as it stands in our settings', async () => {
      const there = await sink()
      const { deliver, dialled } = delivery({ '10.0.0.5': there, '127.0.0.1': there })
      for (const nextHop of ['[10.0.0.5]', '[127.0.0.1]:2525', 'inside.test']) {
        await deliver({ nextHop })
      }
      expect(dialled).toEqual(['10.0.0.5:25', '127.0.0.1:2525'])
      expect(await deliver({ nextHop: 'inside.test' })).toMatchObject([
        { kind: 'deferred', status: '4.3.5' },
      ])
    })

    it('a public host is used beside a private one, and before this machine', async () => {
      const there = await sink()
      for (const zone of [
        to(['10 a.test', '20 b.test'], { 'a.test': '10.0.0.1', 'b.test': '192.0.2.1' }),
        to(['10 b.test', '20 a.test'], { 'a.test': '127.0.0.1', 'b.test': '192.0.2.1' }),
        { 'there.test': { a: ['10.0.0.1', '192.0.2.1'] } },
      ]) {
        const { deliver, dialled } = delivery({ '192.0.2.1': there }, { zone })
        expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
        expect(dialled).toEqual(['192.0.2.1:25'])
      }
    })

    it('mail waits for a public host that is away, whatever stands behind it', async () => {
      const zone = to(['10 b.test', '20 a.test'], { 'a.test': '127.0.0.1', 'b.test': '192.0.2.1' })
      const { deliver, dialled } = delivery({}, { zone })
      expect(await deliver()).toMatchObject([{ kind: 'deferred', status: '4.4.1' }])
      expect(dialled).toEqual(['192.0.2.1:25'])
    })

    it('a host that greets with our name is this machine, wherever it seems to be', async () => {
      const there = await host((line) =>
        line.startsWith('EHLO') ? '250 Mail.Here.Test hello' : undefined,
      )
      const { deliver } = delivery({ '192.0.2.1': there })
      expect(await deliver()).toMatchObject([{ kind: 'failed', status: '5.4.6' }])
      expect(there.connections.flat().filter((line) => line.startsWith('MAIL'))).toEqual([])
    })

    it('the relay host may greet with our name', async () => {
      const namesake = await host((line) =>
        line.startsWith('EHLO') ? '250 mail.here.test' : undefined,
      )
      const settings = { relayhost: '[192.0.2.1]' }
      const { deliver } = delivery({ '192.0.2.1': namesake }, { settings })
      expect(await deliver({ nextHop: '[192.0.2.1]' })).toMatchObject([{ kind: 'delivered' }])
    })

    it('the relay host may be anywhere', async () => {
      const there = await sink()
      const settings = { relayhost: '[127.0.0.1]:2525' }
      const { deliver } = delivery({ '127.0.0.1': there }, { settings })
      expect(await deliver({ nextHop: settings.relayhost })).toMatchObject([{ kind: 'delivered' }])
    })
  })

  describe('to a relay host', () => {
    const pair = makeSelfSigned('relay.test', new Date())
    const foreign = makeSelfSigned('x.test', new Date())
    const zone: FakeZone = { 'relay.test': { a: ['192.0.2.8'] } }
    const relayhost = '[relay.test]:587'
    const relayhostAuth = { user: 'bob', password: 'secret' }

    it('goes for any domain, to the port given', async () => {
      const there = await sink()
      const { deliver, dialled } = delivery(
        { '192.0.2.8': there },
        { zone, settings: { relayhost } },
      )
      expect(await deliver({ nextHop: relayhost })).toMatchObject([{ kind: 'delivered' }])
      expect(dialled).toEqual(['192.0.2.8:587'])
    })

    it('logs in over TLS with a certificate that is right', async () => {
      const there = await sink({ options: pair })
      const settings = { relayhost, relayhostAuth, tlsCa: pair.cert }
      const { deliver } = delivery({ '192.0.2.8': there }, { zone, settings })
      expect(await deliver({ nextHop: relayhost })).toMatchObject([{ kind: 'delivered' }])
      expect(there.messages[0]).toMatchObject({ secure: true, user: 'bob/secret' })
    })

    it.each([
      ['a certificate nobody vouches for', { options: pair }, undefined],
      ['a certificate for another name', { options: foreign }, 'own'],
      ['no TLS', { options: { disabledCommands: ['STARTTLS'] } }, pair.cert],
    ] satisfies [string, SinkScript, string | undefined][])(
      'tells its password to no host with %s',
      async (_, script, ca) => {
        const offered: string[] = []
        const there = await sink({
          ...script,
          options: {
            ...script.options,
            onAuth: (auth, _session, callback) => {
              offered.push(auth.method)
              callback(null, { user: 'x' })
            },
          },
        })
        const tlsCa = ca === 'own' ? foreign.cert : ca
        const settings = { relayhost, relayhostAuth, ...(tlsCa ? { tlsCa } : {}) }
        const { deliver } = delivery({ '192.0.2.8': there }, { zone, settings })
        expect(await deliver({ nextHop: relayhost })).toMatchObject([{ kind: 'deferred' }])
        expect(offered).toEqual([])
        expect(there.messages).toEqual([])
      },
    )

    it('waits while the login is refused', async () => {
      const there = await sink({
        options: {
          ...pair,
          onAuth: (_auth, _session, callback) =>
            callback(Object.assign(new Error('5.7.8 wrong'), { responseCode: 535 })),
        },
      })
      const settings = { relayhost, relayhostAuth, tlsCa: pair.cert }
      const { deliver } = delivery({ '192.0.2.8': there }, { zone, settings })
      expect(await deliver({ nextHop: relayhost })).toMatchObject([
        { kind: 'deferred', status: '4.7.8' },
      ])
    })

    it('waits while the host is not found, as that is our mistake', async () => {
      const { deliver } = delivery({}, { zone: {}, settings: { relayhost } })
      expect(await deliver({ nextHop: relayhost })).toMatchObject([
        { kind: 'deferred', status: '4.3.5' },
      ])
    })

    it('logs in nowhere else', async () => {
      const there = await sink({ options: pair })
      const settings = { relayhost, relayhostAuth }
      const { deliver } = delivery({ '192.0.2.1': there }, { settings })
      expect(await deliver()).toMatchObject([{ kind: 'delivered' }])
      expect(there.messages[0]?.user).toBeNull()
    })
  })
})

describe('connectTcp', () => {
  it('rejects when nobody listens', async () => {
    const there = await openSink()
    await there[Symbol.asyncDispose]()
    const connecting = connectTcp({ address: '127.0.0.1', port: there.port, timeoutMs: 5_000 })
    await expect(connecting).rejects.toThrow('ECONNREFUSED')
  })
})
