// Where mail goes when there are several places: hosts one after the other, lists of hops, fall-back relays, LMTP.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import type { Transfer } from '#services/delivery/remote/transport.ts'
import { parseRoute, type Route } from '#shared/mail/route.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { textMessage } from '#test/support/outbound-text.ts'
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
} from '#test/support/sink-smtp.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

type Say = (line: string) => ScriptedAnswer | undefined

const host = async (say: Say = () => undefined, path?: string): Promise<ScriptedHost> =>
  stack.use(
    await openScriptedHost(
      (line) => {
        const said = say(line)
        if (said !== undefined) return said
        if (line === '') return '220 host.test'
        if (/^[EL]HLO/.test(line)) return '250-host.test\r\n250 PIPELINING'
        return line === 'DATA' ? '354 go on' : '250 2.0.0 fine'
      },
      path === undefined ? {} : { path },
    ),
  )

function routeOf(text: string): Route {
  const route = parseRoute(text)
  if (typeof route === 'string') throw new Error(route)
  return route
}

async function deliver(
  hosts: { readonly [address: string]: { readonly port: number } },
  {
    zone = oneMx,
    route = 'there.test',
    to = ['carol'],
    settings = {},
    ...changes
  }: Partial<Omit<Transfer, 'route'>> & {
    readonly zone?: FakeZone
    readonly route?: string
    readonly to?: readonly string[]
    readonly settings?: RemoteSettings
  } = {},
) {
  const dialled: string[] = []
  // Without a table the route is the recipient's domain.
  const domain = /^[a-z.]+$/.test(route) ? route : 'there.test'
  const way = remoteWay(createFakeResolver(zone), dialling(hosts, dialled), settings)
  const attempt = await createSmtpTransport(way).deliver({
    queueId: '01ARZ3NDEKTSV4RRFF',
    route: routeOf(route),
    sender: 'bob@here.test',
    recipients: to.map((local) => ({
      address: `${local}@${domain}`,
      notify: [],
      originalRecipient: null,
    })),
    dsnReturn: null,
    dsnEnvelopeId: null,
    requireTls: false,
    ageMs: 0,
    openMessage: async () => textMessage('Subject: x\r\n\r\n.x\r\n'),
    ...changes,
  })
  return { ...attempt, dialled }
}

const oneMx: FakeZone = {
  'there.test': { mx: ['10 mx.there.test'] },
  'mx.there.test': { a: ['192.0.2.1'] },
}
const threeMx: FakeZone = {
  'there.test': { mx: ['10 a.there.test', '20 b.there.test', '30 c.there.test'] },
  'a.there.test': { a: ['192.0.2.1'] },
  'b.there.test': { a: ['192.0.2.2'] },
  'c.there.test': { a: ['192.0.2.3'] },
}

describe('hosts of a domain', () => {
  it('are asked about whom the one before refused for now, and about nobody else', async () => {
    const greylisting = await host((line) =>
      /RCPT TO:<(b|c)/.test(line)
        ? line.includes('<b')
          ? '450 4.2.0 b waits'
          : '550 5.1.1 c'
        : undefined,
    )
    const second = await host()
    const hosts = { '192.0.2.1': greylisting, '192.0.2.2': second }
    const { results, destination } = await deliver(hosts, { zone: threeMx, to: ['a', 'b', 'c'] })
    expect(results).toMatchObject([
      { kind: 'delivered' },
      { kind: 'delivered' },
      { kind: 'failed', status: '5.1.1' },
    ])
    expect(second.connections[0]?.filter((line) => line.startsWith('RCPT'))).toEqual([
      'RCPT TO:<b@there.test>',
    ])
    expect(destination).toEqual({ kind: 'reached' })
  })

  it('are two, of those that take a session (smtpMxSessionLimit)', async () => {
    const busy = await host((line) => (line.startsWith('MAIL') ? '451 4.3.0 busy' : undefined))
    const hosts = { '192.0.2.1': busy, '192.0.2.2': busy, '192.0.2.3': busy }
    expect(await deliver(hosts, { zone: threeMx })).toMatchObject({
      results: [{ kind: 'deferred', status: '4.3.0' }],
      destination: { kind: 'reached' },
      dialled: ['192.0.2.1:25', '192.0.2.2:25'],
    })
    expect(
      (await deliver(hosts, { zone: threeMx, settings: { mxSessionLimit: 3 } })).dialled,
    ).toHaveLength(3)
  })

  it('do not get a message that the one before may have taken', async () => {
    const rude = await host((line) => (line === '.' ? null : undefined))
    const { results, dialled, destination } = await deliver(
      { '192.0.2.1': rude, '192.0.2.2': await host() },
      { zone: threeMx },
    )
    expect(results).toMatchObject([{ kind: 'deferred', status: '4.4.2' }])
    expect(dialled).toEqual(['192.0.2.1:25'])
    expect(destination).toMatchObject({ kind: 'unreachable' })
  })

  it('are tried when the connection is lost before', async () => {
    const rude = await host((line) => (line === 'DATA' ? null : undefined))
    const second = await host()
    const hosts = { '192.0.2.1': rude, '192.0.2.2': second }
    expect((await deliver(hosts, { zone: threeMx })).results).toMatchObject([{ kind: 'delivered' }])
  })

  it('are asked one after the other for SMTPUTF8', async () => {
    const able = await host((line) =>
      line.startsWith('EHLO') ? '250-host.test\r\n250-8BITMIME\r\n250 SMTPUTF8' : undefined,
    )
    const hosts = { '192.0.2.1': await host(), '192.0.2.2': able }
    expect((await deliver(hosts, { zone: threeMx, to: ['josé'] })).results).toMatchObject([
      { kind: 'delivered' },
    ])
    // Who cannot be reached now might have it.
    expect(
      (await deliver({ '192.0.2.1': hosts['192.0.2.1'] }, { zone: threeMx, to: ['josé'] })).results,
    ).toMatchObject([{ kind: 'deferred', status: '4.4.1' }])
    expect(
      (await deliver({ '192.0.2.1': hosts['192.0.2.1'] }, { to: ['josé'] })).results,
    ).toMatchObject([{ kind: 'failed', status: '5.6.7' }])
  })

  describe('with addresses of both kinds', () => {
    const many = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
    const both: FakeZone = {
      'there.test': { a: many('192.0.2.', 3), aaaa: many('2001:db8::', 3) },
    }

    it('take turns, and one setting says who begins', async () => {
      const dialled = async (settings: RemoteSettings) =>
        (await deliver({}, { zone: both, settings })).dialled
      const v4First = ['192.0.2.1:25', '2001:db8::1:25', '192.0.2.2:25', '2001:db8::2:25']
      expect(await dialled({ mxAddressLimit: 4 })).toEqual(v4First)
      expect(await dialled({ mxAddressLimit: 4, addressPreference: 'ipv6' })).toEqual([
        '2001:db8::1:25',
        '192.0.2.1:25',
        '2001:db8::2:25',
        '192.0.2.2:25',
      ])
      expect(await dialled({ inetProtocols: 'ipv6' })).toEqual(
        many('2001:db8::', 3).map((address) => `${address}:25`),
      )
      expect(await dialled({ inetProtocols: 'ipv4' })).toEqual(
        many('192.0.2.', 3).map((address) => `${address}:25`),
      )
    })

    it('leave a place for the other kind at a host that is preferred less', async () => {
      const zone: FakeZone = {
        'there.test': { mx: ['10 six.test', '20 four.test'] },
        'six.test': { aaaa: many('2001:db8::', 8) },
        'four.test': { a: ['192.0.2.1'] },
      }
      expect((await deliver({}, { zone })).dialled).toEqual([
        ...many('2001:db8::', 4).map((address) => `${address}:25`),
        '192.0.2.1:25',
      ])
      const alone: FakeZone = { 'there.test': { aaaa: many('2001:db8::', 8) } }
      expect((await deliver({}, { zone: alone })).dialled).toHaveLength(5)
    })
  })

  it('that are better than we are and not to be found keep the mail waiting', async () => {
    const zone: FakeZone = {
      'there.test': { mx: ['5 gone.test', '10 mail.here.test'] },
    }
    expect((await deliver({}, { zone })).results).toMatchObject([
      { kind: 'deferred', status: '4.4.4' },
    ])
  })
})

describe('what is told of the destination', () => {
  it.each<[string, Say, string]>([
    ['a greeting 5xx', (line) => (line === '' ? '554 no' : undefined), 'unreachable'],
    ['a lost connection', (line) => (line.startsWith('MAIL') ? null : undefined), 'unreachable'],
    ['EHLO 421', (line) => (line.startsWith('EHLO') ? '421 busy' : undefined), 'unreachable'],
    ['MAIL 421', (line) => (line.startsWith('MAIL') ? '421 busy' : undefined), 'reached'],
    ['RCPT 450', (line) => (line.startsWith('RCPT') ? '450 no' : undefined), 'reached'],
    ['a refused message', (line) => (line === '.' ? '451 no' : undefined), 'reached'],
    ['success', () => undefined, 'reached'],
  ])('after %s', async (_, say, kind) => {
    const { destination } = await deliver({ '192.0.2.1': await host(say) })
    expect(destination.kind).toBe(kind)
  })

  it('where nobody answers, is known by name, or can be looked up', async () => {
    expect((await deliver({})).destination).toEqual({
      kind: 'unreachable',
      reply: 'connect to mx.there.test[192.0.2.1]:25: Connection refused',
    })
    expect((await deliver({}, { zone: {} })).destination).toEqual({ kind: 'untried' })
    const broken: FakeZone = { 'there.test': 'failure' }
    expect((await deliver({}, { zone: broken })).destination.kind).toBe('unreachable')
  })
})

describe('hops', () => {
  const zone: FakeZone = {
    ...oneMx,
    'first.test': { a: ['192.0.2.11'] },
    'second.test': { a: ['192.0.2.12'] },
    'fall.test': { a: ['192.0.2.13'] },
    'own.test': { mx: ['10 mail.here.test'] },
  }
  const settings = { fallbackRelays: ['[fall.test]'] }

  it('of a list are tried in order', async () => {
    const there = await host()
    const { results, dialled } = await deliver(
      { '192.0.2.12': there },
      { zone, route: '[first.test], [second.test]:26' },
    )
    expect(results).toMatchObject([{ kind: 'delivered' }])
    expect(dialled).toEqual(['192.0.2.11:25', '192.0.2.12:26'])
  })

  it('end with the fall-back relay', async () => {
    const there = await host()
    expect(await deliver({ '192.0.2.13': there }, { zone, settings })).toMatchObject({
      results: [{ kind: 'delivered' }],
      destination: { kind: 'reached' },
    })
    // Not found, too.
    const unknown = { zone, settings, route: 'unknown.test' }
    expect((await deliver({ '192.0.2.13': there }, unknown)).results).toMatchObject([
      { kind: 'delivered' },
    ])
  })

  it('are no reason to return mail where the fall-back relay is at fault', async () => {
    const rude = await host((line) => (/^(EHLO|HELO)/.test(line) ? '550 5.7.1 who?' : undefined))
    expect((await deliver({ '192.0.2.13': rude }, { zone, settings })).results).toMatchObject([
      { kind: 'deferred' },
    ])
    const missing = {
      zone,
      settings: { fallbackRelays: ['[unknown.test]'] },
      route: 'unknown.test',
    }
    expect((await deliver({}, missing)).results).toMatchObject([
      { kind: 'deferred', status: '4.3.5' },
    ])
  })

  it('have no fall-back where the mail leads back to us, or was refused for good', async () => {
    const there = await host()
    const loop = { zone, settings, route: 'own.test' }
    expect(await deliver({ '192.0.2.13': there }, loop)).toMatchObject({
      results: [{ kind: 'failed', status: '5.4.6' }],
      dialled: [],
    })
    // Neither where we are a mail host of the domain, and the better ones are away.
    const ours = { ...zone, 'ours.test': { mx: ['5 first.test', '10 mail.here.test'] } }
    expect(
      await deliver({ '192.0.2.13': there }, { zone: ours, settings, route: 'ours.test' }),
    ).toMatchObject({ results: [{ kind: 'deferred' }], dialled: ['192.0.2.11:25'] })
    const strict = await host((line) => (line.startsWith('RCPT') ? '550 5.1.1 no' : undefined))
    expect(
      await deliver({ '192.0.2.1': strict, '192.0.2.13': there }, { zone, settings }),
    ).toMatchObject({
      results: [{ kind: 'failed', status: '5.1.1' }],
      dialled: ['192.0.2.1:25'],
    })
  })
})

describe('LMTP', () => {
  const answers = () => {
    let n = 0
    return host((line) => {
      if (line !== '.') return line.startsWith('RCPT TO:<b') ? '550 5.1.1 b' : undefined
      n++
      return n === 1 ? '250 2.1.5 a\r\n452 4.2.2 c is full\r\n250 2.1.5 d' : undefined
    })
  }

  it('hears of each recipient by itself (RFC 2033)', async () => {
    const there = await answers()
    const { results, destination } = await deliver(
      { '127.0.0.1': there },
      { route: 'lmtp:[127.0.0.1]:24', to: ['a', 'b', 'c', 'd'] },
    )
    expect(results).toEqual([
      { kind: 'delivered', reply: '250 2.1.5 a' },
      {
        kind: 'failed',
        status: '5.1.1',
        reply: 'host 127.0.0.1[127.0.0.1] said: 550 5.1.1 b (in reply to RCPT TO command)',
      },
      {
        kind: 'deferred',
        status: '4.2.2',
        reply:
          'host 127.0.0.1[127.0.0.1] said: 452 4.2.2 c is full (in reply to end of DATA command)',
      },
      { kind: 'delivered', reply: '250 2.1.5 d' },
    ])
    expect(destination).toEqual({ kind: 'reached' })
    expect(there.connections[0]?.[0]).toBe('LHLO mail.here.test')
    expect(there.bodies).toEqual(['Subject: x\r\n\r\n..x\r\n'])
  })

  it('goes to a socket of this machine', async () => {
    const { path } = stack.use(await temporaryFolder())
    const socket = join(path, 'lmtp')
    const there = await host(() => undefined, socket)
    const relays: string[] = []
    const { results } = await deliver(
      {},
      { route: `lmtp:unix:${socket}`, onContact: ({ relay }) => relays.push(relay) },
    )
    expect(results).toMatchObject([{ kind: 'delivered' }])
    expect(relays).toEqual([`localhost[${socket}]`])
    expect(there.bodies).toHaveLength(1)
    expect((await deliver({}, { route: 'lmtp:unix:/nowhere/lmtp' })).results).toEqual([
      {
        kind: 'deferred',
        status: '4.4.1',
        reply: 'connect to localhost[/nowhere/lmtp]: No such file or directory',
      },
    ])
  })

  it('knows whom it heard of before the connection was lost', async () => {
    const there = await host((line) =>
      line === '.' ? { raw: '250 2.1.5 a\r\n', ending: 'close' } : undefined,
    )
    const { results } = await deliver(
      { '127.0.0.1': there },
      { route: 'lmtp:[127.0.0.1]:24', to: ['a', 'b'] },
    )
    expect(results).toMatchObject([
      { kind: 'delivered' },
      { kind: 'deferred', reply: expect.stringContaining('may be sent more than once') },
    ])
  })
})

describe('a message', () => {
  const chunking = (say: Say = () => undefined) =>
    host((line) => {
      const said = say(line)
      if (said !== undefined) return said
      return line.startsWith('EHLO') ? '250-host.test\r\n250-PIPELINING\r\n250 CHUNKING' : undefined
    })

  it('goes together with its recipients where CHUNKING is offered (RFC 3030)', async () => {
    const there = await chunking()
    const { results } = await deliver({ '192.0.2.1': there }, { to: ['a', 'b'] })
    expect(results).toMatchObject([{ kind: 'delivered' }, { kind: 'delivered' }])
    expect(there.connections[0]?.slice(1, 5)).toEqual([
      'MAIL FROM:<bob@here.test>',
      'RCPT TO:<a@there.test>',
      'RCPT TO:<b@there.test>',
      'BDAT 18 LAST',
    ])
    expect(there.bodies).toEqual(['Subject: x\r\n\r\n.x\r\n'])
  })

  it('does not, where it is large or CHUNKING is not heard', async () => {
    const there = await chunking()
    const large = async () => textMessage(`Subject: x\r\n\r\n${'x'.repeat(40_000)}\r\n`)
    await deliver({ '192.0.2.1': there }, { openMessage: large })
    await deliver({ '192.0.2.1': there }, { settings: { ignoredExtensions: ['CHUNKING'] } })
    expect(there.connections.flat().filter((line) => line.startsWith('BDAT'))).toEqual([])
    expect(there.bodies).toHaveLength(2)
  })

  it('that went together was perhaps taken when the connection is lost at any point', async () => {
    const there = await chunking((line) => (line.startsWith('RCPT') ? null : undefined))
    const other = await host()
    const { results, dialled } = await deliver(
      { '192.0.2.1': there, '192.0.2.2': other },
      { zone: threeMx },
    )
    expect(results).toMatchObject([
      { kind: 'deferred', reply: expect.stringContaining('may be sent more than once') },
    ])
    expect(dialled).toHaveLength(1)
  })

  it('that went together with a sender or recipients who are refused has their results', async () => {
    const sender = await chunking((line) =>
      /^(MAIL|RCPT|BDAT)/.test(line) ? '550 5.7.1 no' : undefined,
    )
    expect((await deliver({ '192.0.2.1': sender }, { to: ['a', 'b'] })).results).toMatchObject([
      { kind: 'failed', reply: expect.stringContaining('in reply to MAIL FROM command') },
      { kind: 'failed' },
    ])
    const nobody = await chunking((line) =>
      line.startsWith('RCPT')
        ? '550 5.1.1 no'
        : line.startsWith('BDAT')
          ? '503 5.5.1 nobody'
          : undefined,
    )
    expect((await deliver({ '192.0.2.1': nobody })).results).toMatchObject([
      { kind: 'failed', status: '5.1.1' },
    ])
  })

  it('is not sent to its end once the host has refused it', async () => {
    const there = await host((line) =>
      line === 'DATA' ? { raw: '354 go on\r\n552 5.3.4 too big\r\n' } : undefined,
    )
    let pieces = 0
    const bytes = 64 * 1024 * 1024
    const openMessage = async () => ({
      bytes,
      needs: { smtpUtf8: false, eightBit: false },
      formFor: async () => ({
        declaredBytes: bytes,
        async *read() {
          const piece = Buffer.from(`${'x'.repeat(62)}\r\n`.repeat(1_024))
          for (; pieces < bytes / piece.length; pieces++) yield piece
        },
      }),
    })
    expect((await deliver({ '192.0.2.1': there }, { openMessage })).results).toMatchObject([
      { kind: 'failed', status: '5.3.4' },
    ])
    expect(pieces).toBeLessThan(1_000)
    expect(there.connections[0]).not.toContain('.')
  })

  it('tells who wants to know that the host tells him, where it does (RFC 3461)', async () => {
    const recipients = [
      { address: 'a@there.test', notify: ['SUCCESS' as const], originalRecipient: null },
      { address: 'b@there.test', notify: [], originalRecipient: null },
    ]
    const able = await host((line) =>
      line.startsWith('EHLO') ? '250-host.test\r\n250 DSN' : undefined,
    )
    expect((await deliver({ '192.0.2.1': able }, { recipients })).results).toEqual([
      { kind: 'delivered', reply: '250 2.0.0 fine', relaysDsn: true },
      { kind: 'delivered', reply: '250 2.0.0 fine' },
    ])
    expect((await deliver({ '192.0.2.1': await host() }, { recipients })).results).toEqual([
      { kind: 'delivered', reply: '250 2.0.0 fine' },
      { kind: 'delivered', reply: '250 2.0.0 fine' },
    ])
  })

  it('goes under TLS to who keeps it there, with REQUIRETLS (RFC 8689)', async () => {
    const there = stack.use(await openSink())
    // Its certificate is nobody's, and it does not offer REQUIRETLS either.
    expect((await deliver({ '192.0.2.1': there }, { requireTls: true })).results).toMatchObject([
      { kind: 'failed', status: '5.7.10' },
    ])
    expect(
      (await deliver({ '192.0.2.1': there }, { requireTls: true, sender: '' })).results,
    ).toMatchObject([{ kind: 'delivered' }])
  })
})

describe('a host that is slow', () => {
  const timeouts = {
    ...patientTimeouts,
    heloMs: 300,
    mailMs: 300,
    dataXferMs: 300,
    dataDoneMs: 300,
  }
  const settings = { timeouts }

  it('has its time for a whole reply, not for each byte', async () => {
    const server = createServer((socket) => {
      const timer = setInterval(() => socket.write('2'), 50)
      socket.on('error', () => undefined).on('close', () => clearInterval(timer))
      socket.resume()
    })
    const { results } = await deliver({ '192.0.2.1': await listening(server) }, { settings })
    expect(results).toMatchObject([
      {
        kind: 'deferred',
        status: '4.4.2',
        reply: expect.stringContaining('timed out while receiving'),
      },
    ])
  })

  it('that takes no more of the message is given up', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write('220 hi\r\n')
      socket.on('data', (chunk) => {
        const text = chunk.toString()
        if (text.endsWith('DATA\r\n')) {
          socket.pause()
          socket.write('354 go on\r\n')
        } else socket.write('250 ok\r\n')
      })
    })
    const large = async () => textMessage('x'.repeat(32 * 1024 * 1024))
    const hosts = { '192.0.2.1': await listening(server) }
    expect((await deliver(hosts, { settings, openMessage: large })).results).toMatchObject([
      {
        kind: 'deferred',
        status: '4.4.2',
        reply: expect.stringContaining('timed out while sending message body'),
      },
    ])
  })

  it('and talks without end is given up', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      const more = () => {
        while (!socket.destroyed && socket.write(`220-${'x'.repeat(60_000)}\r\n`));
      }
      socket.on('drain', more)
      more()
    })
    const { results } = await deliver({ '192.0.2.1': await listening(server) })
    expect(results).toMatchObject([
      { kind: 'deferred', status: '4.5.0', reply: expect.stringContaining('a reply without end') },
    ])
  })

  async function listening(server: Server): Promise<{ readonly port: number }> {
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => sockets.add(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stack.defer(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    return { port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
  }
})

describe('port 465 (RFC 8314)', () => {
  it('begins with TLS, and is never spoken to in clear', async () => {
    const pair = makeSelfSigned('relay.test', new Date())
    const there = stack.use(await openSink({ options: { secure: true, ...pair } }))
    const route = '[192.0.2.1]:465'
    expect((await deliver({ '192.0.2.1': there }, { route })).results).toMatchObject([
      { kind: 'delivered' },
    ])
    expect(there.messages[0]?.secure).toBe(true)
    const clear = await host()
    const old = { route, ageMs: 86_400_000 }
    expect(await deliver({ '192.0.2.1': clear }, old)).toMatchObject({
      results: [{ kind: 'deferred', status: '4.7.5' }],
      dialled: ['192.0.2.1:465'],
    })
    expect(clear.connections.flat().filter((line) => /^EHLO/.test(line))).toEqual([])
  })
})
