// COMPRESS=DEFLATE with a client of its own: the transcripts' player cannot speak it.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'

describe('COMPRESS=DEFLATE', () => {
  let server: ImapServer
  beforeAll(async () => {
    server = await startImapServer()
  })
  afterAll(() => server.stop())

  it('compresses both directions and is no longer offered then (RFC 4978 §3)', async () => {
    const client = await DeflatedClient.open(server.port, 'compress@example.test')
    const capabilities = await client.command('CAPABILITY')
    expect(capabilities).toContain('* CAPABILITY IMAP4rev1')
    expect(capabilities).not.toContain('COMPRESS')
    expect(await client.command('COMPRESS DEFLATE')).toMatch(/^c\d+ NO \[COMPRESSIONACTIVE\]/)
    client.close()
  })

  it('carries commands that follow in the same packet, literals, and bodies larger than its pieces', async () => {
    const login = 'compress-large@example.test'
    const inbox = await server.mailbox.inbox(accountId(login))
    const body = 'A line that compresses well.\r\n'.repeat(20_000)
    await server.seed(inbox, `Subject: large\r\n\r\n${body}`)
    const client = await DeflatedClient.open(server.port, login)
    await client.command('SELECT INBOX')
    const fetched = await client.command('FETCH 1 (BODY.PEEK[TEXT])')
    expect(fetched).toContain(`BODY[TEXT] {${body.length}}\r\n${body})\r\n`)
    expect(client.receivedBytes).toBeLessThan(body.length / 10)
    const appended = await client.command(`APPEND INBOX {${body.length}+}\r\n${body}`)
    expect(appended).toContain('* 2 EXISTS')
    client.close()
  })

  it('ends a compressed session with LOGOUT', async () => {
    const client = await DeflatedClient.open(server.port, 'compress-logout@example.test')
    expect(await client.command('LOGOUT')).toMatch(/^\* BYE /)
    await client.closed()
  })

  it('ends the connection where what comes is not compressed', async () => {
    const client = await DeflatedClient.open(server.port, 'compress-not@example.test')
    client.sendPlain('\xff'.repeat(100))
    await client.closed()
  })
})

class DeflatedClient {
  readonly #socket: Socket
  readonly #deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  readonly #inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
  #received = ''
  #tags = 0

  /** Logs in and sends a first NOOP compressed in the same packet as COMPRESS. */
  static async open(port: number, login: string): Promise<DeflatedClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'data')
    socket.write(`a1 LOGIN ${login} secret\r\n`)
    await once(socket, 'data')
    const client = new DeflatedClient(socket)
    const noop = client.#compressed('a3 NOOP\r\n')
    socket.write(Buffer.concat([Buffer.from('a2 COMPRESS DEFLATE\r\n'), await noop]))
    await client.#begin()
    await client.#until('a3 OK')
    return client
  }

  sendPlain(bytes: string): void {
    this.#socket.write(bytes, 'latin1')
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#inflate.on('data', (bytes: Buffer) => {
      this.#received += bytes.toString('latin1')
      this.#inflate.emit('received')
    })
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead
  }

  async command(text: string): Promise<string> {
    const tag = `c${++this.#tags}`
    this.#received = ''
    this.#socket.write(await this.#compressed(`${tag} ${text}\r\n`))
    await this.#until(`${tag} `)
    return this.#received
  }

  close(): void {
    this.#socket.destroy()
  }

  async closed(): Promise<void> {
    if (!this.#socket.readableEnded) await once(this.#socket, 'end')
  }

  /** The answer to COMPRESS comes in clear, whatever follows it does not. */
  async #begin(): Promise<void> {
    let clear = Buffer.alloc(0)
    while (!clear.includes('\r\n')) {
      const [chunk]: Buffer[] = await once(this.#socket, 'data')
      clear = Buffer.concat([clear, chunk ?? Buffer.alloc(0)])
    }
    const end = clear.indexOf('\r\n')
    expect(clear.toString('latin1', 0, end)).toMatch(/^a2 OK/)
    this.#inflate.write(clear.subarray(end + 2))
    this.#socket.pipe(this.#inflate)
  }

  async #until(text: string): Promise<void> {
    const isThere = () =>
      this.#received.endsWith('\r\n') && new RegExp(`^${text}`, 'm').test(this.#received)
    while (!isThere()) await once(this.#inflate, 'received')
  }

  async #compressed(text: string): Promise<Buffer> {
    const pieces: Buffer[] = []
    const collect = (piece: Buffer) => pieces.push(piece)
    this.#deflate.on('data', collect)
    await new Promise<void>((done) => {
      this.#deflate.write(text, 'latin1', () => done())
    })
    this.#deflate.off('data', collect)
    return Buffer.concat(pieces)
  }
}
