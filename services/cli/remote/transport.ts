// One request to a server over HTTP. TLS is verified, by the authorities of Node or by those of a file alone; without TLS only this machine is
// asked, for what is sent identifies somebody.

import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { CommandFailure } from '../failure.ts'

export type Sent = {
  readonly method: string
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body?: Uint8Array | undefined
}
export type Received = {
  readonly status: number
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
  readonly body: AsyncIterable<Uint8Array>
}

/** Rejects with Unreachable. */
export type Transport = (sent: Sent) => Promise<Received>

/** Nothing is known of what became of the request. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** Without a byte. Long work is a job, and asked for again and again. */
const SILENCE_MS = 60_000

const isLoopback = createNetworkMatcher(['127.0.0.0/8', '::1/128'])

export function createTransport({ ca }: { readonly ca?: string | undefined } = {}): Transport {
  return async ({ method, url, headers, body }) => {
    const options = { method, headers, timeout: SILENCE_MS }
    const isSecure = url.protocol === 'https:'
    const request = isSecure
      ? requestHttps(url, { ...options, ...(ca !== undefined && { ca }) })
      : requestHttp(url, options)
    const response = await answered(request, body)
    return { status: response.statusCode ?? 0, headers: response.headers, body: response }
  }
}

function answered(request: ClientRequest, body: Uint8Array | undefined): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('timeout', () => request.destroy(new Error('it has been silent for too long')))
  request.on('error', (error) => reject(new Unreachable(reasonOf(error), { cause: error })))
  request.on('response', resolve)
  request.end(body)
  return promise
}

function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there'
    case 'ENOTFOUND':
      return 'there is no such host'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return "its certificate is of no authority that is trusted here; 'postwolke login --ca FILE' names one"
    default:
      return error.message || code
  }
}

/** `mail.example.org`, `https://mail.example.org:8443`. Only where nobody else reads along it may be `http:`. */
export function parseServer(text: string): URL {
  const whole = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.test(text) ? text : `https://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  const isPlain = url?.pathname === '/' && url.search === '' && url.hash === ''
  const hasNobody = url?.username === '' && url.password === ''
  if (url === undefined || !isPlain || !hasNobody) {
    throw new CommandFailure(
      `--server: '${text}' is no server such as https://mail.example.org`,
      'usage',
    )
  }
  if (url.protocol === 'https:') return url
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  const isHere = host === 'localhost' || isLoopback(host)
  if (url.protocol === 'http:' && isHere) return url
  throw new CommandFailure(`--server: ${text} is not https:, and not on this machine`, 'usage')
}
