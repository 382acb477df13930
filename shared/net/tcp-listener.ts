// Sockets of a line protocol: endpoints with and without TLS from the first byte, limits for connections in all and per address,
// the certificate, and an orderly end. What is said on a connection is its protocol's business.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { hotContext, type SecureContextSource } from './hot-context.ts'
import type { CertificateSource } from './tls/certificate-source.ts'
import type { TlsPolicy } from './tls/tls-options.ts'

export type Endpoint = {
  /** Empty for all addresses of the machine. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** `starttls`: begins in clear and can change to TLS. `implicit`: TLS from the first byte (RFC 8314 §3). */
  readonly tls: 'starttls' | 'implicit'
}

export interface ListenedConnection {
  /** Resolves when the connection is gone and nothing runs for it any more. */
  readonly done: Promise<void>
  start(tls: Endpoint['tls']): void
  /** Ends as soon as the protocol allows. */
  drain(): void
  /** Ends now. */
  destroy(reason: 'shutdown'): void
}

export type TcpListenerOptions = {
  /** Names the protocol in the log and in errors. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly tls: TlsPolicy
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Said to a connection over a limit, with its line end. */
  readonly tooManyConnections: string
}

export type TcpListenerParts = {
  /** Without it nothing changes to TLS, and endpoints with implicit TLS refuse to start. */
  readonly certificates: Pick<CertificateSource, 'current' | 'onChange'> | undefined
  readonly connect: (
    socket: Socket,
    remoteAddress: string,
    secureContext: SecureContextSource | undefined,
  ) => ListenedConnection
  readonly clock: Clock
  readonly log: Log
}

export class TcpListener {
  readonly #options: TcpListenerOptions
  readonly #parts: TcpListenerParts
  readonly #secureContext: SecureContextSource | undefined
  readonly #servers: Server[] = []
  readonly #connections = new Set<ListenedConnection>()
  readonly #perAddress = new Map<string, number>()

  constructor(options: TcpListenerOptions, parts: TcpListenerParts) {
    this.#options = options
    this.#parts = parts
    this.#secureContext = parts.certificates && hotContext(parts.certificates, options.tls)
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** Opens every endpoint, or none and rejects. Resolves to the addresses in the order of the options. */
  async listen(): Promise<readonly AddressInfo[]> {
    try {
      const addresses: AddressInfo[] = []
      for (const endpoint of this.#options.endpoints) addresses.push(await this.#open(endpoint))
      return addresses
    } catch (error) {
      await this.close({ graceMs: 0 })
      throw error
    }
  }

  async #open({ host, port, tls }: Endpoint): Promise<AddressInfo> {
    const { name } = this.#options
    const { log } = this.#parts
    if (tls === 'implicit' && this.#secureContext === undefined) {
      throw new Error(`${name} with implicit TLS on port ${port} needs a certificate`)
    }
    // Half open, so that whoever closes after the last command still gets the replies.
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true })
    server.on('connection', (socket) => this.accept(socket, tls))
    this.#servers.push(server)
    server.listen(host === '' ? { port } : { host, port })
    await once(server, 'listening')
    server.on('error', (error) => log.error({ err: error, port }, `${name} socket`))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not a TCP socket')
    log.info({ host: address.address, port: address.port, tls }, `${name} listening`)
    return address
  }

  /** Takes a connection accepted elsewhere; `remoteAddress` when a proxy stands before it. */
  accept(socket: Socket, tls: Endpoint['tls'], remoteAddress = socket.remoteAddress): void {
    // The client was gone before we looked.
    if (remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const address = remoteAddress.replace(/^::ffff:/, '')
    if (this.#isFull(address)) {
      this.#refuse(socket, tls, address)
      return
    }
    const connection = this.#parts.connect(socket, address, this.#secureContext)
    this.#count(address, 1)
    this.#connections.add(connection)
    void connection.done.finally(() => {
      this.#connections.delete(connection)
      this.#count(address, -1)
    })
    connection.start(tls)
  }

  #isFull(address: string): boolean {
    const { connectionsMax, connectionsPerAddressMax } = this.#options
    if (this.#connections.size >= connectionsMax) return true
    return (this.#perAddress.get(address) ?? 0) >= connectionsPerAddressMax
  }

  #count(address: string, change: 1 | -1): void {
    const count = (this.#perAddress.get(address) ?? 0) + change
    if (count === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, count)
  }

  #refuse(socket: Socket, tls: Endpoint['tls'], remoteAddress: string): void {
    this.#parts.log.warn({ remoteAddress }, 'too many connections')
    socket.on('error', () => {})
    // A handshake just to say so would be the most expensive refusal.
    if (tls === 'starttls') socket.write(this.#options.tooManyConnections)
    socket.destroySoon()
  }

  /** Stops accepting, lets connections drain for so long, then ends them. */
  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    )
    for (const connection of this.#connections) connection.drain()
    const ended = Promise.all([...this.#connections].map(({ done }) => done))
    const grace = new AbortController()
    await Promise.race([ended, this.#parts.clock.sleep(graceMs, grace.signal)])
    grace.abort()
    for (const connection of this.#connections) connection.destroy('shutdown')
    await ended
    await Promise.all(closed)
  }
}
