// The POP3 listener: its sockets, who may connect, the certificate, and an orderly end. Sessions live in connection.ts.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateSource } from '#shared/net/tls/certificate-source.ts'
import { type TlsPolicy, tlsOptions } from '#shared/net/tls/tls-options.ts'
import type { Pop3Endpoint, Pop3Options } from './config.ts'
import { Connection, type SecureContextSource } from './connection.ts'
import { noMaildropLock } from './maildrop-lock.ts'
import { replies } from './replies.ts'
import type { Services } from './session.ts'

export type Pop3Dependencies = Omit<Services, 'options'> & {
  /** Without it there is no STLS, and endpoints with implicit TLS refuse to start. */
  readonly certificates: CertificateSource | undefined
}

export interface Pop3Listener {
  /** Opens every endpoint, or none and rejects. Resolves to the addresses in the order of the options. */
  listen(): Promise<readonly AddressInfo[]>
  /** Takes a connection accepted elsewhere; `remoteAddress` when a proxy stands before it. */
  accept(socket: Socket, tls: Pop3Endpoint['tls'], remoteAddress?: string): void
  /** Sessions open now. */
  readonly connections: number
  /** Stops accepting, lets sessions that have logged in go on for so long, then ends them; what they marked stays. */
  close(grace: { readonly graceMs: number }): Promise<void>
}

export function createPop3Listener(
  options: Pop3Options,
  dependencies: Pop3Dependencies,
): Pop3Listener {
  return new Listener(options, dependencies)
}

class Listener implements Pop3Listener {
  readonly #services: Services
  readonly #secureContext: SecureContextSource | undefined
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #perAddress = new Map<string, number>()

  constructor(options: Pop3Options, { certificates, ...services }: Pop3Dependencies) {
    const lock = options.lockMaildrop ? services.lock : noMaildropLock
    this.#services = { ...services, options, lock }
    this.#secureContext = certificates && hotContext(certificates, options.tls)
  }

  get connections(): number {
    return this.#connections.size
  }

  async listen(): Promise<readonly AddressInfo[]> {
    try {
      const addresses: AddressInfo[] = []
      for (const endpoint of this.#services.options.endpoints) {
        addresses.push(await this.#open(endpoint))
      }
      return addresses
    } catch (error) {
      await this.close({ graceMs: 0 })
      throw error
    }
  }

  async #open({ host, port, tls }: Pop3Endpoint): Promise<AddressInfo> {
    if (tls === 'implicit' && this.#secureContext === undefined) {
      throw new Error(`POP3 with implicit TLS on port ${port} needs a certificate`)
    }
    // Half open, so that whoever closes after the last command still gets the replies.
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true })
    server.on('connection', (socket) => this.accept(socket, tls))
    this.#servers.push(server)
    server.listen(host === '' ? { port } : { host, port })
    await once(server, 'listening')
    server.on('error', (error) => this.#services.log.error({ err: error, port }, 'POP3 socket'))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not a TCP socket')
    this.#services.log.info({ host: address.address, port: address.port, tls }, 'POP3 listening')
    return address
  }

  accept(socket: Socket, tls: Pop3Endpoint['tls'], remoteAddress = socket.remoteAddress): void {
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
    const connection = new Connection(this.#services, socket, address, this.#secureContext)
    this.#count(address, 1)
    this.#connections.add(connection)
    void connection.done.finally(() => {
      this.#connections.delete(connection)
      this.#count(address, -1)
    })
    connection.start(tls)
  }

  #isFull(address: string): boolean {
    const { connectionsMax, connectionsPerAddressMax } = this.#services.options
    if (this.#connections.size >= connectionsMax) return true
    return (this.#perAddress.get(address) ?? 0) >= connectionsPerAddressMax
  }

  #count(address: string, change: 1 | -1): void {
    const count = (this.#perAddress.get(address) ?? 0) + change
    if (count === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, count)
  }

  #refuse(socket: Socket, tls: Pop3Endpoint['tls'], remoteAddress: string): void {
    this.#services.log.warn({ remoteAddress }, 'too many connections')
    socket.on('error', () => {})
    // A handshake just to say so would be the most expensive refusal.
    if (tls === 'stls') socket.write(`${replies.tooManyConnections.status}\r\n`)
    socket.destroySoon()
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    )
    for (const connection of this.#connections) connection.drain()
    const ended = Promise.all([...this.#connections].map(({ done }) => done))
    const grace = new AbortController()
    await Promise.race([ended, this.#services.clock.sleep(graceMs, grace.signal)])
    grace.abort()
    for (const connection of this.#connections) connection.destroy('shutdown')
    await ended
    await Promise.all(closed)
  }
}

/** One context for all handshakes, made anew when the certificate changes. */
function hotContext(certificates: CertificateSource, policy: TlsPolicy): SecureContextSource {
  let context: SecureContext | undefined
  certificates.onChange(() => {
    context = undefined
  })
  return () => {
    context ??= createSecureContext(tlsOptions(certificates, policy))
    return context
  }
}
