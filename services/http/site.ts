// The site: its parts asked one after the other, and what is said where none answers. Credentials never cross a network in clear: who comes
// without TLS from elsewhere is sent to where TLS is spoken, and asks again there.

import { BlockList } from 'node:net'
import type { WebCaller, WebPart } from '#shared/contracts/web.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Answer } from './server.ts'

export function createSite(deps: {
  readonly parts: readonly WebPart[]
  /** Where TLS is spoken; undefined: nowhere. */
  readonly httpsPort: number | undefined
  readonly log: Log
}): Answer {
  const { parts, httpsPort, log } = deps
  return async (request, caller) => {
    const isPrivate = caller.isSecure || isLoopback(caller.address)
    for (const { name, over, handler } of parts) {
      if (over === 'private' && !isPrivate) continue
      try {
        const response = await handler(request, caller)
        if (response !== undefined) return withPolicy(response, caller)
      } catch (error) {
        const isTemporary = error instanceof TemporaryFailure
        const fields = { part: name, error }
        if (isTemporary) log.warn(fields, 'request not answered')
        else log.error(fields, 'request failed')
        return isTemporary ? text(503, 'not now') : text(500, 'this went wrong here')
      }
    }
    return isPrivate ? text(404, 'nothing here') : toTls(request, httpsPort)
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

const isLoopback = (address: string) =>
  loopback.check(address, address.includes(':') ? 'ipv6' : 'ipv4')

/** Who came by the port that the world expects finds the other there too; else both are where the settings say. */
function toTls({ method, url }: Request, httpsPort: number | undefined): Response {
  if (httpsPort === undefined || method !== 'GET') {
    return text(403, 'this is answered over TLS alone (https)')
  }
  const { hostname, port, pathname, search } = new URL(url)
  const at = port === '' || httpsPort === 443 ? hostname : `${hostname}:${httpsPort}`
  return new Response(null, {
    status: 308,
    headers: { location: `https://${at}${pathname}${search}`, 'cache-control': 'no-store' },
  })
}

/** RFC 6797: only over TLS. A year; names below it are other hosts' business. */
function withPolicy(response: Response, { isSecure, address }: WebCaller): Response {
  if (!isSecure || isLoopback(address) || response.headers.has('strict-transport-security')) {
    return response
  }
  try {
    response.headers.set('strict-transport-security', 'max-age=31536000')
    return response
  } catch {
    // Of one whose headers nobody may change.
    return response
  }
}

export const text = (status: number, line: string, headers = {}) =>
  new Response(`${line}\n`, {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  })
