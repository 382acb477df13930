// SPF (RFC 7208): whether a client may send for a domain. Asked by policy once its sender is known, and at the message stage where policy
// did not.
//
// Implementation notes: mailauth is loaded with the first question, since it takes longer to load than the rest of policy and mail of
// our own users needs none of it.

import type { CheckSpf, SpfResult, SpfWord } from '#shared/contracts/authentication.ts'
import { mailauthResolver } from './mailauth-resolver.ts'

/** RFC 7208 §4.6.4: terms that ask the DNS. */
export const SPF_LOOKUPS_MAX = 10
/** RFC 7208 §4.6.4: answers without a record. */
export const SPF_VOID_LOOKUPS_MAX = 2
/** RFC 5321 §4.5.3.1.3 and some: a path. What is longer is nobody. */
const SENDER_BYTES_MAX = 512
/** Of an explanation what fits into a reply beside ours. */
const EXPLANATION_BYTES_MAX = 200

const words: readonly SpfWord[] = [
  'none',
  'neutral',
  'pass',
  'fail',
  'softfail',
  'temperror',
  'permerror',
]

export function createSpfCheck(options: { readonly hostname: string }): CheckSpf {
  return async ({ address, helo, sender }, dns) => {
    const identity = sender === '' ? 'helo' : 'mailfrom'
    if (sender.length > SENDER_BYTES_MAX || helo.length > SENDER_BYTES_MAX) {
      return { result: 'none', identity, domain: '' }
    }
    const { spf } = await import('mailauth/lib/spf/index.js')
    const { domain, status, explanation } = await spf({
      sender,
      ip: address,
      helo,
      mta: options.hostname,
      strict: true,
      maxResolveCount: SPF_LOOKUPS_MAX,
      maxVoidCount: SPF_VOID_LOOKUPS_MAX,
      resolver: mailauthResolver(dns),
    })
    const result = words.find((word) => word === status.result) ?? 'temperror'
    const found: SpfResult = { result, identity, domain }
    const text = explanation?.replace(/[^\x20-\x7e]/g, '').slice(0, EXPLANATION_BYTES_MAX)
    return result === 'fail' && text ? { ...found, explanation: text } : found
  }
}
