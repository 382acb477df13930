// One HTTP request to a filter and its bounded answer, over connections that are kept. Nothing follows redirects.

import { once } from 'node:events'
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { FilterFailure } from '../filter-step.ts'

/** A connection that nobody used for so long is closed. */
const IDLE_MS = 30_000

export type HttpAnswer = { readonly status: number; readonly body: Buffer }

export type HttpRequest = {
  readonly headers: OutgoingHttpHeaders
  /** From the beginning; asked for again where a kept connection turns out to be closed. */
  readonly body: () => Uint8Array | AsyncIterable<Uint8Array>
  readonly answerBytesMax: number
  readonly signal: AbortSignal
}

export interface HttpPost {
  post(asked: HttpRequest): Promise<HttpAnswer>
}

/** `socketPath`: a Unix socket in place of the URL's host. */
export function createHttpPost(
  url: URL,
  { concurrency, socketPath }: { readonly concurrency: number; readonly socketPath?: string },
): HttpPost {
  const isTls = url.protocol === 'https:'
  const kept = { keepAlive: true, maxSockets: concurrency, timeout: IDLE_MS }
  const agent = isTls ? new TlsAgent(kept) : new Agent(kept)
  const send = isTls ? tlsRequest : request

  async function post(asked: HttpRequest): Promise<HttpAnswer> {
    const first = await attempt(asked)
    if (first !== 'stale') return first
    const second = await attempt(asked)
    if (second === 'stale') throw new FilterFailure('connections are closed again and again')
    return second
  }

  /** `stale`: the connection was a kept one and is gone, which says nothing of the filter. */
  async function attempt({ headers, body, answerBytesMax, signal }: HttpRequest) {
    const outgoing = send(url, {
      method: 'POST',
      agent,
      headers,
      signal,
      ...(socketPath !== undefined && { socketPath }),
    })
    // A filter may answer before it has read all.
    // Or never, where it switches protocols.
    const answered = once(outgoing, 'response', { signal })
    answered.catch(() => {})
    let unreadable: unknown
    const source = Readable.from(watched(body(), (error) => (unreadable = error)))
    const sent = pipeline(source, outgoing).catch(() => {})
    try {
      const [response] = (await answered) as [IncomingMessage]
      const received = await readBounded(response, answerBytesMax)
      return { status: response.statusCode ?? 0, body: received }
    } catch (error) {
      if (unreadable !== undefined) throw unreadable
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      const isGone = code === 'ECONNRESET' || code === 'EPIPE'
      if (isGone && outgoing.reusedSocket && !signal.aborted) return 'stale'
      throw error
    } finally {
      if (!outgoing.writableFinished) outgoing.destroy()
      source.destroy()
      await sent
    }
  }

  return { post }
}

/** In pieces; what goes wrong with the message is told apart from what goes wrong with the filter. */
async function* watched(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  onUnreadable: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    yield body
    return
  }
  try {
    yield* body
  } catch (error) {
    onUnreadable(error ?? new TemporaryFailure('the message cannot be read'))
    throw error
  }
}

async function readBounded(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new FilterFailure(`answer of more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
