// The library's server with our connections: admits them, times them out, and drains at the end. The library listens, makes the
// handshake of implicit TLS, and keeps the TLS contexts.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { AccountSessions } from '#shared/auth/account-sessions.ts'
import { acceptedSockets } from '#shared/net/accepted-sockets.ts'
import { ClientGate } from '#shared/net/client-gate.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import { type CloseOptions, drainConnections } from '#shared/net/drain.ts'
import { listenOn } from '#shared/net/inherited-sockets.ts'
import { RepeatedLines } from '#shared/net/repeated-lines.ts'
import { tlsOptions } from '#shared/net/tls/tls-options.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { formatReply } from '#shared/smtp/reply.ts'
import { ClientRates, type Event } from './client-rates.ts'
import type { SmtpOptions } from './config.ts'
import { SmtpConnection } from './connection.ts'
import { HarvestLimit } from './harvest-limit.ts'
import { Paths } from './paths.ts'
import { accessDeniedLine, replies, tooManyConnectionsLine } from './replies.ts'
import type { SharedLimits, SmtpDeps } from './session.ts'

/** How exactly timeouts are kept. */
const SWEEP_INTERVAL_MS = 1_000
const SWEEPS_PER_TIMEOUT = 4

export class SmtpServer extends SMTPServer {
  readonly #options: SmtpOptions
  readonly #deps: SmtpDeps
  readonly #open = new Set<SmtpConnection>()
  readonly #others: Server[] = []
  readonly #gate: ClientGate
  readonly #limits: SharedLimits
  /** Whether a client may connect at all. */
  readonly #isServed: (address: string) => boolean
  /** When sockets that make the handshake of implicit TLS were admitted. */
  readonly #admittedMs = new WeakMap<Socket, number>()
  readonly #sweep: NodeJS.Timeout

  constructor(given: SmtpOptions, deps: SmtpDeps) {
    const options = given.role === 'lmtp' ? withLmtpTrust(given) : given
    super({
      name: deps.hostname,
      secure: options.role === 'submissions',
      logger: false,
      ...acceptedSockets,
      socketTimeout: options.smtpdTimeoutMs,
      requestCert: options.smtpdTlsAskCcert,
      rejectUnauthorized: false,
      ...(deps.certificates ? contextOptions(options, deps, deps.certificates) : {}),
    })
    this.#options = options
    this.#deps = deps
    this.#gate = new ClientGate(options, deps)
    this.#isServed = servedClients(options)
    this.#limits = {
      harvest: new HarvestLimit(options, deps.rates),
      rates: new ClientRates(options, deps.rates),
      accountSessions:
        deps.accountSessions ?? new AccountSessions(options.smtpdAccountConnectionCountLimit),
      paths: new Paths(options, deps.hostname),
      lines: new RepeatedLines('info', {
        clock: deps.clock,
        log: deps.log.child({ listener: options.role }),
      }),
    }
    deps.certificates?.onChange(() => this.#renewCertificate())
    const intervalMs = Math.min(SWEEP_INTERVAL_MS, options.smtpdTimeoutMs / SWEEPS_PER_TIMEOUT)
    this.#sweep = setInterval(() => this.#expire(), intervalMs).unref()
    // Handshakes that failed; errors of listening are seen by whoever listens.
    this.on('error', (error) => deps.log.debug({ error }, 'connection failed'))
  }

  /**
   * Also for a socket that was accepted elsewhere, with the client's true address. `leave` is called when the client no longer
   * counts; after STARTTLS, which takes all listeners off the socket, by nobody but the connection.
   */
  override connect(
    socket: Socket,
    peer?: SMTPConnectionOptions | null,
    leave: () => void = () => {},
  ): void {
    // It may have gone while the handshake was made.
    if (socket.destroyed) {
      leave()
      return
    }
    const connection = new SmtpConnection(
      {
        server: this,
        options: this.#options,
        deps: this.#deps,
        limits: this.#limits,
        onLeft: leave,
        onClosed: () => this.#open.delete(connection),
      },
      socket,
      peer,
    )
    this.connections.add(connection)
    this.#open.add(connection)
    connection.init()
  }

  /** The library does nothing more with the socket: whoever is admitted may first have to send a PROXY header. */
  override _acceptSocket(socket: Socket, handshake: boolean): false {
    this.#gate.enter(socket, {
      admitted: ({ address, port }, leave) => {
        socket.once('close', leave)
        if (!this.#isServed(address)) {
          this.#logRefused(address)
          refuse(socket, accessDeniedLine)
          return
        }
        if (!this.#takes('connections', address)) {
          const tooMany = replies.tooManyConnectionsFrom(this.#deps.hostname, address)
          if (handshake) socket.destroy()
          else refuse(socket, formatReply(tooMany))
          return
        }
        // Nothing can be said before a handshake.
        if (handshake && !this.#takes('tls-sessions', address)) {
          socket.destroy()
          return
        }
        const peer = { remoteAddress: address, remotePort: port }
        // From then on the connection knows when it leaves.
        const serve = (served: Socket) => {
          socket.off('close', leave)
          this.connect(served, peer, leave)
        }
        if (handshake) this.#shakeHands(socket, serve)
        else serve(socket)
      },
      refused: ({ address }) => {
        this.#logRefused(address)
        if (handshake) socket.destroy()
        else refuse(socket, tooManyConnectionsLine)
      },
    })
    return false
  }

  #takes(event: Event, remoteAddress: string): boolean {
    const restriction = this.#limits.rates.take(event, { remoteAddress, account: null })
    if (restriction !== undefined) this.#logRefused(remoteAddress, restriction)
    return restriction === undefined
  }

  #logRefused(remoteAddress: string, restriction?: string): void {
    const { log } = this.#deps
    const network = clientNetwork(remoteAddress)
    const fields = { remoteAddress, ...(restriction !== undefined && { restriction }) }
    this.#limits.lines.write(network, log, fields, 'connection refused')
  }

  #shakeHands(socket: Socket, then: (secure: Socket) => void): void {
    // The library puts the TLS socket beside it.
    this._pendingSockets.set(socket, socket)
    this.#admittedMs.set(socket, this.#deps.clock.now())
    this._upgrade(socket, (error, secure) => {
      this._pendingSockets.delete(socket)
      if (secure) then(secure)
      else socket.destroy()
      if (error) this._onError(error)
    })
  }

  /** Listens on one address more; rejects when that is taken. */
  async open(address: string, port: number): Promise<AddressInfo> {
    const server = this.server.listening ? this.#another() : this.server
    listenOn(server, address, port)
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('not listening on TCP')
    return bound
  }

  /** The library has one; what others accept is served the same way. */
  #another(): Server {
    const server = createServer(acceptedSockets, (socket) => this.server.emit('connection', socket))
    this.#others.push(server)
    return server
  }

  /** Resolves when every connection is closed, which is after pace and grace at the latest. */
  async drain(options: CloseOptions): Promise<void> {
    const servers = [this.server, ...this.#others]
    const ended = Promise.all(
      servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
    this.#gate.close()
    this.#limits.lines.close()
    for (const socket of this._pendingSockets.values()) socket.destroy()
    const { clock } = this.#deps
    await drainConnections(this.#open, { ...options, ended, clock })
    for (const connection of this.#open) connection.terminate()
    await ended
    clearInterval(this.#sweep)
  }

  #expire(): void {
    const nowMs = this.#deps.clock.now()
    for (const connection of this.#open) connection.expire(nowMs)
    for (const [socket, top] of this._pendingSockets) {
      const admittedMs = this.#admittedMs.get(socket) ?? nowMs
      if (nowMs - admittedMs >= this.#options.smtpdTimeoutMs) top.destroy()
    }
  }

  /** For handshakes from now on. */
  #renewCertificate(): void {
    const { certificates, log } = this.#deps
    if (!certificates) return
    this.updateSecureContext(contextOptions(this.#options, this.#deps, certificates))
    log.info({ listener: this.#options.role }, 'certificate renewed')
  }
}

function servedClients(options: SmtpOptions): (address: string) => boolean {
  switch (options.role) {
    case 'lmtp':
      return createNetworkMatcher(options.mynetworks)
    case 'reinjection':
      return createNetworkMatcher(options.reinjectionTrustedNetworks)
    default:
      return () => true
  }
}

/** Whoever may deliver by LMTP is a client of ours as those in `mynetworks` are. */
function withLmtpTrust(options: SmtpOptions): SmtpOptions {
  return { ...options, mynetworks: [...options.mynetworks, ...options.lmtpTrustedNetworks] }
}

function contextOptions(
  { tls }: SmtpOptions,
  { clientAuthorities }: SmtpDeps,
  certificates: NonNullable<SmtpDeps['certificates']>,
) {
  return {
    ...tlsOptions(certificates, tls),
    ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
  }
}

/** RFC 5321 §3.1 lets a server refuse at the greeting. */
function refuse(socket: Socket, line: string): void {
  socket.resume()
  socket.end(line, () => socket.destroy())
}
