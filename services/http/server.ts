// An HTTP server for what a mail system has to say over HTTP: a few small answers to strangers. What is asked is decided by whoever opens
// it; here are the limits, and the end.
//
// Implementation notes: a request has no body that anybody reads, and an answer is held whole. Keep-alive is not offered: who asks comes
// once a day.

import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { Log } from '#shared/runtime/log.ts'

export type HttpRequest = {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** In small letters, without the port; '' for none. */
  readonly host: string
}

export type HttpAnswer = {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: { readonly [name: string]: string }
}

/** Rejects where it cannot be found out now: 503. */
export type AnswerRequest = (request: HttpRequest) => Promise<HttpAnswer>

export interface HttpServer {
  readonly at: AddressInfo
  close(): Promise<void>
}

export const CONNECTIONS_MAX = 200
const HEADER_BYTES_MAX = 8 * 1024
/** From the connection to the end of what is asked. */
const REQUEST_MS_MAX = 10_000
/** Of one that says nothing, or takes nothing. */
const SILENCE_MS_MAX = 10_000

export async function openHttpServer(deps: {
  readonly host: string
  readonly port: number
  /** Undefined: plain HTTP. */
  readonly certificates: CertificateSource | undefined
  readonly answer: AnswerRequest
  readonly log: Log
}): Promise<HttpServer> {
  const { host, port, certificates, answer, log } = deps
  const options = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAlive: false,
  }
  const server: Server =
    certificates === undefined
      ? createPlainServer(options)
      : createTlsServer({ ...options, ...certificates.current(), handshakeTimeout: REQUEST_MS_MAX })
  server.maxConnections = CONNECTIONS_MAX
  server.timeout = SILENCE_MS_MAX
  certificates?.onChange(() => {
    if ('setSecureContext' in server && typeof server.setSecureContext === 'function')
      server.setSecureContext(certificates.current())
  })
  server.on('request', async (request: IncomingMessage, response) => {
    const found = await read(request, answer).catch((error): HttpAnswer => {
      log.warn({ error }, 'request not answered')
      return textAnswer(503, 'not now')
    })
    const body = Buffer.from(found.body)
    response.writeHead(found.status, {
      'content-type': found.type,
      'content-length': body.length,
      connection: 'close',
      'x-content-type-options': 'nosniff',
      ...found.headers,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  server.listen(host === '' ? { port } : { port, host })
  await once(server, 'listening')
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('not listening on TCP')
  return {
    at,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function read(request: IncomingMessage, answer: AnswerRequest): Promise<HttpAnswer> {
  const { method = '', url = '', headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...textAnswer(405, 'GET or HEAD'), headers: { allow: 'GET, HEAD' } }
  }
  const [path = ''] = url.split('?', 1)
  const host = (headers.host ?? '').toLowerCase().replace(/:\d{0,5}$/, '')
  return await answer({ method, path, host })
}

export const textAnswer = (status: number, text: string): HttpAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
})
