import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acceptedSockets } from '#shared/net/accepted-sockets.ts'
import { DRAIN_LINGER_MS } from '#shared/net/drain.ts'
import {
  ACCOUNT_ENDED_GRACE_MS,
  LineConnection,
  WATCH_INTERVAL_MS,
} from '#shared/net/line-connection.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { Connection } from '#test/transcripts/connection.ts'
import { type EchoConnection, EchoProtocol } from './echo-protocol.ts'

const options = {
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  writeTimeoutMs: 300_000,
  pipelineBytesMax: 1_000,
  lingerMs: 5_000,
}
const secureContext = createSecureContext(makeSelfSigned('mail.example.test', new Date()))

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

type Tls = 'starttls' | 'implicit'

/** The connection that serves the next client, whom `arrive` brings to a port. */
async function serve<Client>(arrive: (port: number) => Promise<Client>, tls: Tls) {
  const server = createServer(acceptedSockets)
  resources.defer(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = Promise.withResolvers<Socket>()
  server.once('connection', accepted.resolve)
  const client = await arrive(address.port)
  const socket = await accepted.promise
  resources.defer(() => void socket.destroy())
  const clock = new ManualClock()
  const log = new MemoryLog()
  const spoken = Promise.withResolvers<EchoProtocol>()
  const connection = new LineConnection(
    { socket, secureContext: () => secureContext, clock, options },
    (under: EchoConnection) => {
      const protocol = new EchoProtocol(under, log)
      spoken.resolve(protocol)
      return protocol
    },
  )
  const protocol = await spoken.promise
  connection.start(tls)
  const ended = async () => {
    await connection.done
    const line = log.find('session ended') ?? log.find('connection ended')
    return line?.reason
  }
  return { client, socket, clock, log, connection, protocol, ended }
}

async function open(tls: Tls = 'starttls') {
  const served = await serve((port) => Connection.open({ port }), tls)
  const { client } = served
  resources.defer(() => client.destroy())
  const say = async (...lines: readonly string[]) => {
    await client.write(Buffer.from(lines.map((line) => `${line}\r\n`).join('')))
  }
  return { ...served, say, hear: () => client.readLine('answer') }
}

/** Its client never closes its end. */
async function openStaying() {
  const served = await serve(async (port) => {
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume()
    resources.defer(() => void client.destroy())
    await once(client, 'connect')
    return client
  }, 'starttls')
  const { client, connection, clock } = served
  const staysFor = async (ms: number) => {
    let done = false
    void connection.done.then(() => {
      done = true
    })
    await once(client, 'end')
    await clock.advance(ms - 1)
    expect(done).toBe(false)
    await clock.advance(1)
    await connection.done
  }
  return { ...served, staysFor }
}

async function openGreeted() {
  const opened = await open()
  expect(await opened.hear()).toBe('hello')
  return opened
}

async function openLoggedIn() {
  const opened = await openGreeted()
  await opened.say('LOGIN')
  expect(await opened.hear()).toBe('LOGIN')
  return opened
}

/** Its command HOLD runs. */
async function openBusy(...pipelined: readonly string[]) {
  const opened = await openLoggedIn()
  await opened.say('before', 'HOLD', ...pipelined)
  expect(await opened.hear()).toBe('before')
  return opened
}

describe('answering', () => {
  it('takes one command after the other, however they arrive', async () => {
    const { say, hear, client } = await openGreeted()
    await say('a', 'b')
    await client.trickle(Buffer.from('c\r\nd\r\n'))
    for (const line of ['a', 'b', 'c', 'd']) expect(await hear()).toBe(line)
  })

  it('hands a command that goes on its next piece', async () => {
    const { say, hear } = await openGreeted()
    await say('TWO')
    await say('lines')
    expect(await hear()).toBe('both lines')
  })

  it('lets a command talk with the client', async () => {
    const { say, hear } = await openGreeted()
    await say('ASK')
    expect(await hear()).toBe('what?')
    await say('this', 'next')
    expect(await hear()).toBe('told this')
    expect(await hear()).toBe('next')
  })

  it('tells a command that waits for the client when it need not any more', async () => {
    const { connection, protocol, hear } = await openBusy()
    const enough = new AbortController()
    const more = connection.awaitClient(enough.signal)
    enough.abort()
    expect(await more).toBe(false)
    protocol.gate.resolve()
    expect(await hear()).toBe('HOLD')
  })

  it('tells news between commands, when all is answered', async () => {
    const { protocol, connection, say, hear } = await openBusy('behind')
    protocol.news = 'news'
    connection.wakeUp()
    protocol.gate.resolve()
    for (const line of ['HOLD', 'behind', 'news']) expect(await hear()).toBe(line)
    protocol.news = 'more news'
    connection.wakeUp()
    expect(await hear()).toBe('more news')
    await say('next')
    expect(await hear()).toBe('next')
  })

  it('does not read on while a command runs', async () => {
    const { socket, say, protocol, client } = await openBusy()
    const lines = Array.from({ length: 50_000 }, () => 'sixteen letters.')
    await say(...lines, 'QUIT')
    await vi.waitFor(() => expect(socket.isPaused()).toBe(true))
    expect(socket.bytesRead).toBeLessThan(options.pipelineBytesMax + 3 * 65_536)
    protocol.gate.resolve()
    const text = await client.readToEnd('answers')
    expect(text).toBe(`HOLD\r\n${lines.join('\r\n')}\r\nbye\r\n`)
  })

  it('does not read on while the client does not', async () => {
    const { socket, say, hear, client } = await openGreeted()
    const held = Promise.withResolvers<() => void>()
    socket._write = (_chunk, _encoding, written) => held.resolve(() => written())
    socket._writev = (_chunks, written) => held.resolve(() => written())
    await say('FLOOD', 'behind')
    const write = await held.promise
    // So that what follows is written for good.
    Reflect.deleteProperty(socket, '_write')
    Reflect.deleteProperty(socket, '_writev')
    expect(client.unread()).toBe('')
    write()
    expect(await hear()).toBe('FLOOD')
    expect(await hear()).toBe('behind')
  })
})

describe('the end', () => {
  it('comes when the protocol says so, and the client has its last word', async () => {
    const { say, client, ended, log } = await openLoggedIn()
    await say('a', 'QUIT', 'b')
    expect(await client.readToEnd('answers')).toBe('a\r\nbye\r\n')
    expect(await ended()).toBe('quit')
    expect(log.find('session ended')).toMatchObject({ level: 'info', answered: 3 })
  })

  it('waits for the command that runs while its client is gone', async () => {
    const { connection, protocol, socket } = await openBusy()
    let done = false
    void connection.done.then(() => {
      done = true
    })
    connection.destroy('client closed')
    await once(socket, 'close')
    await new Promise(setImmediate)
    expect(done).toBe(false)
    protocol.gate.resolve()
    await connection.done
  })

  it('of somebody who never logged in is no news', async () => {
    const { client, ended, log } = await openGreeted()
    client.destroy()
    expect(await ended()).toBe('client closed')
    expect(log.find('connection ended')).toMatchObject({ level: 'debug' })
  })

  it('waits for the answers when the client has closed its end', async () => {
    const { say, client, protocol, ended } = await openBusy('behind')
    await say('last')
    client.end()
    protocol.gate.resolve()
    expect(await client.readToEnd('answers')).toBe('HOLD\r\nbehind\r\nlast\r\n')
    expect(await ended()).toBe('client closed')
  })

  it('waits for the command that runs when the connection is lost', async () => {
    const { socket, connection, protocol, ended } = await openBusy()
    const done = vi.fn()
    void connection.done.then(done)
    socket.destroy()
    await vi.waitFor(() => expect(connection.gone.aborted).toBe(true))
    await new Promise(setImmediate)
    expect(done).not.toHaveBeenCalled()
    protocol.gate.resolve()
    expect(await ended()).toBe('client closed')
  })

  it('comes by itself when the client does not close its own', async () => {
    const { client, staysFor, ended } = await openStaying()
    client.write('QUIT\r\n')
    await staysFor(options.lingerMs)
    expect(await ended()).toBe('quit')
  })

  it('reads what is still sent, and forgets it: a client that is not read never takes its last word', async () => {
    const { client, connection, protocol } = await openStaying()
    await new Promise<void>((resolve) => client.write('HOLD\r\nQUIT\r\n', () => resolve()))
    // More than a connection takes while a command runs, and more than lies between two sockets.
    const sent = new Promise((resolve) =>
      client.write(Buffer.alloc(32 * 1024 * 1024, 'x'), resolve),
    )
    await vi.waitFor(() =>
      expect(protocol.reader.pendingBytes).toBeGreaterThan(options.pipelineBytesMax),
    )
    protocol.gate.resolve()
    await once(client, 'end')
    await sent
    client.end()
    await connection.done
  })

  it('is told to a command that waits for the client', async () => {
    const { say, client } = await openGreeted()
    await say('TWO')
    client.end()
    expect(await client.readToEnd('answer')).toBe('both undefined\r\n')
  })

  it('is a bug where a command throws, and nothing is said of it', async () => {
    const { say, client, ended, log } = await openGreeted()
    await say('BUG', 'behind')
    expect(await client.readToEnd('answers')).toBe('')
    expect(await ended()).toBe('bug')
    expect(log.find('bug: session ended')).toMatchObject({ level: 'error' })
  })

  it('is none where a command finds the client gone', async () => {
    const { say, client, ended, log } = await openGreeted()
    await say('GONE')
    expect(await client.readToEnd('answers')).toBe('')
    expect(await ended()).toBe('client closed')
    expect(log.find('bug: session ended')).toBeUndefined()
  })
})

describe('time', () => {
  it('runs out for who does not log in, whatever else is sent', async () => {
    const { clock, say, hear, client, ended } = await openGreeted()
    await clock.advance(options.loginTimeoutMs - 1)
    await say('a')
    expect(await hear()).toBe('a')
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('login timeout\r\n')
    expect(await ended()).toBe('login timeout')
  })

  it('for a login begins anew when the client has logged out', async () => {
    const { clock, say, hear, client } = await openLoggedIn()
    await clock.advance(options.loginTimeoutMs)
    await say('LOGOUT')
    expect(await hear()).toBe('LOGOUT')
    await clock.advance(options.loginTimeoutMs - 1)
    expect(client.unread()).toBe('')
    await clock.advance(WATCH_INTERVAL_MS)
    expect(await client.readToEnd('timeout')).toBe('login timeout\r\n')
  })

  it('runs out without a command, and half a one is none', async () => {
    const { clock, client, say, hear, ended } = await openLoggedIn()
    await clock.advance(options.idleTimeoutMs - 1)
    await say('a')
    expect(await hear()).toBe('a')
    await clock.advance(options.idleTimeoutMs - 1)
    await client.write(Buffer.from('half'))
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('idle timeout\r\n')
    expect(await ended()).toBe('idle timeout')
  })

  it('does not run while a command does, and begins at its end', async () => {
    const { clock, protocol, client, hear } = await openBusy()
    await clock.advance(10 * options.idleTimeoutMs)
    protocol.gate.resolve()
    expect(await hear()).toBe('HOLD')
    await clock.advance(options.idleTimeoutMs - 1)
    expect(client.unread()).toBe('')
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('idle timeout\r\n')
  })

  it.each(['ASK', 'TWO'])('runs out for a command that waits for the client: %s', async (name) => {
    const { clock, say, client, connection } = await openLoggedIn()
    await say('before', name)
    await vi.waitFor(() => expect(client.unread()).toMatch(/^before/))
    await clock.advance(options.idleTimeoutMs)
    expect(await client.readToEnd('timeout')).toContain('idle timeout\r\n')
    await connection.done
  })

  it('runs from the beginning of a command that waits for the client', async () => {
    const { clock, say, client } = await openLoggedIn()
    await clock.advance(options.idleTimeoutMs - 1)
    await say('ASK')
    await vi.waitFor(() => expect(client.unread()).toBe('what?\r\n'))
    await clock.advance(options.idleTimeoutMs - 1)
    expect(client.unread()).toBe('what?\r\n')
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toMatch(/idle timeout\r\n$/)
  })

  it('runs out for a client that takes nothing', async () => {
    const { clock, socket, say, ended } = await openLoggedIn()
    const held = Promise.withResolvers<void>()
    socket._write = () => held.resolve()
    socket._writev = () => held.resolve()
    await say('FLOOD')
    await held.promise
    await clock.advance(options.writeTimeoutMs + WATCH_INTERVAL_MS)
    expect(await ended()).toBe('write timeout')
  })

  it('for a login runs during the handshake', async () => {
    const { clock, ended } = await open('implicit')
    await clock.advance(options.loginTimeoutMs + options.lingerMs)
    expect(await ended()).toBe('login timeout')
  })
})

describe('a stop', () => {
  it('sends away at once who is idle', async () => {
    const { connection, client, ended } = await openLoggedIn()
    connection.drain()
    expect(await client.readToEnd('end')).toBe('shutdown\r\n')
    expect(await ended()).toBe('shutdown')
  })

  it('waits for the command that runs, not for what was sent behind it', async () => {
    const { connection, client, protocol } = await openBusy('behind')
    connection.drain()
    expect(connection.ending).toBe(false)
    protocol.gate.resolve()
    expect(await client.readToEnd('end')).toBe('HOLD\r\nshutdown\r\n')
  })

  it('waits for all that was sent where the protocol wants that', async () => {
    const { connection, client, protocol } = await openBusy('behind')
    protocol.finishes = true
    connection.drain()
    protocol.gate.resolve()
    expect(await client.readToEnd('end')).toBe('HOLD\r\nbehind\r\nshutdown\r\n')
  })

  it('does not wait for a line of the client, but for the rest of a command', async () => {
    const asked = await openLoggedIn()
    await asked.say('ASK')
    expect(await asked.hear()).toBe('what?')
    asked.connection.drain()
    expect(await asked.client.readToEnd('end')).toBe('shutdown\r\n')

    const { connection, client, say, hear } = await openLoggedIn()
    await say('before', 'TWO')
    expect(await hear()).toBe('before')
    connection.drain()
    await say('lines')
    expect(await client.readToEnd('end')).toBe('both lines\r\nshutdown\r\n')
  })

  it('does not wait for a handshake', async () => {
    const { connection, ended } = await open('implicit')
    connection.drain()
    expect(await ended()).toBe('shutdown')
  })

  it('waits only a moment for the client to close its end', async () => {
    const { connection, staysFor, ended } = await openStaying()
    connection.drain()
    await staysFor(DRAIN_LINGER_MS)
    expect(await ended()).toBe('shutdown')
  })
})

describe('the end of an account', () => {
  it('is told at once to who is idle', async () => {
    const { connection, client, ended } = await openLoggedIn()
    connection.endAccount()
    expect(await client.readToEnd('end')).toBe('account ended\r\n')
    expect(await ended()).toBe('account ended')
  })

  it('comes before a stop that waits', async () => {
    const { connection, client, protocol } = await openBusy('behind')
    protocol.finishes = true
    connection.drain()
    connection.endAccount()
    protocol.gate.resolve()
    expect(await client.readToEnd('end')).toBe('HOLD\r\naccount ended\r\n')
  })

  it('is not changed by a stop that comes behind it', async () => {
    const { connection, client, protocol } = await openBusy()
    connection.endAccount()
    connection.drain()
    protocol.gate.resolve()
    expect(await client.readToEnd('end')).toBe('HOLD\r\naccount ended\r\n')
  })

  it.each(['ASK', 'TWO'])('does not wait for the client: %s', async (name) => {
    const { connection, client, say } = await openLoggedIn()
    await say('before', name)
    await vi.waitFor(() => expect(client.unread()).toMatch(/^before/))
    connection.endAccount()
    expect(await client.readToEnd('end')).toContain('account ended\r\n')
  })

  it('cuts a command off that takes too long', async () => {
    const { connection, client, clock, protocol, ended } = await openBusy()
    connection.endAccount()
    await clock.advance(ACCOUNT_ENDED_GRACE_MS - 1)
    expect(connection.ending).toBe(false)
    await clock.advance(1)
    expect(await client.readToEnd('end')).toBe('')
    protocol.gate.resolve()
    expect(await ended()).toBe('account ended')
  })
})

describe('TLS', () => {
  it('begins with the first byte where it is implicit', async () => {
    const { client, hear } = await open('implicit')
    await client.startTls()
    expect(await hear()).toBe('secure object')
    expect(await hear()).toBe('hello')
  })

  it('forgets what was sent in clear behind STARTTLS', async () => {
    const { client, say, hear } = await openGreeted()
    await say('STARTTLS', 'injected')
    expect(await hear()).toBe('begin')
    await client.startTls()
    expect(await hear()).toBe('secure object')
    await say('a')
    expect(await hear()).toBe('a')
  })

  it('ends with the connection where the handshake fails', async () => {
    const { client, ended } = await open('implicit')
    await client.write(Buffer.from('no handshake\r\n'))
    expect(await ended()).toBe('TLS failed')
  })

  it('ends with the connection where the client leaves instead', async () => {
    const { client, say, hear, ended } = await openGreeted()
    await say('STARTTLS')
    expect(await hear()).toBe('begin')
    client.end()
    expect(await ended()).toBe('TLS failed')
  })
})
