// The policy host of MTA-STS (RFC 8461 §3.3): `https://mta-sts.<domain>/.well-known/mta-sts.txt`, for each domain of ours.

import { STS_PATH } from '#shared/administration/dns/sts-policy.ts'
import type { Domains } from '#shared/directory/domains.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type AnswerRequest, textAnswer } from './server.ts'

const HOST = 'mta-sts.'

export function createStsPolicyHost(deps: {
  readonly domains: Pick<Domains, 'get'>
  /** Undefined: there is none. */
  readonly policyText: string | undefined
}): AnswerRequest {
  return async ({ path, host }) => {
    const text = deps.policyText
    const name = host.startsWith(HOST) ? parseDomain(host.slice(HOST.length)) : undefined
    if (text === undefined || path !== STS_PATH || name === undefined) return nothing
    if ((await deps.domains.get(name)) === undefined) return nothing
    // §3.2: its own kind, so that nobody takes it for a page.
    return { status: 200, type: 'text/plain', body: text }
  }
}

const nothing = textAnswer(404, 'nothing here')
