// Hands a request on to an emulator and its answer back, both as streams and unchanged. Whoever hangs up on one side is missed
// on the other, so that a message received for nobody goes back to its queue.

import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as openRequest,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'

export type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Of a request that was read to look at it. */
  readonly body: Uint8Array | undefined
}

/** How the answer goes back. */
export type Answering = (answer: IncomingMessage, response: ServerResponse) => void

/** Headers that belong to one connection, and `Expect`, which our server has answered already. */
const hopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'expect',
])

export function forward(
  { request, response, body }: Exchange,
  backend: { readonly url: string; readonly agent: Agent },
  answering: Answering,
): void {
  const { hostname, port } = new URL(backend.url)
  const upstream = openRequest({
    hostname,
    port,
    method: request.method,
    path: request.url, // not through URL, which would tidy up keys like `a/../b`
    agent: backend.agent,
    headers: forwardedHeaders(request),
  })
  upstream.on('response', (answer) => {
    answer.on('error', () => response.destroy())
    answering(answer, response)
  })
  // As if the network had failed: what the service would say to it, it has not said.
  upstream.on('error', () => response.destroy())
  response.on('close', () => {
    if (!response.writableFinished) upstream.destroy()
  })
  sendBody(request, upstream, body)
}

function sendBody(
  request: IncomingMessage,
  upstream: ClientRequest,
  body: Uint8Array | undefined,
): void {
  if (body !== undefined) upstream.end(body)
  else pipeline(request, upstream, () => undefined) // errors end both; see there
}

export function answerUnchanged(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, forwardedHeaders(answer))
  pipeline(answer, response, () => undefined)
}

/** Reads the whole answer and sends what becomes of it. */
export function answerRewritten(rewrite: (text: string) => string): Answering {
  return (answer, response) => {
    buffer(answer).then(
      (bytes) => {
        const body = Buffer.from(rewrite(bytes.toString()))
        const headers = { ...forwardedHeaders(answer), 'content-length': String(body.length) }
        response.writeHead(answer.statusCode ?? 502, headers).end(body)
      },
      () => response.destroy(),
    )
  }
}

function forwardedHeaders({ headers }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)))
}
