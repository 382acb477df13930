// The policy host of MTA-STS (RFC 8461 §3.3): `https://mta-sts.<domain>/.well-known/mta-sts.txt`, for each domain of ours.

import { STS_PATH } from '#shared/administration/dns/sts-policy.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import type { Domains } from '#shared/directory/domains.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { text } from './site.ts'

const HOST = 'mta-sts.'

export function createStsPolicyHost(deps: {
  readonly domains: Pick<Domains, 'get'>
  /** Undefined: there is none. */
  readonly policyText: () => string | undefined
}): WebHandler {
  return async ({ method, url }) => {
    const { hostname, pathname } = new URL(url)
    if (!hostname.startsWith(HOST)) return undefined
    // Nothing else is served under such a name.
    const policyText = deps.policyText()
    const name = parseDomain(hostname.slice(HOST.length))
    if (policyText === undefined || pathname !== STS_PATH || name === undefined) return nothing()
    if ((await deps.domains.get(name)) === undefined) return nothing()
    if (method !== 'GET') return text(405, 'GET or HEAD', { allow: 'GET, HEAD' })
    // §3.2: its own kind, so that nobody takes it for a page.
    return new Response(policyText, {
      headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
    })
  }
}

const nothing = () => text(404, 'nothing here')
