import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { constants, createInflateRaw, deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  BAD_COMMANDS_MAX,
  imapDefaults,
  LINGER_MS,
  UNAUTHENTICATED_LITERAL_BYTES_MAX,
} from '#services/imap/config.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { accountId, startImapServer } from '#test/support/imap-server.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { Connection } from '#test/transcripts/connection.ts'

const login = 'ann@example.test'
/** RFC 9051 §5.4 */
const IDLE_TIMEOUT_MS_MIN = 30 * 60_000
const { idleTimeoutMs, loginTimeoutMs, writeTimeoutMs } = imapDefaults

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function start(given: Parameters<typeof startImapServer>[0] = {}) {
  const server = await startImapServer(given)
  resources.defer(server.stop)
  return server
}

async function open(port: number): Promise<Connection> {
  const client = await Connection.open({ port })
  resources.defer(() => client.destroy())
  return client
}

async function greeted(port: number): Promise<Connection> {
  const client = await open(port)
  await client.readLine('greeting')
  return client
}

async function loggedIn(port: number, name = login): Promise<Connection> {
  const client = await greeted(port)
  expect(await say(client, `a LOGIN ${name} secret`)).toMatch(/^a OK/)
  return client
}

/** Sends a line and reads one. */
async function say(client: Connection, text: string): Promise<string> {
  await client.write(Buffer.from(`${text}\r\n`, 'latin1'))
  return client.readLine(text)
}

const gone = ({ listener }: { readonly listener: { readonly connections: number } }) =>
  vi.waitFor(() => expect(listener.connections).toBe(0))

describe('connections', () => {
  it('of one address are limited, and one may come when one has gone', async () => {
    const { port, listener } = await start({ options: { clientConnectionCountLimit: 2 } })
    const first = await greeted(port)
    await greeted(port)
    expect(await (await open(port)).readToEnd('refusal')).toBe(
      '* BYE [UNAVAILABLE] Too many connections\r\n',
    )
    first.destroy()
    await vi.waitFor(() => expect(listener.connections).toBe(1))
    expect(await (await open(port)).readLine('greeting')).toMatch(/^\* OK/)
  })

  it('of all together are limited', async () => {
    const { port } = await start({ options: { connectionCountLimit: 1 } })
    await greeted(port)
    expect(await (await open(port)).readToEnd('refusal')).toMatch(/^\* BYE \[UNAVAILABLE\]/)
  })

  it('of one account are limited; others may come', async () => {
    const { port, listener } = await start({ options: { accountConnectionCountLimit: 2 } })
    const first = await loggedIn(port)
    await loggedIn(port)
    const third = await greeted(port)
    expect(await say(third, `b LOGIN ${login} secret`)).toMatch(/^b NO \[LIMIT\]/)
    expect(await say(third, 'c LOGIN bob@example.test secret')).toMatch(/^c OK/)
    first.destroy()
    await vi.waitFor(() => expect(listener.connections).toBe(2))
    await loggedIn(port)
  })
})

describe('a client that does not log in', () => {
  it.each([1, 2, 5])('is sent away, with BYE, after %d failures', async (loginFailuresMax) => {
    const { port } = await start({ options: { loginFailuresMax } })
    const client = await greeted(port)
    for (let failure = 1; failure <= loginFailuresMax; failure++) {
      expect(await say(client, `a LOGIN ${login} wrong`)).toMatch(/^a NO \[AUTHENTICATIONFAILED\]/)
    }
    expect(await client.readToEnd('end')).toBe('* BYE Too many failed logins\r\n')
  })

  it('may send few commands, good or bad', async () => {
    const { port } = await start()
    const client = await greeted(port)
    await client.write(Buffer.from('a NOOP\r\n'.repeat(BAD_COMMANDS_MAX + 10)))
    const lines = (await client.readToEnd('end')).trimEnd().split('\r\n')
    expect(lines).toHaveLength(BAD_COMMANDS_MAX + 2)
    expect(lines.at(-1)).toBe('* BYE Too many errors')
  })

  it('is sent away after a while, whatever it sends', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock })
    const client = await greeted(port)
    await clock.advance(loginTimeoutMs - 1)
    expect(await say(client, 'a NOOP')).toBe('a OK NOOP completed')
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('* BYE Idle for too long\r\n')
  })

  it('is sent away in the middle of AUTHENTICATE', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock })
    const client = await greeted(port)
    expect(await say(client, 'a AUTHENTICATE PLAIN')).toBe('+ ')
    await clock.advance(loginTimeoutMs)
    expect(await client.readToEnd('timeout')).toMatch(/^\* BYE Idle for too long\r\n/)
  })

  it('is cut off in the middle of a TLS handshake', async () => {
    const clock = new ManualClock()
    const server = await start({ clock })
    await open(server.tlsPort)
    await vi.waitFor(() => expect(server.listener.connections).toBe(1))
    // Accepted behind it, and served: it is still awaited then.
    const behind = await Connection.open({ port: server.tlsPort, implicitTls: true })
    resources.defer(() => behind.destroy())
    expect(await behind.readLine('greeting')).toMatch(/^\* OK/)
    await clock.advance(loginTimeoutMs - 1)
    expect(server.listener.connections).toBe(2)
    await clock.advance(1 + LINGER_MS)
    await gone(server)
  })

  it('is not asked for a large literal, and may not send one', async () => {
    const { port } = await start()
    const client = await greeted(port)
    const bytes = UNAUTHENTICATED_LITERAL_BYTES_MAX + 1
    expect(await say(client, `a LOGIN {${bytes}}`)).toMatch(/^a NO \[TOOBIG\]/)
    const text = 'x'.repeat(bytes)
    expect(await say(client, `b LOGIN {${bytes}+}\r\n${text} y`)).toMatch(/^b NO \[TOOBIG\]/)
    expect(await say(client, `c LOGIN {3}`)).toMatch(/^\+ /)
    expect(await say(client, `ann secret`)).toMatch(/^c OK/)
  })

  it('may not send many small literals', async () => {
    const { port } = await start()
    const client = await greeted(port)
    const literal = ` {4000+}\r\n${'x'.repeat(4000)}`
    expect(await say(client, `a LOGIN${literal.repeat(20)}`)).toMatch(/^a NO \[TOOBIG\]/)
    expect(await say(client, 'b NOOP')).toMatch(/^b OK/)
  })
})

describe('a client that is logged in', () => {
  it('may make few mistakes in a row', async () => {
    const { port } = await start()
    const client = await loggedIn(port)
    await client.write(Buffer.from('a NONSENSE\r\n'.repeat(BAD_COMMANDS_MAX + 10)))
    const lines = (await client.readToEnd('end')).trimEnd().split('\r\n')
    expect(lines.at(-1)).toBe('* BYE Too many errors')
    expect(lines.filter((line) => line.startsWith('a BAD'))).toHaveLength(BAD_COMMANDS_MAX + 1)
  })

  it('may make any number of mistakes among what is right', async () => {
    const { port } = await start()
    const client = await loggedIn(port)
    const run = `${'a NONSENSE\r\n'.repeat(BAD_COMMANDS_MAX)}b APPEND nosuch {1+}\r\nx\r\n`
    await client.write(Buffer.from(`${run.repeat(3)}z LOGOUT\r\n`))
    const lines = (await client.readToEnd('end')).trimEnd().split('\r\n')
    expect(lines.filter((line) => line.startsWith('a BAD'))).toHaveLength(3 * BAD_COMMANDS_MAX)
    expect(lines.slice(-2)).toEqual(['* BYE See you', 'z OK LOGOUT completed'])
  })

  it('may pipeline ten thousand commands', async () => {
    const { port } = await start()
    const client = await loggedIn(port)
    const count = 10_000
    const commands = Array.from({ length: count }, (_, at) => `n${at} NOOP\r\n`)
    await client.write(Buffer.from(`${commands.join('')}z LOGOUT\r\n`))
    const lines = (await client.readToEnd('answers')).split('\r\n')
    expect(lines.slice(0, count)).toEqual(
      Array.from({ length: count }, (_, at) => `n${at} OK NOOP completed`),
    )
    expect(lines.slice(count)).toEqual(['* BYE See you', 'z OK LOGOUT completed', ''])
  })

  it('hears the end though it has sent more than is read', async () => {
    const { port } = await start()
    const client = await loggedIn(port)
    await client.write(Buffer.from(`z LOGOUT\r\n${'a NOOP\r\n'.repeat(500_000)}`))
    expect(await client.readToEnd('answers')).toBe('* BYE See you\r\nz OK LOGOUT completed\r\n')
  })

  it('is not asked for a message over the limit, and may not send one', async () => {
    const { port } = await start({ options: { messageSizeLimit: 1_000 } })
    const client = await loggedIn(port)
    expect(await say(client, 'a APPEND INBOX {1001}')).toMatch(/^a NO \[TOOBIG\]/)
    const text = 'x'.repeat(200_000)
    expect(await say(client, `b APPEND INBOX {200000+}\r\n${text}`)).toMatch(/^b NO \[TOOBIG\]/)
    expect(await say(client, `c APPEND INBOX {1000+}\r\n${'x'.repeat(1_000)}`)).toMatch(/^c OK/)
  })
})

describe('an idle session', () => {
  it('ends half an hour after its last command', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock })
    const client = await loggedIn(port)
    await clock.advance(IDLE_TIMEOUT_MS_MIN)
    expect(await say(client, 'a NOOP')).toMatch(/^a OK/)
    await clock.advance(idleTimeoutMs - 1)
    // Half a command is no sign of life.
    await client.write(Buffer.from('b NOO'))
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('* BYE Idle for too long\r\n')
  })

  // RFC 9051 §5.4: a command resets the timer; it is IDLE's own beginning that counts, not the command before.
  it('in IDLE ends half an hour after IDLE began', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock })
    const client = await loggedIn(port)
    await clock.advance(20 * 60_000)
    expect(await say(client, 'a IDLE')).toBe('+ idling')
    await clock.advance(IDLE_TIMEOUT_MS_MIN)
    expect(await say(client, 'DONE')).toBe('a OK IDLE completed')
    expect(await say(client, 'b IDLE')).toBe('+ idling')
    await clock.advance(idleTimeoutMs)
    expect(await client.readToEnd('timeout')).toMatch(/^\* BYE Idle for too long\r\n/)
  })

  it('ends in the middle of a literal when nothing comes any more', async () => {
    const clock = new ManualClock()
    const server = await start({ clock })
    const client = await loggedIn(server.port)
    expect(await say(client, 'a APPEND INBOX {100}')).toMatch(/^\+ /)
    for (let piece = 0; piece < 3; piece++) {
      await clock.advance(IDLE_TIMEOUT_MS_MIN)
      await client.trickle(Buffer.from('0123456789'))
    }
    await clock.advance(idleTimeoutMs + LINGER_MS)
    expect(await client.readToEnd('timeout')).toBe('* BYE Idle for too long\r\n')
    await gone(server)
    const folder = await server.mailbox.inbox(accountId(login))
    expect((await server.mailbox.snapshot(folder)).messages).toEqual([])
  })
})

describe('a client that does not read', () => {
  const bytes = 50 * 1024 * 1024

  /** A session that asked for a large message and reads nothing of it. */
  async function stalled(clock: ManualClock) {
    const { store, close } = await openEmbedded()
    resources.defer(close)
    const read = { bytes: 0 }
    const { tables, queues, signals, space } = store
    const observed: Store = {
      tables,
      queues,
      signals,
      space,
      objects: counting(store.objects, read),
      [Symbol.asyncDispose]: async () => {},
    }
    const server = await start({ clock, store: observed })
    const inbox = await server.mailbox.inbox(accountId(login))
    await server.seed(inbox, `Subject: large\r\n\r\n${'line of text\r\n'.repeat(bytes / 14)}`)
    read.bytes = 0
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    resources.defer(() => void socket.destroy())
    socket.on('error', () => {}).pause()
    socket.write(`a LOGIN ${login} secret\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\nd LOGOUT\r\n`)
    let before = -1
    // Until the system's buffers are full and nothing is read from the store any more.
    await vi.waitFor(
      () => {
        const grows = read.bytes !== before || read.bytes === 0
        before = read.bytes
        expect(grows).toBe(false)
      },
      { interval: 100, timeout: 10_000 },
    )
    return { ...server, socket, read }
  }

  it('stops the reading of the message', async () => {
    const { read } = await stalled(new ManualClock())
    expect(read.bytes).toBeLessThan(bytes / 2)
  })

  it('is cut off after the write timeout', async () => {
    const clock = new ManualClock()
    const server = await stalled(clock)
    await clock.advance(writeTimeoutMs + 30_000)
    await gone(server)
  })
})

const deflatedText = (text: string) =>
  deflateRawSync(Buffer.from(text), { finishFlush: constants.Z_SYNC_FLUSH })

describe('COMPRESS', () => {
  async function compressed(port: number): Promise<Connection> {
    const client = await loggedIn(port)
    expect(await say(client, 'c COMPRESS DEFLATE')).toMatch(/^c OK/)
    return client
  }

  it('does not let a small input become a large command', async () => {
    const { port } = await start()
    const socket = connect({ port, host: '127.0.0.1' })
    resources.defer(() => void socket.destroy())
    const answers = await textBefore(
      socket,
      /c OK/,
      `a LOGIN ${login} secret\r\nc COMPRESS DEFLATE\r\n`,
    )
    expect(answers).toMatch(/^\* OK/)
    const inflated = socket.pipe(createInflateRaw())
    let text = ''
    inflated.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    // 32 MB in 32 KB.
    const bomb = deflateRawSync(Buffer.alloc(32 * 1024 * 1024, 'x'), {
      finishFlush: constants.Z_SYNC_FLUSH,
    })
    socket.write(Buffer.concat([bomb, deflatedText('\r\nd NOOP\r\n')]))
    await vi.waitFor(() => expect(text).toContain('d OK'), { timeout: 10_000 })
    expect(text).toBe('* BAD Command line too long\r\nd OK NOOP completed\r\n')
  })

  it('sends all that was asked for before it ends, to a client that has ended already', async () => {
    const server = await start()
    const inbox = await server.mailbox.inbox(accountId(login))
    const body = randomBytes(2_000_000).toString('base64')
    await server.seed(inbox, `Subject: large\r\n\r\n${body}`)
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    resources.defer(() => void socket.destroy())
    await textBefore(socket, /c OK/, `a LOGIN ${login} secret\r\nc COMPRESS DEFLATE\r\n`)
    const inflated = text(socket.pipe(createInflateRaw()))
    socket.end(deflatedText('d SELECT INBOX\r\ne FETCH 1 BODY[TEXT]\r\nf LOGOUT\r\n'))
    expect((await inflated).includes(`{${body.length}}\r\n${body})`)).toBe(true)
    expect((await inflated).slice(-50)).toMatch(/\r\nf OK LOGOUT completed\r\n$/)
  })

  it('ends the connection when the input is no DEFLATE', async () => {
    const server = await start()
    const client = await compressed(server.port)
    await client.write(Buffer.alloc(1_000, 0xff))
    await gone(server)
  })

  it('does not keep a connection open after its end', async () => {
    const clock = new ManualClock()
    const server = await start({ clock })
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    resources.defer(() => void socket.destroy())
    await textBefore(socket, /c OK/, `a LOGIN ${login} secret\r\nc COMPRESS DEFLATE\r\n`)
    socket.resume().write(deflatedText('d LOGOUT\r\n'))
    await once(socket, 'end')
    await clock.advance(LINGER_MS)
    await gone(server)
  })

  it('does not hold up the end of the listener', async () => {
    const { port, listener } = await start()
    await compressed(port)
    await listener.close({ graceMs: 0 })
    expect(listener.connections).toBe(0)
  })
})

describe('shutdown', () => {
  it('says BYE to those who wait and to those in IDLE', async () => {
    const { port, listener } = await start()
    const waits = await greeted(port)
    const idles = await loggedIn(port)
    await say(idles, 'a SELECT INBOX')
    await idles.write(Buffer.from('b IDLE\r\n'))
    await vi.waitFor(() => expect(idles.unread()).toContain('+ idling'))
    const logsIn = await greeted(port)
    await say(logsIn, 'a AUTHENTICATE PLAIN')
    const closed = listener.close({ graceMs: 60_000 })
    for (const client of [waits, idles, logsIn]) {
      const said = await client.readToEnd('BYE')
      expect(said).toMatch(/\* BYE Server is restarting, please reconnect\r\n$/)
      client.destroy()
    }
    await closed
  })

  it('says it to one after the other when there is time, and takes nobody new', async () => {
    const clock = new ManualClock()
    const { port, listener } = await start({ clock })
    const clients: Connection[] = []
    for (let i = 0; i < 3; i++) {
      const client = await loggedIn(port, `user${i}@example.test`)
      await client.write(Buffer.from('b IDLE\r\n'))
      await vi.waitFor(() => expect(client.unread()).toContain('+ idling'))
      clients.push(client)
    }
    const closed = listener.close({ graceMs: 5_000, paceMs: 3_000 })
    await expect(open(port)).rejects.toThrow('ECONNREFUSED')
    for (const [index, client] of clients.entries()) {
      expect(await client.readToEnd('BYE')).toMatch(/\* BYE Server is restarting/)
      expect(clients.slice(index + 1).filter(hasBye)).toEqual([])
      client.destroy()
      if (index < 2) await clock.advance(1_000)
    }
    await closed
  })

  it('lets a message arrive first', async () => {
    const { port, listener } = await start()
    const client = await loggedIn(port)
    expect(await say(client, 'a APPEND INBOX {10}')).toMatch(/^\+ /)
    await client.write(Buffer.from('01234'))
    const closed = listener.close({ graceMs: 60_000 })
    await client.write(Buffer.from('56789\r\n'))
    expect(await client.readToEnd('BYE')).toMatch(
      /^a OK \[APPENDUID \d+ 1\] APPEND completed\r\n\* BYE Server is restarting/,
    )
    client.destroy()
    await closed
  })

  it('answers nothing that was sent behind the command that ran', async () => {
    const { port, listener } = await start()
    const client = await loggedIn(port)
    expect(await say(client, 'a APPEND INBOX {10}')).toMatch(/^\+ /)
    await client.write(Buffer.from('01234'))
    const closed = listener.close({ graceMs: 60_000 })
    await client.write(Buffer.from('56789\r\nb NOOP\r\n'))
    expect(await client.readToEnd('BYE')).toMatch(/^a OK [^\r\n]+\r\n\* BYE [^\r\n]+\r\n$/)
    client.destroy()
    await closed
  })
})

function hasBye(client: Connection): boolean {
  return client.unread().includes('* BYE')
}

/** Writes and collects what comes up to the pattern. */
async function textBefore(socket: Socket, pattern: RegExp, write: string): Promise<string> {
  socket.write(write)
  let text = ''
  while (!pattern.test(text)) {
    const [chunk]: Buffer[] = await once(socket, 'data')
    text += chunk?.toString('latin1')
  }
  socket.pause()
  return text
}

/** Counts what is read of the objects. */
function counting(objects: ObjectStore, read: { bytes: number }): ObjectStore {
  return {
    put: (...given) => objects.put(...given),
    stage: (...given) => objects.stage(...given),
    size: (key) => objects.size(key),
    delete: (key) => objects.delete(key),
    list: (...given) => objects.list(...given),
    async read(...given) {
      const bytes = await objects.read(...given)
      read.bytes += bytes?.length ?? 0
      return bytes
    },
    async stream(...given) {
      const chunks = await objects.stream(...given)
      return chunks && counted(chunks, read)
    },
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, read: { bytes: number }) {
  for await (const chunk of chunks) {
    read.bytes += chunk.length
    yield chunk
  }
}
