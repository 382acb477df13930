// The client end of one connection to a mail server under test: writes bytes, reads up to what ends an answer, starts TLS.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect as connectTls,
  type PeerCertificate,
  TLSSocket,
} from 'node:tls'

/** A server that does not answer fails the test after this long. */
const ANSWER_TIMEOUT_MS = 20_000

export class Wire {
  static async open(port: number, tls = false, localAddress?: string): Promise<Wire> {
    const source = localAddress === undefined ? {} : { localAddress }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...source })
    await once(socket, 'connect')
    const wire = new Wire(socket)
    if (tls) await wire.startTls()
    return wire
  }

  #socket: Socket
  #buffer = Buffer.alloc(65_536)
  #length = 0
  #ended = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Everything received so far, once the last bytes are such that `isWhole` says so. */
  async read(isWhole: (received: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const received = this.#received()
      if (received.length > 0 && isWhole(received)) {
        this.#length = 0
        return Buffer.from(received)
      }
      if (this.#ended) throw new Error(`the server closed after '${received.toString('latin1')}'`)
      await this.#more()
    }
  }

  /** Resolves when the server has closed; to what it said last. */
  async closed(): Promise<string> {
    while (!this.#ended) await this.#more()
    return this.#received().toString('latin1')
  }

  async startTls(options: ConnectionOptions = {}): Promise<void> {
    this.#socket.removeAllListeners()
    // Servers under test have self-signed certificates.
    this.#socket = connectTls({ socket: this.#socket, rejectUnauthorized: false, ...options })
    await once(this.#socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    this.#listen()
  }

  /** The server's. */
  certificate(): PeerCertificate {
    return this.tls().getPeerCertificate()
  }

  tls(): TLSSocket {
    if (!(this.#socket instanceof TLSSocket)) throw new Error('no TLS here')
    return this.#socket
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#keep(chunk)
      this.#wake()
    })
    for (const end of ['end', 'close', 'error']) {
      this.#socket.on(end, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  #received(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #keep(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#buffer.length) this.#buffer = Buffer.concat([this.#received()], 2 * length)
    chunk.copy(this.#buffer, this.#length)
    this.#length = length
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#wake = resolve
    const late = () => reject(new Error(`no answer after '${this.#received()}'`))
    const timer = setTimeout(late, ANSWER_TIMEOUT_MS)
    try {
      await promise
    } finally {
      clearTimeout(timer)
    }
  }
}
