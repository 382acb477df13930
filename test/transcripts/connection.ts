// The client end of one connection of a transcript: collects what the server sends and hands it out by line or count.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

/** A server that does not answer fails the case after this long. */
const ANSWER_TIMEOUT_MS = 15_000
/** Long sends are trickled in this many pieces, not byte by byte, so that a case stays short. */
const TRICKLE_PIECES_MAX = 4_096

export class Connection {
  static async open(target: {
    readonly port: number
    readonly host?: string
    readonly implicitTls?: boolean
  }): Promise<Connection> {
    const socket = connect({ port: target.port, host: target.host ?? '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const connection = new Connection(socket)
    if (target.implicitTls) await connection.startTls()
    return connection
  }

  #socket: Socket
  #received = ''
  #ended = false
  #error: Error | undefined
  #wake: () => void = () => {}
  /** As if no message were \Recent (IMAP4rev1): which are is the matter of few cases. */
  hidesRecent = false
  /** The last two lines. */
  #before: readonly [string, string] = ['', '']

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  #listen(): void {
    const settle = (): void => {
      this.#ended = true
      this.#wake()
    }
    this.#socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1')
      this.#wake()
    })
    this.#socket.on('end', settle)
    this.#socket.on('close', settle)
    this.#socket.on('error', (error) => {
      this.#error = error
      settle()
    })
  }

  async write(bytes: Uint8Array): Promise<void> {
    // Not awaited: a server may answer, or close, before it has read everything.
    this.#socket.write(bytes)
    await turn()
  }

  /** Lets the server read each byte before the next is sent. */
  async trickle(bytes: Uint8Array): Promise<void> {
    const step = Math.max(1, Math.ceil(bytes.length / TRICKLE_PIECES_MAX))
    for (let at = 0; at < bytes.length && !this.#socket.destroyed; at += step) {
      await this.write(bytes.subarray(at, at + step))
    }
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners()
    const plain = this.#socket
    // Self-signed certificates are what servers under test have.
    const secure = connectTls({ socket: plain, rejectUnauthorized: false })
    this.#socket = secure
    try {
      await once(secure, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    } catch (cause) {
      throw new Error('the TLS handshake failed', { cause })
    }
    this.#listen()
  }

  /** Up to the next CRLF, decoded from UTF-8. */
  async readLine(where: string): Promise<string> {
    let end: number
    while ((end = this.#received.indexOf('\r\n')) < 0) await this.#more(where)
    const line = this.#received.slice(0, end)
    this.#received = this.#received.slice(end + 2)
    const text = Buffer.from(line, 'latin1').toString('utf8')
    if (!this.hidesRecent) return text
    const [lastButOne, last] = this.#before
    if (/^\* \d+ RECENT$/.test(text)) {
      // In the answer to SELECT it always stands; else only when messages came.
      return lastButOne.startsWith('* OK [PERMANENTFLAGS') ? '* 0 RECENT' : this.readLine(where)
    }
    this.#before = [last, text]
    return text.replaceAll('\\Recent ', '').replaceAll(/ ?\\Recent/g, '')
  }

  /** As byte string. */
  async readBytes(count: number, where: string): Promise<string> {
    while (this.#received.length < count) await this.#more(where)
    const bytes = this.#received.slice(0, count)
    this.#received = this.#received.slice(count)
    return bytes
  }

  /** What comes until the server closes, as byte string. */
  async readToEnd(where: string): Promise<string> {
    while (!this.#ended) await this.#more(where)
    return this.unread()
  }

  unread(): string {
    return this.hidesRecent ? this.#received.replaceAll(/^\* \d+ RECENT\r\n/gm, '') : this.#received
  }

  async #more(where: string): Promise<void> {
    const had = JSON.stringify(this.#received)
    if (this.#ended) {
      const error = this.#error ? ` (${this.#error.message})` : ''
      throw new Error(`${where}: the server closed${error} having sent only ${had}`)
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = setTimeout(
      () => reject(new Error(`${where}: no answer; unread so far: ${had}`)),
      ANSWER_TIMEOUT_MS,
    )
    try {
      await promise
    } finally {
      clearTimeout(timer)
    }
  }
}
