// What AWS puts before an HTTP API: HTTPS under its name, on a port of this machine. Each request becomes one of the gateway (http-api.ts).

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { createAuthority } from '../certificate-authority.ts'
import type { HttpGateway } from './http-api.ts'

export interface HttpsFront extends AsyncDisposable {
  readonly port: number
  /** The digest of the key of its certificate, by which a browser trusts it. */
  readonly keyDigest: string
  /** Requests that AWS would have answered itself, with 500. */
  readonly failures: readonly string[]
}

/** Of a connection and not of what it carries (RFC 9110 §7.6.1). */
const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'upgrade'])

export async function openHttpsFront(gateway: HttpGateway): Promise<HttpsFront> {
  const { cert, key, x509 } = createAuthority().issue([gateway.host])
  const failures: string[] = []
  const server = createServer({ cert, key }, (asked, answer) => {
    pass(asked, answer).catch((error) => {
      failures.push(`${asked.method} ${asked.url}: ${error}`)
      answer.writeHead(500).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers, socket } = asked
    const body = await buffer(asked)
    const passed = Object.entries(headers).filter(([name]) => !ofConnection.has(name))
    const request = new Request(`https://${gateway.host}${url}`, {
      method,
      headers: passed.map(([name, value]): [string, string] => [name, String(value)]),
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
    const response = await gateway.fetch(request, socket.remoteAddress)
    answer.statusCode = response.status
    for (const [name, value] of response.headers) {
      if (name !== 'set-cookie') answer.setHeader(name, value)
    }
    answer.setHeader('set-cookie', response.headers.getSetCookie())
    answer.end(Buffer.from(await response.arrayBuffer()))
  }

  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  const spki = x509.publicKey.export({ type: 'spki', format: 'der' })
  return {
    port: address.port,
    keyDigest: createHash('sha256').update(spki).digest('base64'),
    failures,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
