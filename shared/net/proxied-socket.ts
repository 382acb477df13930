// Reads the PROXY header from a socket that a trusted proxy opened, and nothing behind it.

import type { Socket } from 'node:net'
import type { Clock } from '#shared/runtime/clock.ts'
import { type ProxyHeader, ProxyHeaderParser } from './proxy-protocol.ts'

/** For the whole header. The specification asks for 3 s at least, so that one lost packet does no harm. */
export const PROXY_HEADER_TIMEOUT_MS = 5_000

export type ProxyIntroduction =
  | ProxyHeader
  | { readonly kind: 'invalid'; readonly reason: string }
  /** It closed before the header was whole. */
  | { readonly kind: 'gone' }

/**
 * Afterwards the socket is as if the header had never been there: what came behind it is read next, by a TLS layer put on it too.
 * Whoever waits takes care of errors, and destroys the socket unless there is a header.
 */
export function readProxyHeader(socket: Socket, clock: Clock): Promise<ProxyIntroduction> {
  const { promise, resolve } = Promise.withResolvers<ProxyIntroduction>()
  const parser = new ProxyHeaderParser()
  const waiting = new AbortController()

  function finish(introduction: ProxyIntroduction): void {
    // At once, or what is put back would come here again.
    socket.off('readable', onReadable).off('end', onGone).off('close', onGone)
    waiting.abort()
    resolve(introduction)
  }
  function onReadable(): void {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    const progress = parser.push(chunk)
    if (progress.kind === 'incomplete') return
    finish(progress)
    if (parser.rest.length > 0) socket.unshift(parser.rest)
  }
  function onGone(): void {
    finish({ kind: 'gone' })
  }

  socket.on('readable', onReadable).on('end', onGone).on('close', onGone)
  void clock.sleep(PROXY_HEADER_TIMEOUT_MS, waiting.signal).then(() => {
    if (!waiting.signal.aborted) finish({ kind: 'invalid', reason: 'no whole header in time' })
  })
  return promise
}
