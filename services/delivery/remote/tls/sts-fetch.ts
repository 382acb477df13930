// Fetches the policy of a domain (RFC 8461 §3.3): by HTTPS from `mta-sts.` of it, with a certificate for that name; no redirects, no cache
// of HTTP. The host is named by a stranger, so that it is looked for where mail hosts may be and nowhere else.

import { request } from 'node:https'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { Targets } from '#shared/net/targets.ts'
import { parseStsPolicy, type StsText } from './sts-policy.ts'

/** Both are recommended by RFC 8461 §3.3. */
export const STS_FETCH_TIMEOUT_MS = 60_000
export const STS_POLICY_BYTES_MAX = 64 * 1024
const ADDRESSES_TRIED_MAX = 2
const HTTPS_PORT = 443
const PATH = '/.well-known/mta-sts.txt'

/** Never rejects. */
export type FetchStsPolicy = (domain: string) => Promise<FetchedPolicy>

export type FetchedPolicy = { readonly kind: 'policy'; readonly policy: StsText } | StsFailure

export type StsFailure = {
  readonly kind: 'failure'
  /** RFC 8460 §4.3.2.2 */
  readonly type: 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'
  readonly why: string
}

export type StsFetchDeps = {
  readonly resolver: Pick<Resolver, 'resolve4' | 'resolve6'>
  readonly targets: Targets
  /** For tests; else the public authorities and the port of HTTPS. */
  readonly ca?: string
  readonly port?: number
  readonly timeoutMs?: number
}

export function createStsFetch(deps: StsFetchDeps): FetchStsPolicy {
  const { resolver, targets, ca, port = HTTPS_PORT, timeoutMs = STS_FETCH_TIMEOUT_MS } = deps

  async function get(host: string, address: string, signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const asking = request({
      host: address,
      port,
      path: PATH,
      servername: host,
      headers: { host, accept: 'text/plain' },
      agent: false,
      minVersion: 'TLSv1.2',
      signal,
      ...(ca === undefined ? {} : { ca }),
    })
    asking.on('error', reject)
    asking.on('response', (response) => {
      const { statusCode, headers } = response
      const type = headers['content-type'] ?? ''
      if (statusCode !== 200) reject(new Error(`HTTP status ${statusCode}`))
      else if (!/^text\/plain(?:\s*;|$)/i.test(type)) reject(new Error('it is not text/plain'))
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > STS_POLICY_BYTES_MAX) reject(new Error('it is longer than 64 KB'))
      })
      response.on('error', reject)
      response.on('aborted', () => reject(new Error('it was cut off')))
      response.on('end', () => resolve(text))
    })
    asking.end()
    try {
      return await promise
    } finally {
      asking.destroy()
    }
  }

  return async (domain) => {
    const host = `mta-sts.${domain}`
    const answers = await Promise.all([resolver.resolve4(host), resolver.resolve6(host)])
    const addresses = answers
      .flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
      .filter((address) => targets(address) === 'public')
    let failure: StsFailure = fetchError(`host ${host} has no public address`)
    const signal = AbortSignal.timeout(timeoutMs)
    for (const address of addresses.slice(0, ADDRESSES_TRIED_MAX)) {
      try {
        const policy = parseStsPolicy(await get(host, address, signal))
        return typeof policy === 'string'
          ? { kind: 'failure', type: 'sts-policy-invalid', why: policy }
          : { kind: 'policy', policy }
      } catch (error) {
        failure = failureOf(error)
      }
    }
    return failure
  }
}

const fetchError = (why: string): StsFailure => ({
  kind: 'failure',
  type: 'sts-policy-fetch-error',
  why,
})

function failureOf(error: unknown): StsFailure {
  if (!(error instanceof Error)) return fetchError(String(error))
  const code = 'code' in error ? String(error.code) : ''
  // OpenSSL's, and Node's about names.
  const isCertificate = /CERT|VERIFY|ISSUER/.test(code)
  const why = error.name === 'AbortError' ? 'it took longer than a minute' : error.message
  return isCertificate ? { kind: 'failure', type: 'sts-webpki-invalid', why } : fetchError(why)
}
