// Sockets of a line protocol: endpoints with and without TLS from the first byte, limits for connections in all and per address,
// the certificate, and an orderly end. What is said on a connection is its protocol's business.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { acceptedSockets } from './accepted-sockets.ts'
import { type Client, ClientGate, type ClientGateOptions } from './client-gate.ts'
import { clientNetwork } from './client-network.ts'
import { type CloseOptions, drainConnections } from './drain.ts'
import { hotContext, type SecureContextSource } from './hot-context.ts'
import { listenOn } from './inherited-sockets.ts'
import { RepeatedLines } from './repeated-lines.ts'
import type { CertificateSource } from './tls/certificate.ts'
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

export type TcpListenerOptions = ClientGateOptions & {
  /** Names the protocol in the log and in errors. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly tls: TlsPolicy
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
    /** For what a client can make us say as fast as it likes. */
    lines: RepeatedLines,
  ) => ListenedConnection
  readonly clock: Clock
  readonly log: Log
}

export class TcpListener {
  readonly #options: TcpListenerOptions
  readonly #parts: TcpListenerParts
  readonly #secureContext: SecureContextSource | undefined
  readonly #servers: Server[] = []
  readonly #gate: ClientGate
  readonly #connections = new Set<ListenedConnection>()
  readonly #refusals: RepeatedLines
  readonly #lines: RepeatedLines

  constructor(options: TcpListenerOptions, parts: TcpListenerParts) {
    this.#options = options
    this.#parts = parts
    this.#secureContext = parts.certificates && hotContext(parts.certificates, options.tls)
    this.#gate = new ClientGate(options, parts)
    this.#refusals = new RepeatedLines('warn', parts)
    this.#lines = new RepeatedLines('info', parts)
  }

  /** Connections open now, also those whose PROXY header is not there yet. */
  get connections(): number {
    return this.#gate.connections
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
    const server = createServer(acceptedSockets)
    server.on('connection', (socket) => this.accept(socket, tls))
    this.#servers.push(server)
    listenOn(server, host, port)
    await once(server, 'listening')
    server.on('error', (error) => log.error({ error, port }, `${name} socket`))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not a TCP socket')
    // As the settings name it: `imaps` is `imap` with TLS from the first byte.
    const listener = `${name.toLowerCase()}${tls === 'implicit' ? 's' : ''}`
    log.info({ listener, ...address }, 'listening')
    return address
  }

  /** Also takes a connection accepted elsewhere. */
  accept(socket: Socket, tls: Endpoint['tls']): void {
    this.#gate.enter(socket, {
      admitted: (client, leave) => this.#serve({ socket, tls, client, leave }),
      refused: (client) => this.#refuse(socket, tls, client),
    })
  }

  #serve(admitted: {
    readonly socket: Socket
    readonly tls: Endpoint['tls']
    readonly client: Client
    readonly leave: () => void
  }): void {
    const { socket, tls, client, leave } = admitted
    const { connect } = this.#parts
    const connection = connect(socket, client.address, this.#secureContext, this.#lines)
    this.#connections.add(connection)
    void connection.done.finally(() => {
      this.#connections.delete(connection)
      leave()
    })
    connection.start(tls)
  }

  #refuse(socket: Socket, tls: Endpoint['tls'], { address }: Client): void {
    const { log } = this.#parts
    const fields = { remoteAddress: address }
    this.#refusals.write(clientNetwork(address), log, fields, 'too many connections')
    // A handshake just to say so would be the most expensive refusal.
    if (tls === 'starttls') socket.write(this.#options.tooManyConnections)
    socket.destroySoon()
  }

  /** Stops accepting, lets connections drain, then ends them. */
  async close(options: CloseOptions): Promise<void> {
    const { clock } = this.#parts
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    )
    this.#gate.close()
    this.#refusals.close()
    this.#lines.close()
    const ended = Promise.all([...this.#connections].map(({ done }) => done))
    await drainConnections(this.#connections, { ...options, ended, clock })
    for (const connection of this.#connections) connection.destroy('shutdown')
    await ended
    await Promise.all(closed)
  }
}
