// The library's server with our connections: counts them, refuses too many, times them out, and drains at the end. The
// library listens, guards and makes the handshake of implicit TLS, and keeps the TLS contexts.

import { isIPv4, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { tlsOptions } from '#shared/net/tls/tls-options.ts'
import type { SmtpOptions } from './config.ts'
import { SmtpConnection } from './connection.ts'
import { tooManyConnectionsLine } from './replies.ts'
import type { SmtpServices } from './session.ts'

/** How exactly timeouts are kept. */
const SWEEP_INTERVAL_MS = 1_000
const SWEEPS_PER_TIMEOUT = 4

type UpgradeCallback = Parameters<SMTPServer['_upgrade']>[1]

export class SmtpServer extends SMTPServer {
  readonly #options: SmtpOptions
  readonly #services: SmtpServices
  readonly #open = new Set<SmtpConnection>()
  /** What undoes the counting of an accepted socket. */
  readonly #releases = new WeakMap<Socket, () => void>()
  readonly #acceptedMs = new WeakMap<Socket, number>()
  readonly #countByAddress = new Map<string, number>()
  readonly #sweep: NodeJS.Timeout
  #count = 0

  constructor(options: SmtpOptions, services: SmtpServices) {
    super({
      name: services.hostname,
      secure: options.role === 'submissions',
      logger: false,
      // A client may stop sending before it has read its replies.
      allowHalfOpen: true,
      socketTimeout: options.smtpdTimeoutMs,
      ...(services.certificates ? contextOptions(options, services.certificates) : {}),
    })
    this.#options = options
    this.#services = services
    services.certificates?.onChange(() => this.#renewCertificate())
    const intervalMs = Math.min(SWEEP_INTERVAL_MS, options.smtpdTimeoutMs / SWEEPS_PER_TIMEOUT)
    this.#sweep = setInterval(() => this.#expire(), intervalMs).unref()
    // Handshakes that failed; errors of listening are seen by whoever listens.
    this.on('error', (error) => services.log.debug({ err: error }, 'connection failed'))
  }

  /** Also for a socket that was accepted elsewhere (behind a proxy), with the client's true address. */
  override connect(socket: Socket, peer?: SMTPConnectionOptions | null): void {
    // It may have gone while the handshake was made.
    if (socket.destroyed) return
    const connection = new SmtpConnection(
      {
        server: this,
        options: this.#options,
        services: this.#services,
        onLeft: this.#releases.get(socket) ?? (() => {}),
        onClosed: () => this.#open.delete(connection),
      },
      socket,
      peer,
    )
    this.connections.add(connection)
    this.#open.add(connection)
    connection.init()
  }

  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    // The library listens for errors only once there is a connection.
    socket.on('error', () => {})
    const address = plainAddress(socket.remoteAddress)
    if (!this.#enter(address)) {
      this.#services.log.info({ remoteAddress: address }, 'connection refused')
      if (handshake) socket.destroy()
      else refuse(socket)
      return false
    }
    const release = once(() => this.#leave(address))
    socket.once('close', release)
    // STARTTLS takes all listeners off the socket; then the connection calls it.
    this.#releases.set(socket, release)
    this.#acceptedMs.set(socket, this.#services.clock.now())
    return super._acceptSocket(socket, handshake)
  }

  override _upgrade(socket: Socket, callback: UpgradeCallback): void {
    // The library comes here one turn after accepting; a TLS socket on one that has closed meanwhile crashes Node 24.
    if (socket.destroyed) callback(new Error('socket closed before the handshake'))
    else super._upgrade(socket, callback)
  }

  /** Resolves when every connection is closed, which is after `graceMs` at the latest. */
  async drain(graceMs: number): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.server.close(() => resolve())
    for (const socket of this._pendingSockets.values()) socket.destroy()
    for (const connection of this.#open) connection.drain()
    const timer = setTimeout(() => {
      for (const connection of this.#open) connection.terminate()
    }, graceMs)
    await closed
    clearTimeout(timer)
    clearInterval(this.#sweep)
  }

  #enter(address: string): boolean {
    const { connectionCountLimit, clientConnectionCountLimit } = this.#options
    const ofAddress = this.#countByAddress.get(address) ?? 0
    if (this.#count >= connectionCountLimit || ofAddress >= clientConnectionCountLimit) return false
    this.#count += 1
    this.#countByAddress.set(address, ofAddress + 1)
    return true
  }

  #leave(address: string): void {
    this.#count -= 1
    const left = (this.#countByAddress.get(address) ?? 1) - 1
    if (left === 0) this.#countByAddress.delete(address)
    else this.#countByAddress.set(address, left)
  }

  #expire(): void {
    const nowMs = this.#services.clock.now()
    for (const connection of this.#open) connection.expire(nowMs)
    for (const [socket, top] of this._pendingSockets) {
      const acceptedMs = this.#acceptedMs.get(socket) ?? nowMs
      if (nowMs - acceptedMs >= this.#options.smtpdTimeoutMs) top.destroy()
    }
  }

  /** For handshakes from now on. */
  #renewCertificate(): void {
    const { certificates, log } = this.#services
    if (!certificates) return
    this.updateSecureContext(contextOptions(this.#options, certificates))
    log.info({ listener: this.#options.role }, 'certificate renewed')
  }
}

function contextOptions(
  { tlsMinimumVersion }: SmtpOptions,
  certificates: NonNullable<SmtpServices['certificates']>,
) {
  return tlsOptions(certificates, { minVersion: tlsMinimumVersion })
}

/** RFC 5321 §3.1 lets a server refuse at the greeting. */
function refuse(socket: Socket): void {
  socket.resume()
  socket.end(tooManyConnectionsLine, () => socket.destroy())
}

/** An IPv4 client of a dual-stack listener has a mapped address (RFC 4291 §2.5.5.2). */
function plainAddress(address = ''): string {
  const mapped = address.replace(/^::ffff:/i, '')
  return isIPv4(mapped) ? mapped : address
}

function once(run: () => void): () => void {
  let done = false
  return () => {
    if (!done) run()
    done = true
  }
}
