// Hands a report over by HTTPS (RFC 8460 §5.4). The host is named by a stranger, and a certificate that does not fit may be what the report is
// about: it is not looked at.

import { request } from 'node:https'
import { isIP } from 'node:net'
import type { Resolver } from '#shared/dns/resolver.ts'

/** Rejects where the host does not take it. */
export type Upload = (url: URL, gzipped: Uint8Array) => Promise<void>

export const UPLOAD_TIMEOUT_MS = 60_000

export function createUpload(deps: {
  readonly resolver: Pick<Resolver, 'resolve4' | 'resolve6'>
  /** Whether a stranger may name this address. */
  readonly isPublic: (address: string) => boolean
  readonly timeoutMs?: number
}): Upload {
  const { resolver, isPublic, timeoutMs = UPLOAD_TIMEOUT_MS } = deps

  async function addressOf(host: string): Promise<string> {
    const literal = host.replace(/^\[|\]$/g, '')
    const found = isIP(literal) ? [literal] : await addressesOf(host)
    const address = found.find(isPublic)
    if (address === undefined) throw new Error(`host ${host} has no public address`)
    return address
  }

  async function addressesOf(host: string): Promise<readonly string[]> {
    const answers = await Promise.all([resolver.resolve4(host), resolver.resolve6(host)])
    return answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
  }

  return async (url, gzipped) => {
    const address = await addressOf(url.hostname)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sending = request({
      method: 'POST',
      host: address,
      port: url.port || 443,
      path: `${url.pathname}${url.search}`,
      ...(isIP(url.hostname) === 0 && !url.hostname.startsWith('[')
        ? { servername: url.hostname }
        : {}),
      headers: {
        host: url.host,
        'content-type': 'application/tlsrpt+gzip',
        'content-length': gzipped.length,
      },
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    })
    sending.on('error', reject)
    sending.on('response', ({ statusCode = 0 }) => {
      if (statusCode === 200 || statusCode === 201) resolve()
      else reject(new Error(`HTTP status ${statusCode}`))
    })
    sending.end(gzipped)
    try {
      await promise
    } finally {
      sending.destroy()
    }
  }
}
