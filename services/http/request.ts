// A request of Node's as one of the fetch standard.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { WebCaller } from '#shared/contracts/web.ts'

/** What no operation takes. Whoever reads a body has a limit of his own that is less. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024

/** Undefined: it has no address that is one, or a method that nobody may ask by. HEAD is asked as GET. */
export function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { isSecure }: WebCaller,
): Request | undefined {
  const { method = '', url = '', headers, rawHeaders } = incoming
  if (!url.startsWith('/')) return undefined
  // RFC 9112 §3.2: there is one host, and nothing in it that ends it; the rest is the parser's to refuse.
  const host = headers.host ?? ''
  const hosts = incoming.headersDistinct.host ?? []
  if (hosts.length !== 1 || !/^[\w.:[\]-]{1,300}$/.test(host)) return undefined
  const length = Number(headers['content-length'] ?? 0)
  if (length > BODY_BYTES_MAX) return undefined
  const fields: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    fields.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  }
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const asked = method === 'HEAD' ? 'GET' : method
  const hasBody = asked !== 'GET' && (length > 0 || headers['transfer-encoding'] !== undefined)
  try {
    return new Request(`${isSecure ? 'https' : 'http'}://${host}${url}`, {
      method: asked,
      headers: fields,
      signal: gone.signal,
      ...(hasBody && { body: Readable.toWeb(incoming), duplex: 'half' }),
    } as RequestInit)
  } catch {
    return undefined
  }
}
