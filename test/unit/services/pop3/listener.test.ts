import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  IDLE_TIMEOUT_MS_MIN,
  LINGER_MS,
  PIPELINE_BYTES_MAX,
  pop3Defaults,
} from '#services/pop3/config.ts'
import type { Uid } from '#shared/contracts/mailbox.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import {
  FakeAuthenticator,
  FakeMailbox,
  type Pop3Setup,
  password,
  startPop3,
} from '#test/support/pop3-fakes.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { Connection } from '#test/transcripts/connection.ts'

const stops: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function start(setup: Pop3Setup = {}) {
  const server = await startPop3(setup)
  stops.push(() => server.listener.close({ graceMs: 0 }))
  return server
}

async function open(port: number, implicitTls = false): Promise<Connection> {
  const client = await Connection.open({ port, implicitTls })
  stops.push(() => client.destroy())
  return client
}

async function say(client: Connection, ...commands: readonly string[]): Promise<string> {
  let reply = ''
  for (const command of commands) {
    await client.write(Buffer.from(`${command}\r\n`))
    reply = await client.readLine(command)
  }
  return reply
}

async function openLoggedIn(port: number): Promise<Connection> {
  const client = await open(port)
  await client.readLine('greeting')
  await say(client, 'USER alice', `PASS ${password}`)
  return client
}

describe('behind a proxy', () => {
  it('logins have the address of the client', async () => {
    const { port, authenticator } = await start({
      options: { proxyTrustedNetworks: ['127.0.0.1'] },
    })
    const client = await open(port)
    await client.write(proxyHeader({ source: { address: '2001:db8::5', port: 40_001 } }))
    await client.readLine('greeting')
    await say(client, 'USER alice', `PASS ${password}`)
    expect(authenticator.attempts).toMatchObject([{ remoteAddress: '2001:db8::5' }])
  })
})

describe('limits on connections', () => {
  it('refuses one more than an address may have, and takes it when one has gone', async () => {
    const { port, listener } = await start({ options: { clientConnectionCountLimit: 2 } })
    const first = await open(port)
    await first.readLine('greeting')
    const second = await open(port)
    await second.readLine('greeting')
    const third = await open(port)
    expect(await third.readToEnd('refusal')).toBe(
      '-ERR [SYS/TEMP] too many connections, try again later\r\n',
    )
    await say(first, 'QUIT')
    first.destroy()
    await vi.waitFor(() => expect(listener.connections).toBe(1))
    const fourth = await open(port)
    expect(await fourth.readLine('greeting')).toMatch(/^\+OK/)
  })

  it('refuses one more than all together may be', async () => {
    const { port } = await start({ options: { connectionCountLimit: 1 } })
    await (await open(port)).readLine('greeting')
    expect(await (await open(port)).readToEnd('refusal')).toMatch(/^-ERR \[SYS\/TEMP\]/)
  })
})

describe('timeouts', () => {
  it('ends a connection that does not log in, without a reply', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock })
    const client = await open(port)
    await client.readLine('greeting')
    await clock.advance(pop3Defaults.loginTimeoutMs - 1)
    // Failed commands win no time.
    expect(await say(client, 'USER alice')).toMatch(/^\+OK/)
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('')
  })

  it('ends a connection that does not finish its TLS handshake', async () => {
    const clock = new ManualClock()
    const options = { endpoints: [{ host: '127.0.0.1', port: 0, tls: 'implicit' }] } as const
    const { port, listener } = await start({ clock, options })
    const client = await open(port)
    await vi.waitFor(() => expect(listener.connections).toBe(1))
    // Accepted behind it, and served: it is still awaited then.
    expect(await (await open(port, true)).readLine('greeting')).toMatch(/^\+OK/)
    await clock.advance(pop3Defaults.loginTimeoutMs - 1)
    expect(listener.connections).toBe(2)
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('')
    await vi.waitFor(() => expect(listener.connections).toBe(0))
  })

  it('ends a session idle for ten minutes, without a reply, and removes nothing', async () => {
    const clock = new ManualClock()
    const mailbox = new FakeMailbox(['a\r\n'])
    const { port, log } = await start({ clock, mailbox })
    const client = await openLoggedIn(port)
    await clock.advance(IDLE_TIMEOUT_MS_MIN - 1)
    expect(await say(client, 'DELE 1')).toMatch(/^\+OK/)
    await clock.advance(IDLE_TIMEOUT_MS_MIN - 1)
    // Half a command is no sign of life.
    await client.write(Buffer.from('NOO'))
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('')
    await vi.waitFor(() =>
      expect(log.find('session ended')).toMatchObject({ reason: 'idle timeout' }),
    )
    expect(mailbox.expunges).toEqual([])
  })

  it('holds the answer back at the last failed login', async () => {
    const clock = new ManualClock()
    const options = { loginFailuresMax: 2, authFailureDelayMs: 2_000 }
    const { port, log } = await start({ clock, options })
    const client = await open(port)
    await client.readLine('greeting')
    await say(client, 'USER alice', 'PASS wrong', 'USER alice')
    await client.write(Buffer.from('PASS wrong\r\n'))
    await vi.waitFor(() =>
      expect(log.lines.filter(({ message }) => message === 'login failed')).toHaveLength(2),
    )
    await clock.advance(1_999)
    expect(client.unread()).toBe('')
    await clock.advance(1)
    expect(await client.readToEnd('failure')).toBe('-ERR [AUTH] login failed\r\n')
  })

  it('closes by itself when the client does not close after QUIT', async () => {
    const clock = new ManualClock()
    const { port, listener } = await start({ clock })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    stops.push(() => void socket.destroy())
    socket.resume().write('QUIT\r\n')
    await once(socket, 'end')
    expect(listener.connections).toBe(1)
    await clock.advance(LINGER_MS)
    await vi.waitFor(() => expect(listener.connections).toBe(0))
  })
})

describe('a client that does not read', () => {
  const message = Buffer.alloc(64 * 1024 * 1024, 'line of text\r\n')

  async function openStalled(clock: ManualClock, commands: string) {
    const mailbox = new FakeMailbox([message])
    const server = await start({ clock, mailbox })
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    stops.push(() => void socket.destroy())
    socket.pause()
    socket.write(`USER alice\r\nPASS ${password}\r\n${commands}`)
    let before = -1
    // Until the system's buffers are full and nothing is read from the store any more.
    await vi.waitFor(
      () => {
        const { bytesRead } = mailbox
        const grows = bytesRead !== before || bytesRead === 0
        before = bytesRead
        expect(grows).toBe(false)
      },
      { interval: 100, timeout: 10_000 },
    )
    return { ...server, socket }
  }

  it('stops the reading of the message', async () => {
    const { mailbox } = await openStalled(new ManualClock(), 'RETR 1\r\n')
    expect(mailbox.bytesRead).toBeLessThan(message.length / 2)
  })

  it('is cut off after the write timeout, and the stream is released', async () => {
    const clock = new ManualClock()
    const { mailbox, log, listener } = await openStalled(clock, 'RETR 1\r\nDELE 1\r\nQUIT\r\n')
    await clock.advance(pop3Defaults.writeTimeoutMs + 30_000)
    await vi.waitFor(() => expect(listener.connections).toBe(0))
    expect(log.find('session ended')).toMatchObject({ reason: 'write timeout' })
    expect(mailbox.cutShort).toBe(1)
    expect(mailbox.expunges, 'DELE and QUIT behind it are not run').toEqual([])
  })

  it('that breaks down in the middle has removed nothing by what it pipelined', async () => {
    const { mailbox, listener, socket } = await openStalled(
      new ManualClock(),
      'RETR 1\r\nDELE 1\r\nQUIT\r\n',
    )
    socket.destroy()
    await vi.waitFor(() => expect(listener.connections).toBe(0))
    expect(mailbox.cutShort).toBe(1)
    expect(mailbox.expunges).toEqual([])
  })
})

/** A connection whose server end the test holds as well. */
async function openAccepted(setup: Pop3Setup) {
  const { listener } = await start(setup)
  const sockets = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, sockets.resolve)
  stops.push(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = await open(address.port)
  const socket = await sockets.promise
  listener.accept(socket, 'starttls')
  await client.readLine('greeting')
  return { listener, client, socket }
}

describe('QUIT behind output that has not left', () => {
  /** A session whose socket keeps what it is given to write. */
  async function openHeld() {
    const mailbox = new FakeMailbox(['a\r\n', 'b\r\n'])
    const { listener, client, socket } = await openAccepted({ mailbox, clock: new ManualClock() })
    await say(client, 'USER alice', `PASS ${password}`, 'DELE 1')
    const held = Promise.withResolvers<() => void>()
    const hold = (written: (error?: Error | null) => void) => held.resolve(() => written())
    socket._write = (_chunk, _encoding, written) => hold(written)
    socket._writev = (_chunks, written) => hold(written)
    await client.write(Buffer.from('RETR 2\r\nQUIT\r\n'))
    const release = await held.promise
    await turn()
    expect(mailbox.expunges).toEqual([])
    return { mailbox, listener, client, socket, release }
  }

  it('removes when it has left', async () => {
    const { mailbox, socket, release } = await openHeld()
    release()
    await vi.waitFor(() => expect(mailbox.expunges).toEqual([[101]]))
    socket.destroy()
  })

  it('removes nothing when the connection breaks first', async () => {
    const { mailbox, listener, socket } = await openHeld()
    socket.destroy()
    await vi.waitFor(() => expect(listener.connections).toBe(0))
    expect(mailbox.expunges).toEqual([])
  })
})

describe('pipelined input', () => {
  it('is not read without end while a command runs, and all answered after it', async () => {
    const authenticator = new FakeAuthenticator()
    const release = Promise.withResolvers<void>()
    const { authenticate } = authenticator
    authenticator.authenticate = async (attempt) => {
      await release.promise
      return authenticate.call(authenticator, attempt)
    }
    const { client, socket } = await openAccepted({ authenticator })
    const count = 200_000
    const noops = 'NOOP\r\n'.repeat(count)
    await client.write(Buffer.from(`USER alice\r\nPASS ${password}\r\n${noops}QUIT\r\n`))
    await vi.waitFor(() => expect(socket.isPaused()).toBe(true))
    expect(socket.bytesRead).toBeLessThan(PIPELINE_BYTES_MAX + 3 * 65_536)
    release.resolve()
    const replies = await client.readToEnd('replies')
    const [user, login, ...rest] = replies.split('\r\n')
    expect([user, login]).toEqual(['+OK send PASS', '+OK 0 messages (0 octets)'])
    expect(rest).toHaveLength(count + 2)
    expect(rest.at(-2)).toBe('+OK bye')
  })
})

describe('reading messages', () => {
  it('streams a long one byte for byte', async () => {
    const message = Buffer.alloc(3_000_000, 'text\r\n.dotted\r\n..\r\n')
    const { port } = await start({ mailbox: new FakeMailbox([message]) })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('RETR 1\r\nQUIT\r\n'))
    const received = await client.readToEnd('message')
    const [, stuffed = ''] = /^\+OK 3000002 octets\r\n(.*)\.\r\n\+OK bye\r\n$/s.exec(received) ?? []
    const ended = `${message.toString('latin1')}\r\n`
    expect(stuffed.replace(/^\./gm, '') === ended).toBe(true)
  })

  it('stops reading when TOP has its lines', async () => {
    const body = 'x\r\n'.repeat(1_000_000)
    const mailbox = new FakeMailbox([`Subject: long\r\n\r\n${body}`])
    const { port } = await start({ mailbox })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('TOP 1 30000\r\nQUIT\r\n'))
    const received = await client.readToEnd('top')
    expect(received).toBe(
      `+OK top of message follows\r\nSubject: long\r\n\r\n${'x\r\n'.repeat(30_000)}.\r\n+OK bye\r\n`,
    )
    expect(mailbox.bytesRead).toBe(2 * 65_536)
  })

  it('finds the end of TOP in any chunking', async () => {
    const mailbox = new FakeMailbox(['A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\nthree\r\n'])
    const { port } = await start({ mailbox })
    const client = await openLoggedIn(port)
    for (const chunkBytes of [1, 2, 3, 5, 14, 15, 16, 19]) {
      mailbox.chunkBytes = chunkBytes
      await client.write(Buffer.from('TOP 1 2\r\n'))
      const expected = '+OK top of message follows\r\nA: 1\r\nB: 2\r\n\r\none\r\ntwo\r\n.\r\n'
      expect(await client.readBytes(expected.length, 'top')).toBe(expected)
    }
  })

  it('breaks off without the ending dot when the store fails in the middle', async () => {
    const mailbox = new FakeMailbox([Buffer.alloc(300_000, 'text\r\n')])
    mailbox.failStream = { afterBytes: 200_000, error: new Error('disk') }
    const { port, log } = await start({ mailbox })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('DELE 1\r\nRSET\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n'))
    expect(await client.readToEnd('message')).not.toMatch(/\r\n\.\r\n/)
    await vi.waitFor(() =>
      expect(log.find('session ended')).toMatchObject({ reason: 'message unreadable' }),
    )
    expect(log.find('message unreadable')).toMatchObject({ level: 'error' })
    expect(mailbox.expunges).toEqual([])
  })

  it('takes a message shorter than it should be for unreadable', async () => {
    const mailbox = new FakeMailbox(['0123456789\r\n'])
    const { port } = await start({ mailbox })
    const client = await openLoggedIn(port)
    const { open: openMessage } = mailbox
    mailbox.open = async (message) => {
      const opened = await openMessage.call(mailbox, message)
      return opened && { ...opened, stream: () => opened.stream(0, 5) }
    }
    expect(await say(client, 'RETR 1')).toBe('-ERR [SYS/PERM] message is not readable')
  })

  it('are listed as another system listed them, and removed by what they are', async () => {
    const mailbox = new FakeMailbox(['Subject: 1\r\n\r\n', 'Subject: 2\r\n\r\n', '\r\nthird\r\n'])
    mailbox.popOrders.set(103 as Uid, 4)
    mailbox.popOrders.set(102 as Uid, 9)
    mailbox.popIds.set(103 as Uid, 'own-name')
    const { port } = await start({ mailbox })
    const client = await open(port)
    await client.readLine('greeting')
    await say(client, 'USER alice', `PASS ${password}`)
    const told: string[] = []
    for (const n of [1, 2, 3]) told.push((await say(client, `UIDL ${n}`)).trimEnd())
    expect(told).toEqual(['+OK 1 own-name', '+OK 2 7-102', '+OK 3 7-101'])
    await say(client, 'DELE 1', 'DELE 3')
    expect(await say(client, 'QUIT')).toMatch(/^\+OK/)
    expect(mailbox.expunges).toEqual([[101, 103]])
  })

  it('lists every message of a maildrop larger than one write', async () => {
    const { port } = await start({ mailbox: new FakeMailbox(new Array(25_000).fill('a\r\n')) })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('UIDL\r\nQUIT\r\n'))
    const lines = (await client.readToEnd('listing')).split('\r\n')
    expect(lines).toHaveLength(1 + 25_000 + 3)
    expect(lines[25_000]).toBe('25000 7-25100')
  })
})

describe('logging in', () => {
  it('passes on the login, the whole password and the address', async () => {
    const authenticator = new FakeAuthenticator()
    const { port } = await start({ authenticator })
    const client = await open(port)
    await client.readLine('greeting')
    await say(client, 'USER jos\u00e9@example.test', 'PASS  sp ace ')
    expect(authenticator.attempts).toEqual([
      {
        service: 'pop3',
        login: 'jos\u00e9@example.test',
        password: Buffer.from(' sp ace '),
        remoteAddress: '127.0.0.1',
      },
    ])
  })

  it('ends the session without a word when something is broken in us', async () => {
    const authenticator = new FakeAuthenticator()
    authenticator.fail = new Error('a bug')
    const { port, log } = await start({ authenticator })
    const client = await open(port)
    await client.readLine('greeting')
    await client.write(Buffer.from('USER alice\r\nPASS secret\r\nSTAT\r\n'))
    expect(await client.readToEnd('session')).toBe('+OK send PASS\r\n')
    expect(log.find('bug: session ended')).toMatchObject({ error: authenticator.fail })
  })

  it('never logs a password', async () => {
    const { port, log } = await start()
    const client = await open(port)
    await client.readLine('greeting')
    await say(client, 'USER alice', 'PASS hunter2', 'AUTH PLAIN AGFsaWNlAGh1bnRlcjI=')
    expect(log.lines.map(({ message }) => message)).toContain('login failed')
    expect(JSON.stringify(log.lines)).not.toMatch(/hunter2|AGFsaWNlAGh1bnRlcjI/)
  })

  it('writes one line at login and one at the end with what was done', async () => {
    const { port, log } = await start({ mailbox: new FakeMailbox(['a\r\n', 'bc\r\n']) })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('RETR 2\r\nTOP 1 0\r\nDELE 1\r\nQUIT\r\n'))
    await client.readToEnd('session')
    await vi.waitFor(() => expect(log.find('session ended')).toBeDefined())
    const account = 'alice@example.test'
    expect(log.find('logged in')).toMatchObject({ account, messages: 2, octets: 7 })
    expect(log.find('session ended')).toMatchObject({
      account,
      reason: 'quit',
      retrieved: 1,
      topped: 1,
      deleted: 1,
      octets: 9,
    })
  })
})

describe('TLS', () => {
  const options = { endpoints: [{ host: '127.0.0.1', port: 0, tls: 'implicit' }] } as const

  it('uses a new certificate for the next handshake', async () => {
    const certificates = new FakeCertificates()
    const { port } = await start({ certificates, options })
    const fingerprint = async () => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      stops.push(() => void socket.destroy())
      return socket.getPeerCertificate().fingerprint256
    }
    const before = await fingerprint()
    expect(await fingerprint()).toBe(before)
    certificates.renew()
    expect(await fingerprint()).not.toBe(before)
  })

  it('refuses TLS 1.1', async () => {
    const { port, listener } = await start({ options })
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/protocol version/i)
    await vi.waitFor(() => expect(listener.connections).toBe(0))
  })

  it('survives what is no handshake', async () => {
    const { port, listener } = await start({ options })
    const client = await open(port)
    await client.write(Buffer.from('USER alice\r\n'))
    await client.readToEnd('alert').catch(() => undefined)
    await vi.waitFor(() => expect(listener.connections).toBe(0))
    expect(await (await open(port, true)).readLine('greeting')).toMatch(/^\+OK/)
  })

  it('lets go of a client that leaves in the middle of the handshake', async () => {
    const { port, listener } = await start({ options, clock: new ManualClock() })
    const client = await open(port)
    const other = await open(port, true)
    expect(await other.readLine('greeting')).toMatch(/^\+OK/)
    expect(listener.connections).toBe(2)
    client.end()
    await vi.waitFor(() => expect(listener.connections).toBe(1))
  })

  it('lets go of a client that leaves instead of the handshake after STLS', async () => {
    const { port, listener } = await start({ clock: new ManualClock() })
    const client = await open(port)
    await client.readLine('greeting')
    await say(client, 'STLS')
    client.end()
    await vi.waitFor(() => expect(listener.connections).toBe(0))
  })

  it('lets go of a client that left together with its STLS', async () => {
    const { port, listener } = await start({ clock: new ManualClock() })
    const client = await open(port)
    await client.readLine('greeting')
    await client.write(Buffer.from('STLS\r\nNOOP\r\n'))
    client.end()
    await vi.waitFor(() => expect(listener.connections).toBe(0))
  })

  it('does not start an endpoint with implicit TLS without a certificate', async () => {
    await expect(startPop3({ certificates: null, options })).rejects.toThrow(/certificate/)
  })
})

describe('opening', () => {
  it('opens every endpoint or none', async () => {
    const taken = await start()
    const free = await start()
    await free.listener.close({ graceMs: 0 })
    const endpoint = (port: number) => ({ host: '127.0.0.1', port, tls: 'starttls' }) as const
    const endpoints = [endpoint(free.port), endpoint(taken.port)]
    await expect(startPop3({ options: { endpoints } })).rejects.toThrow(/EADDRINUSE/)
    await start({ options: { endpoints: [endpoint(free.port)] } })
  })
})

describe('closing', () => {
  it('ends at once who has nothing marked, and lets a session that has go on to its QUIT', async () => {
    const mailbox = new FakeMailbox(['a\r\n'])
    const clock = new ManualClock()
    const { port, listener } = await start({ mailbox, clock })
    const stranger = await open(port)
    await stranger.readLine('greeting')
    const idle = await openLoggedIn(port)
    const client = await openLoggedIn(port)
    await say(client, 'DELE 1')
    const closed = listener.close({ graceMs: 10_000 })
    expect(await stranger.readToEnd('shutdown')).toBe('')
    expect(await idle.readToEnd('shutdown')).toBe('')
    await expect(open(port)).rejects.toThrow(/ECONNREFUSED/)
    expect(await say(client, 'QUIT')).toBe('+OK bye')
    client.end()
    await closed
    expect(mailbox.expunges).toHaveLength(1)
  })

  it('answers all that has arrived before it lets a client go', async () => {
    const { mailbox, release } = heldMailbox()
    const { port, listener } = await start({ mailbox, clock: new ManualClock() })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('RETR 1\r\nSTAT\r\nNOOP\r\n'))
    await vi.waitFor(() => expect(mailbox.opened).toBe(1))
    const closed = listener.close({ graceMs: 10_000 })
    release()
    expect(await client.readToEnd('answers')).toBe(
      '+OK 3 octets\r\na\r\n.\r\n+OK 1 3\r\n+OK done\r\n',
    )
    client.destroy()
    await closed
  })

  it('ends one after the other when there is time', async () => {
    const clock = new ManualClock()
    const { port, listener } = await start({ clock })
    const first = await open(port)
    await first.readLine('greeting')
    const second = await open(port)
    await second.readLine('greeting')
    const closed = listener.close({ graceMs: 0, paceMs: 10_000 })
    expect(await first.readToEnd('shutdown')).toBe('')
    first.destroy()
    await clock.advance(4_999)
    await vi.waitFor(() => expect(listener.connections).toBe(1))
    await clock.advance(1)
    expect(await second.readToEnd('shutdown')).toBe('')
    second.destroy()
    await closed
  })

  it('without grace cuts one short that takes its time', async () => {
    const { port, listener } = await start({ clock: new ManualClock() })
    const clients = [await openLoggedIn(port), await openLoggedIn(port)]
    const closed = listener.close({ graceMs: 60_000, paceMs: 60_000 })
    await listener.close({ graceMs: 0 })
    for (const client of clients) expect(await client.readToEnd('the end')).toBe('')
    await closed
    expect(listener.connections).toBe(0)
  })

  it('ends sessions after the grace and removes nothing', async () => {
    const mailbox = new FakeMailbox(['a\r\n'])
    const clock = new ManualClock()
    const { port, listener, log } = await start({ mailbox, clock })
    const client = await openLoggedIn(port)
    await say(client, 'DELE 1')
    const closed = listener.close({ graceMs: 10_000 })
    await clock.advance(10_000)
    await closed
    expect(log.find('session ended')).toMatchObject({ reason: 'shutdown' })
    expect(mailbox.expunges).toEqual([])
  })

  it('waits for an UPDATE that has begun', async () => {
    const mailbox = new FakeMailbox(['a\r\n'])
    const { port, listener } = await start({ mailbox })
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    mailbox.expunge = async (_, uids) => {
      begun.resolve()
      await finish.promise
      return uids
    }
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('DELE 1\r\nQUIT\r\n'))
    await begun.promise
    let isClosed = false
    const closed = listener.close({ graceMs: 0 }).then(() => {
      isClosed = true
    })
    await client.readToEnd('shutdown')
    expect(isClosed).toBe(false)
    finish.resolve()
    await closed
  })
})

describe('a session whose account is disabled', () => {
  it('ends at once, and what it marked stays', async () => {
    const mailbox = new FakeMailbox(['a\r\n'])
    const { port, accountWatch } = await start({ mailbox })
    const client = await openLoggedIn(port)
    await say(client, 'DELE 1')
    accountWatch.endAll()
    await client.write(Buffer.from('QUIT\r\n'))
    expect(await client.readToEnd('end')).toMatch(/^-ERR \[SYS\/TEMP\] [^\r\n]+\r\n$/)
    expect(mailbox.expunges).toEqual([])
    expect(accountWatch.watching.size).toBe(0)
  })

  it('gets the answer to the command that runs, and none to what it sent behind it', async () => {
    const { mailbox, release } = heldMailbox()
    const { port, accountWatch } = await start({ mailbox, clock: new ManualClock() })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('RETR 1\r\nSTAT\r\nNOOP\r\n'))
    await vi.waitFor(() => expect(mailbox.opened).toBe(1))
    accountWatch.endAll()
    release()
    expect(await client.readToEnd('answers')).toMatch(
      /^\+OK 3 octets\r\na\r\n\.\r\n-ERR \[SYS\/TEMP\] [^\r\n]+\r\n$/,
    )
  })

  it('is cut off when its command takes longer than a second', async () => {
    const { mailbox, release } = heldMailbox()
    const clock = new ManualClock()
    const { port, log, accountWatch } = await start({ mailbox, clock })
    const client = await openLoggedIn(port)
    await client.write(Buffer.from('RETR 1\r\n'))
    await vi.waitFor(() => expect(mailbox.opened).toBe(1))
    accountWatch.endAll()
    await clock.advance(1_000)
    expect(await client.readToEnd('end')).toBe('')
    release()
    await vi.waitFor(() =>
      expect(log.find('session ended')).toMatchObject({ reason: 'account ended' }),
    )
  })
})

/** Its messages are opened when the test says so. */
function heldMailbox() {
  const gate = Promise.withResolvers<void>()
  const mailbox = new (class extends FakeMailbox {
    opened = 0
    override async open(message: Parameters<FakeMailbox['open']>[0]) {
      this.opened += 1
      await gate.promise
      return super.open(message)
    }
  })(['a\r\n'])
  return { mailbox, release: gate.resolve }
}
