// The HTTP server of one machine: sockets, TLS, limits and an orderly end. What is answered is the site's business (site.ts); here a request of
// Node's becomes one of the fetch standard, and its response goes out as fast as the client takes it.
//
// Implementation notes: HTTP/1.1 with keep-alive. A connection has one request in hand; what a client sends ahead waits. TLS is put on the
// socket here and not by node:https, so that whoever opened the connection, or the PROXY header of a trusted proxy, is known by the
// socket. A stream (server-sent events) goes on until the client or the server ends.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { WebCaller } from '#shared/contracts/web.ts'
import { acceptedSockets } from '#shared/net/accepted-sockets.ts'
import { ClientGate, type ClientGateOptions } from '#shared/net/client-gate.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import { hotContext } from '#shared/net/hot-context.ts'
import { listenOn } from '#shared/net/inherited-sockets.ts'
import { RepeatedLines } from '#shared/net/repeated-lines.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { TlsPolicy } from '#shared/net/tls/tls-options.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { requestOf } from './request.ts'
import { sendResponse } from './response.ts'

/** Never rejects. */
export type Answer = (request: Request, caller: WebCaller) => Promise<Response>

/** Whether a connection, of which nothing was read, is somebody else's, who has it now. */
export type TakeConnection = (socket: Socket) => Promise<boolean>

export interface HttpServer {
  readonly at: readonly AddressInfo[]
  close(): Promise<void>
}

export const CONNECTIONS_MAX = 500
const HEADER_BYTES_MAX = 16 * 1024
const HEADER_FIELDS_MAX = 100
/** From its first byte to the end of its header. */
const HEADER_MS_MAX = 10_000
/** Of a whole request; an operation takes so much that this is a slow line. */
const REQUEST_MS_MAX = 60_000
const HANDSHAKE_MS_MAX = 10_000
/** Between two requests. Browsers keep what they may need again; proxies want more than they wait themselves. */
const KEEP_ALIVE_MS = 65_000
const REQUESTS_A_CONNECTION_MAX = 1_000
/** Of one that says nothing while it is asked, or takes nothing. Streams have a heartbeat that is quicker. */
const SILENCE_MS_MAX = 60_000
/** Sent ahead of the answer, on one connection. */
const REQUESTS_AHEAD_MAX = 16
/** What is in hand when the server closes. */
const CLOSE_GRACE_MS = 2_000

export async function openHttpServer(deps: {
  readonly addresses: readonly string[]
  /** 0 lets the system choose. */
  readonly port: number
  /** Undefined: plain HTTP. */
  readonly tls:
    | {
        readonly certificates: CertificateSource
        readonly policy: TlsPolicy
        /** Undefined: nobody else has connections of this port. */
        readonly take?: TakeConnection | undefined
      }
    | undefined
  readonly answer: Answer
  readonly limits: Omit<ClientGateOptions, 'connectionCountLimit'>
  /** As who asks tells a proxy that we trust; see `forwardedCaller`. */
  readonly callerOf?: ((incoming: IncomingMessage, caller: WebCaller) => WebCaller) | undefined
  readonly clock: Clock
  readonly log: Log
}): Promise<HttpServer> {
  const { addresses, port, tls, answer, limits, callerOf, clock, log } = deps
  const gate = new ClientGate({ ...limits, connectionCountLimit: CONNECTIONS_MAX }, { clock, log })
  const refusals = new RepeatedLines('warn', { clock, log })
  const context = tls && hotContext(tls.certificates, tls.policy)
  const callers = new WeakMap<Socket, WebCaller>()
  const turns = new WeakMap<Socket, { count: number; last: Promise<void> }>()
  const sockets = new Set<Socket>()
  const http = createHttp()
  http.on('request', (incoming, outgoing) => void inTurn(incoming, outgoing))

  function admit(socket: Socket, address: string, leave: () => void): void {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      leave()
    })
    const caller = { address, isSecure: context !== undefined }
    if (context === undefined) {
      callers.set(socket, caller)
      http.emit('connection', socket)
      return
    }
    void takenByAnother(socket).then((isTaken) => {
      if (!isTaken && !socket.destroyed) secureThen(socket, caller, context())
    })
  }

  async function takenByAnother(socket: Socket): Promise<boolean> {
    return (await tls?.take?.(socket)) ?? false
  }

  function secureThen(socket: Socket, caller: WebCaller, secureContext: SecureContext): void {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
    })
    secure.on('error', () => secure.destroy())
    const waiting = setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX)
    socket.once('close', () => clearTimeout(waiting))
    secure.once('secure', () => {
      clearTimeout(waiting)
      callers.set(secure, caller)
      http.emit('connection', secure)
    })
  }

  function accept(socket: Socket): void {
    gate.enter(socket, {
      admitted: ({ address }, leave) => admit(socket, address, leave),
      refused({ address }) {
        const fields = { remoteAddress: address }
        refusals.write(clientNetwork(address), log, fields, 'too many connections')
        socket.destroy()
      },
    })
  }

  async function inTurn(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { socket } = incoming
    const turn = turns.get(socket) ?? { count: 0, last: Promise.resolve() }
    turns.set(socket, turn)
    if (++turn.count > REQUESTS_AHEAD_MAX) {
      socket.destroy()
      return
    }
    const before = turn.last
    turn.last = before.then(() => serve(incoming, outgoing))
    await turn.last
    turn.count--
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const known = callers.get(incoming.socket)
      if (known === undefined || outgoing.destroyed) return
      const caller = callerOf?.(incoming, known) ?? known
      const request = requestOf(incoming, outgoing, caller)
      const response =
        request === undefined
          ? new Response('no such request\n', { status: 400 })
          : await answer(request, caller)
      await sendResponse(response, outgoing, incoming.method === 'HEAD')
      // What nobody read of it would be taken for the next request's beginning, or is longer than anybody wants.
      if (!incoming.complete) outgoing.destroy()
    } catch (error) {
      log.warn({ error }, 'response not sent')
      outgoing.destroy()
    }
  }

  const servers: TcpServer[] = []
  const at: AddressInfo[] = []
  async function close(): Promise<void> {
    const closed = servers.map((server) => new Promise<void>((done) => server.close(() => done())))
    gate.close()
    refusals.close()
    http.closeIdleConnections()
    const gone = new AbortController()
    void Promise.all(closed).then(() => gone.abort())
    await clock.sleep(sockets.size === 0 ? 0 : CLOSE_GRACE_MS, gone.signal)
    for (const socket of sockets) socket.destroy()
    http.closeAllConnections()
    await Promise.all(closed)
    http.close()
  }
  try {
    for (const host of addresses) {
      const server = createTcpServer(acceptedSockets, accept)
      servers.push(server)
      listenOn(server, host, port)
      await once(server, 'listening')
      server.on('error', (error) => log.error({ error, port }, 'http socket'))
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
      at.push(address)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { at, close }
}

/** It never listens: connections are handed to it. */
function createHttp(): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADER_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
  })
  server.maxHeadersCount = HEADER_FIELDS_MAX
  server.maxRequestsPerSocket = REQUESTS_A_CONNECTION_MAX
  server.timeout = SILENCE_MS_MAX
  // Its timers for header and request begin when it listens, which it never does by itself.
  server.emit('listening')
  return server
}
